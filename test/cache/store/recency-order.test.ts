import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../../src/cache/store/bounded-map.js';

/** A map of `maxEntries`, beside a list of the same keys by their last use, the newest last. */
class Watched {
  readonly evicted: string[] = [];
  readonly #map: BoundedMap<string>;
  #byUse: string[] = [];

  constructor(maxEntries: number) {
    const bounds = { maxEntries, maxBytes: 1_000_000_000, eviction: 'lru' } as const;
    this.#map = new BoundedMap(bounds, (_, key) => this.evicted.push(key));
  }

  /** Reads a key, or puts it where it is absent. The number is how many keys were used since the one that was evicted. */
  use(key: string): number | undefined {
    const before = this.evicted.length;
    if (this.#map.get(key, 0) === undefined)
      this.#map.set(key, { value: key, valueBytes: 1, expiresAtMs: Infinity });
    const gone = this.evicted[before];
    const usedSince = gone === undefined ? undefined : this.#byUse.length - 1 - this.#byUse.indexOf(gone);
    this.#byUse = [...this.#byUse.filter((other) => other !== key && other !== gone), key];
    return usedSince;
  }

  remove(key: string): void {
    this.#map.delete(key);
    this.#byUse = this.#byUse.filter((other) => other !== key);
  }
}

describe('the order by recency', () => {
  it('evicts exactly the least recently used of fewer than eight entries', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 7 }),
      fc.array(fc.record({ key: fc.nat(9), isRemoved: fc.boolean() }), { maxLength: 80 }),
      (maxEntries, steps) => {
        const watched = new Watched(maxEntries);
        for (const { key, isRemoved } of steps) {
          if (isRemoved && key < 3) watched.remove(`Movie:${key}`);
          else expect(watched.use(`Movie:${key}`) ?? maxEntries - 1).toBe(maxEntries - 1);
        }
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });

  it('evicts of more entries none that was used after an eighth of the others', () => {
    const property = fc.property(
      fc.integer({ min: 8, max: 64 }),
      fc.array(fc.nat(90), { minLength: 100, maxLength: 400 }),
      (maxEntries, keys) => {
        const watched = new Watched(maxEntries);
        const fewest = maxEntries - 1 - Math.floor(maxEntries / 8);
        for (const key of keys) {
          const usedSince = watched.use(`Movie:${key}`) ?? maxEntries;
          expect(usedSince).toBeGreaterThanOrEqual(fewest);
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('keeps what is read between a hundred thousand newcomers', () => {
    const watched = new Watched(64);
    for (let at = 0; at < 20_000; at += 1) {
      watched.use('popular');
      for (let other = 0; other < 5; other += 1) watched.use(`Movie:${at * 5 + other}`);
    }
    expect(watched.evicted).not.toContain('popular');
  });
});
