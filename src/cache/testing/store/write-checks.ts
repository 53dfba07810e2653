import { expect } from '../expect.js';
import { begun, versionsOf } from './begun-write.js';
import {
  captureOne,
  check,
  fillOf,
  fillOne,
  hitOf,
  ONE,
  OTHER,
  put,
  readOne,
  type StoreCheck,
} from './tested-store.js';

/** What is promised about rows that are stored after their commit. */
export const writeChecks: readonly StoreCheck[] = [
  check('the row of a write is a hit, under a generation of its own', async ({ store }) => {
    const earlier = await put(store, ONE, 'old');
    const write = await begun(store, ONE);
    await store.invalidate([ONE.key], versionsOf(ONE.key, 2));
    const row = write.row('new', 2);
    expect(await write.put(row)).toBe('stored');
    expect(await hitOf(store, ONE, write.stamped(row))).toBe('new');
    expect(await fillOne(store, fillOf(ONE, 'late', earlier))).toBe('outdated');
  }),
  check(
    'a row that comes with its invalidation is a hit, and loads before it are outdated',
    async ({ store }) => {
      const earlier = await put(store, ONE, 'old');
      const write = await begun(store, ONE);
      const row = write.row('new', 2);
      expect(await write.commit(row)).toBe('stored');
      expect(await hitOf(store, ONE, write.stamped(row))).toBe('new');
      expect(await fillOne(store, fillOf(ONE, 'late', earlier))).toBe('outdated');
      const next = await begun(store, ONE);
      const newer = next.row('newer', 3);
      expect(await next.commit(newer)).toBe('stored');
      expect(await hitOf(store, ONE, next.stamped(newer))).toBe('newer');
    },
  ),
  check('a row that is refused with its invalidation leaves nothing behind', async ({ store }) => {
    const [earlier, later] = [await begun(store, ONE), await begun(store, ONE)];
    const third = later.row('third', 3);
    expect(await later.commit(third)).toBe('stored');
    expect(await earlier.commit(earlier.row('second', 2))).toBe('refused');
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
  }),
  check('a row that is put twice is there, and not after something later', async ({ store }) => {
    const write = await begun(store, ONE);
    const row = write.row('new', 2);
    expect(await write.put(row)).toBe('stored');
    expect(await write.put(row)).toBe('stored');
    expect(await hitOf(store, ONE, write.stamped(row))).toBe('new');
    await store.invalidate([ONE.key], versionsOf(ONE.key, 3));
    expect(await write.put(row)).toBe('refused');
    expect(await write.commit(row)).toBe('refused');
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
  }),
  check('a row whose generation was never there is refused', async ({ store }) => {
    const write = await begun(store, OTHER);
    const row = write.row('other', 1);
    expect(await write.put({ ...row, captured: 'never there' })).toBe('refused');
    expect(await write.put({ ...row, key: ONE.key })).toBe('refused');
    expect(await write.put(row)).toBe('stored');
  }),
  check(
    'of two writes under way, the row of the earlier version is refused when it comes later',
    async ({ store }) => {
      const [earlier, later] = [await begun(store, ONE), await begun(store, ONE)];
      const third = later.row('third', 3);
      expect(await later.put(third)).toBe('stored');
      expect(await earlier.put(earlier.row('second', 2))).toBe('refused');
      expect(await hitOf(store, ONE, later.stamped(third))).toBe('third');
    },
  ),
  check('a write refuses what is older than an invalidation with a version', async ({ store }) => {
    const [earlier, later] = [await begun(store, ONE), await begun(store, ONE)];
    await store.invalidate([ONE.key], versionsOf(ONE.key, 3));
    await store.invalidate([ONE.key], versionsOf(ONE.key, 1));
    expect(await earlier.put(earlier.row('second', 2))).toBe('refused');
    expect(await later.put(later.row('third', 3))).toBe('stored');
  }),
  check('an invalidation without a version lets no write under way store its row', async ({ store }) => {
    const write = await begun(store, ONE);
    await store.invalidate([ONE.key]);
    expect(await write.put(write.row('new', 2))).toBe('refused');
    // Others have begun again since.
    await captureOne(store, ONE);
    expect(await write.put(write.row('new', 2))).toBe('refused');
    expect(await write.commit(write.row('new', 2))).toBe('refused');
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
    const next = await begun(store, ONE);
    expect(await next.put(next.row('newer', 3))).toBe('stored');
  }),
  check(
    'an invalidation without a version that comes between one with a version and the row refuses it',
    async ({ store }) => {
      const write = await begun(store, ONE);
      await store.invalidate([ONE.key], versionsOf(ONE.key, 2));
      await store.invalidate([ONE.key]);
      await captureOne(store, ONE);
      expect(await write.put(write.row('new', 2))).toBe('refused');
    },
  ),
  check(
    'a row of an earlier version than was seen is refused, also where nothing has come between',
    async ({ store }) => {
      const first = await begun(store, ONE);
      const seventh = first.row('seventh', 7);
      expect(await first.commit(seventh)).toBe('stored');
      const noop = await begun(store, ONE);
      expect(await noop.put(noop.row('sixth', 6))).toBe('refused');
      expect(await hitOf(store, ONE, first.stamped(seventh))).toBe('seventh');
      expect(await noop.commit(noop.row('sixth', 6))).toBe('refused');
      expect((await readOne(store, ONE)).bytes).toBeUndefined();
      const again = await begun(store, ONE);
      expect(await again.put(again.row('sixth', 6))).toBe('refused');
      expect(await again.commit(again.row('seventh', 7))).toBe('stored');
    },
  ),
  check('a row whose versions begin anew is stored once its key has ended', async ({ store }) => {
    const first = await begun(store, ONE);
    expect(await first.commit(first.row('seventh', 7))).toBe('stored');
    await store.invalidate([ONE.key]);
    const write = await begun(store, ONE);
    const row = write.row('first', 1);
    expect(await write.commit(row)).toBe('stored');
    expect(await hitOf(store, ONE, write.stamped(row))).toBe('first');
    expect(await first.put(first.row('seventh', 7))).toBe('refused');
  }),
  check('a load that began before a row was put fills nothing, and one after it does', async ({ store }) => {
    const before = await captureOne(store, ONE);
    const write = await begun(store, ONE);
    await write.put(write.row('new', 2));
    expect(await fillOne(store, fillOf(ONE, 'late', before))).toBe('outdated');
    const after = await captureOne(store, ONE);
    expect(await fillOne(store, fillOf(ONE, 'newer', after))).toBe('stored');
    expect(await hitOf(store, ONE, after)).toBe('newer');
  }),
  check('an invalidation with a version ends what was stored and what is being loaded', async ({ store }) => {
    const before = await put(store, ONE, 'old');
    await store.invalidate([ONE.key], versionsOf(ONE.key, 2));
    const between = await captureOne(store, ONE);
    await store.invalidate([ONE.key], versionsOf(ONE.key, 2));
    expect(await hitOf(store, ONE, before)).toBeUndefined();
    expect(await fillOne(store, fillOf(ONE, 'old', before))).toBe('outdated');
    expect(await fillOne(store, fillOf(ONE, 'between', between))).toBe('outdated');
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
  }),
  check('a write that asks for a hot entry may store where there is one', async ({ store }) => {
    expect((await begun(store, ONE, { onlyHot: true })).mayStore).toBe(false);
    await put(store, ONE, 'one');
    const write = await begun(store, ONE, { onlyHot: true });
    expect(write.mayStore).toBe(true);
    expect(await write.commit(write.row('new', 2))).toBe('stored');
  }),
  check(
    'a row does not count once one of its tags was invalidated since its write began',
    async ({ store }) => {
      const write = await begun(store, ONE);
      await store.invalidate(['Movies']);
      const row = write.row('new', 2);
      await write.put(row);
      expect(await hitOf(store, ONE, write.stamped(row))).toBeUndefined();
    },
  ),
];
