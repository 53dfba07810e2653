import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bounds, Eviction } from '../../../src/cache/types/index.js';
import { BoundedMap } from '../../../src/cache/store/bounded-map.js';
import { LocalCopies, type LocalCopy } from '../../../src/cache/store/local-copies.js';
import type { EntryAddress } from '../../../src/cache/store/store.js';

const BOUNDS: Bounds = { maxEntries: 100, maxBytes: 1_000_000, eviction: 'lru' };

function copyOf(value: unknown): LocalCopy {
  return { value, loadedAtMs: 0, loadMs: 1 };
}

function keep(copies: LocalCopies, key: string, tags: readonly string[], untilMs = 1000): void {
  copies.keep({ key, tags }, copyOf(key), { valueBytes: 10, keptAtMs: 0, untilMs });
}

/** One that nobody asks with again. */
function addressOf(key: string): EntryAddress {
  return { key, tags: [] };
}

describe('local copies', () => {
  it('answer until their time ends, and not a millisecond longer', () => {
    const copies = new LocalCopies(BOUNDS);
    keep(copies, 'Movie:1', [], 1000);
    expect(copies.get(addressOf('Movie:1'), 999)?.value).toBe('Movie:1');
    expect(copies.get(addressOf('Movie:1'), 1000)).toBeUndefined();
    expect(copies.get(addressOf('Movie:1'), 999)).toBeUndefined();
  });

  it('are bounded by entries and by bytes', () => {
    const few = new LocalCopies({ ...BOUNDS, maxEntries: 3 });
    for (let at = 0; at < 10; at += 1) keep(few, `Movie:${at}`, []);
    expect(keysLeft(few, 10)).toEqual([7, 8, 9]);
    const small = new LocalCopies({ ...BOUNDS, maxBytes: 1000 });
    for (let at = 0; at < 10; at += 1) keep(small, `Movie:${at}`, []);
    expect(keysLeft(small, 10).length).toBeLessThanOrEqual(4);
  });

  it('are forgotten by their own key and by each of their tags, and only those', () => {
    for (const [forget, left] of [
      ['Movie:1', [0, 2]],
      ['Person:7', [2]],
      ['Movies', []],
      ['Nothing', [0, 1, 2]],
    ] as const) {
      const copies = new LocalCopies(BOUNDS);
      keep(copies, 'Movie:0', ['Movies', 'Person:7']);
      keep(copies, 'Movie:1', ['Movies', 'Person:7']);
      keep(copies, 'Movie:2', ['Movies']);
      copies.forget([forget]);
      expect(keysLeft(copies, 3)).toEqual(left);
    }
  });

  it('answer those only of whose tags each drops them', () => {
    const copies = new LocalCopies(BOUNDS);
    keep(copies, 'Movie:1', ['Movies', 'Person:7']);
    const answers = (...tags: string[]): boolean => copies.get({ key: 'Movie:1', tags }, 10) !== undefined;
    expect([answers(), answers('Person:7', 'Movies'), answers('Movies')]).toEqual([true, true, true]);
    expect([answers('Person:8'), answers('Movies', 'Person:8')]).toEqual([false, false]);
  });

  it('are no longer found by tags that they had before they were replaced', () => {
    const copies = new LocalCopies(BOUNDS);
    keep(copies, 'Movie:1', ['Person:7']);
    keep(copies, 'Movie:1', ['Person:8']);
    copies.forget(['Person:7']);
    expect(keysLeft(copies, 2)).toEqual([1]);
    copies.forget(['Person:8']);
    expect(keysLeft(copies, 2)).toEqual([]);
  });

  it('count every invalidation, so that a read which began before one keeps no copy', () => {
    const copies = new LocalCopies(BOUNDS);
    const before = copies.forgotten;
    copies.forget([]);
    copies.forget(['Movie:1']);
    copies.clear();
    expect(copies.forgotten).toBe(before + 3);
  });

  it('do not answer while the clock is before their load, and answer once it has caught up', () => {
    const copies = new LocalCopies(BOUNDS);
    const size = { valueBytes: 10, untilMs: 1_000_000 };
    copies.keep(
      { key: 'Movie:0', tags: [] },
      { ...copyOf(0), loadedAtMs: 50_000 },
      { ...size, keptAtMs: 50_000 },
    );
    copies.keep(
      { key: 'Movie:1', tags: [] },
      { ...copyOf(1), loadedAtMs: 10_000 },
      { ...size, keptAtMs: 10_000 },
    );
    const at = (nowMs: number): unknown[] =>
      [0, 1].map((number) => copies.get(addressOf(`Movie:${number}`), nowMs)?.value);
    expect(at(50_000)).toEqual([0, 1]);
    expect(at(48_000)).toEqual([0, 1]);
    expect(at(47_999)).toEqual([undefined, 1]);
    expect(at(7999)).toEqual([undefined, undefined]);
    expect(at(48_000)).toEqual([0, 1]);
  });

  it('are found again through an address that comes again, as long as they are there', () => {
    const [one, other] = [new LocalCopies(BOUNDS), new LocalCopies(BOUNDS)];
    const address = { ...addressOf('Movie:1'), slot: undefined };
    keep(one, 'Movie:1', ['Movies'], 1000);
    expect(one.get(address, 0)?.value).toBe('Movie:1');
    expect(address.slot).toBeDefined();
    // What was noted by one belongs to it alone.
    expect(other.get(address, 0)).toBeUndefined();
    one.forget(['Movies']);
    expect(one.get(address, 0)).toBeUndefined();
    one.keep({ key: 'Movie:1', tags: [] }, copyOf('anew'), { valueBytes: 10, keptAtMs: 0, untilMs: 2000 });
    expect(one.get(address, 1999)?.value).toBe('anew');
    expect(one.get(address, 2000)).toBeUndefined();
    keep(other, 'Movie:1', [], 1000);
    expect(other.get(address, 0)?.value).toBe('Movie:1');
  });

  it('a copy larger than the bounds is not kept, and leaves no tag behind', () => {
    const copies = new LocalCopies({ ...BOUNDS, maxBytes: 1000 });
    copies.keep({ key: 'Movie:1', tags: ['Movies'] }, copyOf(1), {
      valueBytes: 2000,
      keptAtMs: 0,
      untilMs: 10,
    });
    expect(keysLeft(copies, 2)).toEqual([]);
  });
});

function keysLeft(copies: LocalCopies, count: number): number[] {
  return Array.from({ length: count }, (_, at) => at).filter(
    (at) => copies.get(addressOf(`Movie:${at}`), 0) !== undefined,
  );
}

/** What local copies should do, without bounds and without an index. */
class NaiveCopies {
  readonly #copies = new Map<string, { tags: readonly string[]; untilMs: number }>();

  keep(key: string, tags: readonly string[], untilMs: number): void {
    this.#copies.set(key, { tags, untilMs });
  }

  forget(tag: string): void {
    for (const [key, { tags }] of this.#copies)
      if (key === tag || tags.includes(tag)) this.#copies.delete(key);
  }

  has(key: string, nowMs: number): boolean {
    return (this.#copies.get(key)?.untilMs ?? 0) > nowMs;
  }
}

const key = fc.nat(7).map((at) => `Movie:${at}`);
const tag = fc.constantFrom('Movies', 'Person:1', 'Person:2', 'Movie:0', 'Movie:1');
const step = fc.oneof(
  fc.record({
    what: fc.constant('keep' as const),
    key,
    tags: fc.array(tag, { maxLength: 3 }),
    untilMs: fc.nat(40),
  }),
  fc.record({ what: fc.constant('forget' as const), tag }),
  fc.record({ what: fc.constant('wait' as const), ms: fc.nat(5) }),
);

describe('any sequence of keeping, forgetting, waiting and evicting', () => {
  const run = (bounds: Bounds) =>
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const copies = new LocalCopies(bounds);
      const naive = new NaiveCopies();
      let nowMs = 0;
      for (const taken of steps) {
        if (taken.what === 'wait') nowMs += taken.ms;
        else if (taken.what === 'forget') {
          copies.forget([taken.tag]);
          naive.forget(taken.tag);
        } else {
          copies.keep(taken, copyOf(1), { valueBytes: 10, keptAtMs: 0, untilMs: taken.untilMs });
          naive.keep(taken.key, taken.tags, taken.untilMs);
        }
        for (let at = 0; at < 8; at += 1) {
          const found = copies.get(addressOf(`Movie:${at}`), nowMs) !== undefined;
          const may = naive.has(`Movie:${at}`, nowMs);
          // Bounds may take a copy away; nothing may bring one back.
          expect(bounds.maxEntries >= 8 ? found === may : !found || may).toBe(true);
        }
      }
    });

  it('answers as a plain map of copies would', () => {
    fc.assert(run(BOUNDS), { numRuns: 2000 });
  });

  it.each<Eviction>(['lru', 'lfu', 'ttl'])(
    'never answers what was forgotten, while copies are evicted: %s',
    (eviction) => {
      fc.assert(run({ ...BOUNDS, maxEntries: 3, eviction }), { numRuns: 1000 });
    },
  );
});

describe('a bounded map', () => {
  const value = fc.record({ key, valueBytes: fc.nat(400), expiresAtMs: fc.integer({ min: 1, max: 50 }) });
  const bounds = fc.record({
    maxEntries: fc.integer({ min: 1, max: 4 }),
    maxBytes: fc.integer({ min: 200, max: 1500 }),
    eviction: fc.constantFrom<Eviction>('lru', 'lfu', 'ttl'),
  });

  it('tells of every value that leaves, exactly once: evicted, expired, replaced or cleared', () => {
    const property = fc.property(
      bounds,
      fc.array(fc.tuple(value, fc.nat(60)), { maxLength: 60 }),
      (limits, steps) => {
        const left: number[] = [];
        const map = new BoundedMap<number>(limits, (_, number) => left.push(number));
        const entered: number[] = [];
        for (const [number, [{ key: name, ...size }, nowMs]] of steps.entries()) {
          if (map.set(name, { value: number, ...size })) entered.push(number);
          map.get(`Movie:${number % 8}`, nowMs);
          expect(map.size).toBeLessThanOrEqual(limits.maxEntries);
          expect(map.bytes).toBeLessThanOrEqual(limits.maxBytes);
          expect(map.size).toBe(entered.length - left.length);
        }
        map.clear();
        expect(map.size).toBe(0);
        expect(map.bytes).toBe(0);
        expect(left.sort((a, b) => a - b)).toEqual(entered);
      },
    );
    fc.assert(property, { numRuns: 3000 });
  });
});
