import { expect } from '../expect.js';
import { announced, versionsOf } from './announced-write.js';
import {
  bytesOf,
  check,
  fillOf,
  fillOne,
  hitOf,
  KEEP_MS,
  ONE,
  OTHER,
  put,
  readOne,
  type StoreCheck,
} from './tested-store.js';

/** What is promised about rows that are stored after their commit. */
export const writeChecks: readonly StoreCheck[] = [
  check('the row of an announced write is a hit, under a generation of its own', async ({ store }) => {
    const earlier = await put(store, ONE, 'old');
    const write = await announced(store, ONE);
    await store.invalidate([ONE.key], versionsOf(ONE.key, 2));
    expect(await write.put('new', 2)).toBe('stored');
    expect(await hitOf(store, ONE, write.stamped)).toBe('new');
    expect(await fillOne(store, fillOf(ONE, 'late', earlier))).toBe('outdated');
  }),
  check('an announcement lets one row in, and only once', async ({ store }) => {
    const write = await announced(store, ONE);
    expect(await write.put('new', 2)).toBe('stored');
    expect(await write.put('again', 2)).toBe('refused');
    expect(await hitOf(store, ONE, write.stamped)).toBe('new');
  }),
  check('a row without an announcement is refused', async ({ store }) => {
    const write = await announced(store, OTHER);
    const row = { ...ONE, version: 2, generation: 'own', bytes: bytesOf('new'), keepForMs: KEEP_MS };
    expect(await store.put([{ ...row, token: 'never announced' }])).toEqual(['refused']);
    expect(await write.put('other', 1)).toBe('stored');
  }),
  check(
    'of two writes under way, the row of the earlier version is refused when it comes later',
    async ({ store }) => {
      const [earlier, later] = [await announced(store, ONE), await announced(store, ONE)];
      expect(await later.put('third', 3)).toBe('stored');
      expect(await earlier.put('second', 2)).toBe('refused');
      expect(await hitOf(store, ONE, later.stamped)).toBe('third');
    },
  ),
  check('a write refuses what is older than an invalidation with a version', async ({ store }) => {
    const [earlier, later] = [await announced(store, ONE), await announced(store, ONE)];
    await store.invalidate([ONE.key], versionsOf(ONE.key, 3));
    expect(await earlier.put('second', 2)).toBe('refused');
    expect(await later.put('third', 3)).toBe('stored');
  }),
  check('an invalidation without a version lets no write under way store its row', async ({ store }) => {
    const write = await announced(store, ONE);
    await store.invalidate([ONE.key]);
    expect(await write.put('new', 2)).toBe('refused');
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
    expect(await (await announced(store, ONE)).put('newer', 3)).toBe('stored');
  }),
  check('an announcement that was abandoned lets no row in, and others go on', async ({ store }) => {
    const [one, other] = [await announced(store, ONE), await announced(store, ONE)];
    await store.invalidate([ONE.key], versionsOf(ONE.key, 2));
    await one.abandon();
    expect(await one.put('one', 3)).toBe('refused');
    expect(await other.put('older', 1)).toBe('refused');
    await other.abandon();
    expect(await (await announced(store, ONE)).put('new', 1)).toBe('stored');
  }),
  check('a write that asks for a hot entry is announced where there is one', async ({ store }) => {
    expect((await announced(store, ONE, { onlyHot: true })).isAnnounced).toBe(false);
    await put(store, ONE, 'one');
    expect((await announced(store, ONE, { onlyHot: true })).isAnnounced).toBe(true);
  }),
  check(
    'a row does not count once one of its tags was invalidated since the announcement',
    async ({ store }) => {
      const write = await announced(store, ONE);
      await store.invalidate(['Movies']);
      await write.put('new', 2);
      expect(await hitOf(store, ONE, write.stamped)).toBeUndefined();
    },
  ),
];

/** The same, where time passes. */
export const writeTimeChecks: readonly StoreCheck[] = [
  check('a write that takes too long stores nothing', async ({ store, pass }) => {
    const write = await announced(store, ONE, { endsWithinMs: 10_000 });
    await pass?.(20_000);
    expect(await write.put('new', 2)).toBe('refused');
  }),
];
