import type { Reading, Store } from '../../src/cache/index.js';

/**
 * Stores with a planted fault: each takes away one comparison of generations. A test of stale reads must fail on them,
 * or it proves nothing.
 */

/** A blind fill: stores whatever comes, as if its generations were still the present ones. */
export function withBlindFill(store: Store): Store {
  return {
    ...store,
    fill: async (fills) => {
      const present = await store.capture(fills);
      const trusting = fills.map((fill, index) => ({ ...fill, generations: present[index] ?? [] }));
      return store.fill(trusting);
    },
  };
}

/** A blind hit: reads claim that every tag still has the generation that its entry was stored under. */
export function withBlindHits(store: Store): Store {
  const stamped = new Map<string, readonly string[]>();
  const claim = (key: string, reading: Reading): Reading => ({
    bytes: reading.bytes,
    generations: stamped.get(key)?.slice(1) ?? reading.generations,
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
