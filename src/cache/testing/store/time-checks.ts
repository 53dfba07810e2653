import { expect } from '../expect.js';
import {
  captureOne,
  check,
  fillOf,
  fillOne,
  generationsFor,
  ONE,
  OTHER,
  put,
  readOne,
  type StoreCheck,
  textOf,
} from './tested-store.js';

/** What is promised about time, where the test can let it pass. */
export const timeChecks: readonly StoreCheck[] = [
  check('an entry is forgotten after keepForMs, and not long before', async ({ store, pass }) => {
    const generations = await captureOne(store, ONE);
    await store.fill([{ ...fillOf(ONE, 'one', generations), keepForMs: 60_000 }]);
    await pass?.(59_000);
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('one');
    await pass?.(1_000);
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
  }),
  check('a fill begins the time of its entry anew', async ({ store, pass }) => {
    const generations = await captureOne(store, ONE);
    const fill = { ...fillOf(ONE, 'one', generations), keepForMs: 60_000 };
    await store.fill([fill]);
    await pass?.(40_000);
    expect(await fillOne(store, fill)).toBe('stored');
    await pass?.(40_000);
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('one');
  }),
  check('entries of one batch keep their own times', async ({ store, pass }) => {
    const [one, other] = await generationsFor(store, [ONE, OTHER]);
    const short = { ...fillOf(ONE, 'one', one ?? []), keepForMs: 10_000 };
    await store.fill([short, fillOf(OTHER, 'two', other ?? [])]);
    await pass?.(20_000);
    const readings = await store.read([ONE, OTHER]);
    expect(readings.map(({ bytes }) => textOf(bytes))).toEqual([undefined, 'two']);
  }),
  check(
    'an expired entry can be filled again, and an invalidated one stays outdated',
    async ({ store, pass }) => {
      const generations = await captureOne(store, ONE);
      const fill = { ...fillOf(ONE, 'one', generations), keepForMs: 10_000 };
      await store.fill([fill]);
      await pass?.(20_000);
      await put(store, ONE, 'again');
      expect(textOf((await readOne(store, ONE)).bytes)).toBe('again');
      await store.invalidate([ONE.key]);
      await pass?.(20_000);
      expect(await fillOne(store, fill)).toBe('outdated');
    },
  ),
];
