import { expect } from '../expect.js';
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
  textOf,
} from './tested-store.js';

/** What is promised about writes: this is what keeps stale reads out. */
export const invalidationChecks: readonly StoreCheck[] = [
  check('an invalidation deletes the entry whose key is the tag', async ({ store }) => {
    await put(store, ONE, 'one');
    await put(store, OTHER, 'two');
    await store.invalidate([ONE.key]);
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
    expect(textOf((await readOne(store, OTHER)).bytes)).toBe('two');
  }),
  check(
    'an invalidation gives its tag another generation, so what was stored under it is no hit',
    async ({ store }) => {
      const generations = await put(store, ONE, 'one');
      await store.invalidate(['Person:7']);
      expect((await readOne(store, ONE)).generations[2]).not.toBe(generations[2]);
      expect(await hitOf(store, ONE, generations)).toBeUndefined();
    },
  ),
  check('an invalidation leaves the other tags as they are', async ({ store }) => {
    const before = await captureOne(store, ONE);
    await store.invalidate(['Person:7']);
    const after = await captureOne(store, ONE);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
  }),
  check(
    'a late fill, begun before its own key was invalidated, is outdated and stores nothing',
    async ({ store }) => {
      const generations = await captureOne(store, ONE);
      await store.invalidate([ONE.key]);
      expect(await fillOne(store, fillOf(ONE, 'old', generations))).toBe('outdated');
      expect((await readOne(store, ONE)).bytes).toBeUndefined();
    },
  ),
  check('a late fill does not replace what was stored since', async ({ store }) => {
    const old = await captureOne(store, ONE);
    await store.invalidate([ONE.key]);
    await put(store, ONE, 'new');
    expect(await fillOne(store, fillOf(ONE, 'old', old))).toBe('outdated');
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('new');
  }),
  check('a late fill, begun before one of its tags was invalidated, is never a hit', async ({ store }) => {
    const generations = await captureOne(store, ONE);
    await store.invalidate(['Movies']);
    await store.fill([fillOf(ONE, 'old', generations)]);
    expect(await hitOf(store, ONE, generations)).toBeUndefined();
    expect(await hitOf(store, ONE, await captureOne(store, ONE))).not.toBe('new');
  }),
  check('a fill under generations that were never captured is outdated', async ({ store }) => {
    expect(await fillOne(store, fillOf(OTHER, 'forged', ['made-up']))).toBe('outdated');
    expect(await fillOne(store, fillOf(OTHER, 'forged', []))).toBe('outdated');
    expect((await readOne(store, OTHER)).bytes).toBeUndefined();
  }),
  check(
    'an invalidation of unknown tags is remembered: a capture before it does not fit after it',
    async ({ store }) => {
      await store.invalidate(['Movie:1', 'Movies']);
      const first = await captureOne(store, ONE);
      await store.invalidate(['Movie:1', 'Movies']);
      const second = await captureOne(store, ONE);
      expect(second[0]).not.toBe(first[0]);
      expect(second[1]).not.toBe(first[1]);
    },
  ),
  check('an invalidation that is applied twice, or late, is harmless', async ({ store }) => {
    await store.invalidate([ONE.key, ONE.key]);
    await store.invalidate([ONE.key]);
    await put(store, ONE, 'new');
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('new');
    await store.invalidate([ONE.key]);
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
    await put(store, ONE, 'newer');
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('newer');
  }),
  check('a fill that is applied twice is harmless', async ({ store }) => {
    const generations = await captureOne(store, ONE);
    const fill = fillOf(ONE, 'one', generations);
    expect(await Promise.all([fillOne(store, fill), fillOne(store, fill)])).toEqual(['stored', 'stored']);
    expect(await hitOf(store, ONE, generations)).toBe('one');
    await store.invalidate([ONE.key]);
    expect(await fillOne(store, fill)).toBe('outdated');
  }),
  check('generations never repeat, however often they are renewed', async ({ store }) => {
    const seen = new Set<string>();
    for (let round = 0; round < 50; round += 1) {
      for (const generation of (await captureOne(store, ONE)).slice(0, 3)) seen.add(generation);
      await store.invalidate([ONE.key, ...ONE.tags]);
    }
    expect(seen.size).toBe(50 * 3);
  }),
  check('copies that are to be dropped are told of, and what is stored stays', async ({ store }) => {
    if (store.dropCopies === undefined) return;
    const generations = await put(store, ONE, 'one');
    const told: string[] = [];
    store.onInvalidated?.((tags) => void told.push(...(tags === 'all' ? [] : tags)));
    const before = await store.readLog?.(undefined);
    await store.dropCopies([ONE.key]);
    const log = before && (await store.readLog?.(before.last));
    if (log !== undefined && log.tags !== 'all') told.push(...log.tags);
    expect(told).toEqual([ONE.key]);
    expect(await hitOf(store, ONE, generations)).toBe('one');
  }),
  check('fills and invalidations at the same time leave no entry from before', async ({ store }) => {
    for (let round = 0; round < 20; round += 1) {
      const generations = await captureOne(store, ONE);
      const fill = fillOf(ONE, `round ${round}`, generations);
      await Promise.all([store.fill([fill]), store.invalidate([ONE.key]), store.fill([fill])]);
      expect((await readOne(store, ONE)).bytes).toBeUndefined();
    }
  }),
];
