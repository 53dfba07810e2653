import { decodeEntry, encodeEntry } from '../../../src/cache/codec/entry.js';
import type { Store } from '../../../src/cache/index.js';
import type { Fill, Put, Reading } from '../../../src/cache/types/index.js';
import { generationsFor } from './generations-for.js';

/**
 * Stores with a planted fault: each takes away one comparison of generations. A test of stale reads must fail on them,
 * or it proves nothing.
 */

/** A blind SET: whatever comes is stored as if it had been loaded under the generations of this very moment. */
export function withBlindFill(store: Store): Store {
  return {
    ...store,
    fill: async (fills) => {
      const present = await generationsFor(store, fills);
      return store.fill(fills.map((fill, index) => restamped(fill, present[index] ?? [])));
    },
  };
}

function restamped(fill: Fill, generations: readonly string[]): Fill {
  const entry = decodeEntry(fill.bytes, fill.key, Infinity);
  const bytes = entry === undefined ? fill.bytes : encodeEntry({ ...entry, generations });
  return { ...fill, bytes, generations };
}

/** A blind hit: reads claim that every tag still has the generation that its entry was stored under. */
export function withBlindHits(store: Store): Store {
  const stamped = new Map<string, readonly string[]>();
  const claim = (key: string, reading: Reading): Reading => ({
    bytes: reading.bytes,
    generations: stamped.get(key) ?? reading.generations,
  });
  return {
    ...store,
    read: async (addresses) => {
      const readings = await store.read(addresses);
      return readings.map((reading, index) => claim(addresses[index]?.key ?? '', reading));
    },
    fill: (fills) => {
      for (const { key, generations } of fills) stamped.set(key, generations);
      return store.fill(fills);
    },
  };
}

/** A log that never tells of an invalidation, nor that it was lost. */
export function withSilentLog(store: Store): Store {
  return {
    ...store,
    readLog: async (after) => {
      if (after !== undefined) return { last: after, tags: [], isMore: false };
      if (store.readLog === undefined) throw new Error('this store has no log to silence');
      return store.readLog(after);
    },
  };
}

/** Rows are stored in the order in which they arrive, whatever their versions are. */
export function withoutVersions(store: Store): Store {
  let arrived = 0;
  const latest = (): number => (arrived = Math.max(arrived + 1, Date.now() * 1000));
  const renamed = (put: Put): Put => ({ ...put, version: latest() });
  return {
    ...store,
    put: (puts) => store.put(puts.map(renamed)),
    invalidate: (tags, versions, row) =>
      store.invalidate(
        tags,
        versions && new Map(Array.from(versions.keys(), (tag) => [tag, 0])),
        row && renamed(row),
      ),
  };
}

/** An invalidation that is acknowledged and never made. */
export function withoutInvalidation(store: Store): Store {
  return { ...store, invalidate: () => undefined };
}

/** A store that was lost and is used again at once, whatever it has missed. */
export function withoutBarrier(store: Store): Store {
  return {
    ...store,
    open: (options) =>
      store.open?.({ ...options, caughtUp: () => Promise.resolve('yes') }) ?? Promise.resolve(),
  };
}
