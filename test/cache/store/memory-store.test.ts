import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CacheError, memoryStore, type MemoryStoreOptions, type Store } from '../../../src/cache/index.js';
import type { Eviction } from '../../../src/cache/types/index.js';
import { storeContract, type ContractCase, type TestedStore } from '../../../src/cache/testing/index.js';
import {
  withCountedGenerations,
  withCutKeys,
  withDisorder,
  withoutDelete,
  withoutEmptyBatches,
  withoutExpiry,
  withPartialInvalidation,
  withRestlessCapture,
  withLeasesForAll,
  withRoughRelease,
  withStubbornLeases,
  withTextBytes,
  type Breaking,
} from '../../support/stores/broken-stores.js';
import { generationsFor } from '../../support/stores/generations-for.js';
import { manualClock } from '../../support/manual-clock.js';
import { withBlindFill, withBlindHits, withoutVersions } from '../../support/stores/planted-stores.js';
import { testCache } from '../../support/test-cache.js';

function create(breaking: Breaking = (store) => store): TestedStore {
  const clock = manualClock();
  return { store: breaking(memoryStore({ clock })), pass: (ms) => clock.advance(ms) };
}

/** The contract of a store in this process, which may break it. */
const contractOf = (breaking?: Breaking, sequences = 1): readonly ContractCase[] =>
  storeContract({ create: () => create(breaking), hasTime: true, isLocal: true, sequences });

describe('the store contract: memory', () => {
  for (const { title, run } of contractOf(undefined, 2000)) it(title, run);
});

/** A store in this process that answers later, as one behind a network does. */
function later(store: Store): Store {
  const turn = async <T>(operation: () => T | Promise<T>): Promise<T> => {
    await Promise.resolve();
    return operation();
  };
  return {
    name: 'later',
    isLocal: false,
    read: (addresses) => turn(() => store.read(addresses)),
    acquire: (requests) => turn(() => store.acquire(requests)),
    fill: (fills) => turn(() => store.fill(fills)),
    release: (leases) => turn(() => store.release(leases)),
    renew: (leases) => turn(() => store.renew(leases)),
    intend: (intentions) => turn(() => store.intend(intentions)),
    put: (puts) => turn(() => store.put(puts)),
    invalidate: (tags, versions, row) => turn(() => store.invalidate(tags, versions, row)),
    countAsked: (field, asked) => turn(() => store.countAsked?.(field, asked)),
    mostAsked: (field, atMost) => turn(() => store.mostAsked?.(field, atMost) ?? []),
    forget: () => turn(() => store.forget()),
    close: () => turn(() => store.close()),
  };
}

describe('the store contract: a store that answers later', () => {
  const cases = storeContract({ create: () => create(later), hasTime: true, isLocal: false });
  for (const { title, run } of cases) it(title, run);
});

/** The titles of the checks that a broken store does not pass. */
async function brokenPromises(breaking: Breaking): Promise<string[]> {
  const broken: string[] = [];
  for (const { title, run } of contractOf(breaking)) {
    const kept = await run().then(
      () => true,
      () => false,
    );
    if (!kept) broken.push(title);
  }
  return broken;
}

describe('the store contract itself', () => {
  it.each<[string, Breaking, string]>([
    [
      'a blind fill',
      withBlindFill,
      'a late fill, begun before its own key was invalidated, is outdated and stores nothing',
    ],
    [
      'a blind hit',
      withBlindHits,
      'an invalidation gives its tag another generation, so what was stored under it is no hit',
    ],
    [
      'an invalidation without a delete',
      withoutDelete,
      'an invalidation deletes the entry whose key is the tag',
    ],
    [
      'an invalidation of the first tag only',
      withPartialInvalidation,
      'an invalidation of unknown tags is remembered: a capture before it does not fit after it',
    ],
    [
      'counted generations',
      withCountedGenerations,
      'generations never repeat, however often they are renewed',
    ],
    [
      'a capture that renews',
      withRestlessCapture,
      'a capture is stable: nothing changes until something is invalidated',
    ],
    ['leases for everybody', withLeasesForAll, 'of two that ask for the lease of an entry, one has it'],
    [
      'a release of whatever lease there is',
      withRoughRelease,
      'a late release leaves the lease of the successor alone',
    ],
    [
      'leases that outlive an invalidation',
      withStubbornLeases,
      'a lease under a generation that has ended is no obstacle: of the key, or of a tag',
    ],
    ['bytes kept as text', withTextBytes, 'every byte comes back, from the middle of a larger buffer too'],
    [
      'answers in disorder',
      withDisorder,
      'a batch is answered in its order, known and unknown entries mixed',
    ],
    [
      'keys cut at a NUL',
      withCutKeys,
      'keys and tags may have any characters, and none is taken for another',
    ],
    [
      'entries that never expire',
      withoutExpiry,
      'an entry is forgotten after keepForMs, and not long before',
    ],
    [
      'rows in the order in which they arrive',
      withoutVersions,
      'of two writes under way, the row of the earlier version is refused when it comes later',
    ],
    ['empty batches that fail', withoutEmptyBatches, 'an empty batch is answered by an empty one'],
  ])('catches %s', async (_what, breaking, title) => {
    expect(await brokenPromises(breaking)).toContain(title);
  });

  it('finds nothing wrong with a store that keeps every promise', async () => {
    expect(await brokenPromises((store) => store)).toEqual([]);
  });

  it.each<[string, Breaking]>([
    ['a blind fill', withBlindFill],
    ['a blind hit', withBlindHits],
    ['an invalidation of the first tag only', withPartialInvalidation],
  ])('catches %s by the model alone', async (_what, breaking) => {
    const comparison = contractOf(breaking, 5000).find(({ title }) => title.includes('the model'));
    await expect(comparison?.run()).rejects.toThrow(/the store and the model differ, seed \d+: \[/);
  });
});

const bytes = (length: number): Uint8Array => new Uint8Array(length);

/** A memory store whose entries are named by their number. */
function numbered(options: MemoryStoreOptions) {
  const clock = manualClock();
  const store = memoryStore({ clock, ...options });
  return {
    store,
    clock,
    put: async (name: string | number, length = 10, keepForMs = 60_000) => {
      const address = { key: `Entry:${name}`, tags: [] };
      const [generations = []] = await generationsFor(store, [address]);
      const [outcome] = await store.fill([{ ...address, bytes: bytes(length), generations, keepForMs }]);
      return outcome;
    },
    has: async (name: string | number) => {
      const [reading] = await store.read([{ key: `Entry:${name}`, tags: [] }]);
      return reading?.bytes !== undefined;
    },
  };
}

async function kept(has: (name: number) => Promise<boolean>, names: readonly number[]): Promise<number[]> {
  const left: number[] = [];
  for (const name of names) if (await has(name)) left.push(name);
  return left;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe('the memory store', () => {
  it.each<Eviction>(['s3-fifo', 'lru', 'lfu', 'ttl'])(
    'never keeps more entries than maxEntries: %s',
    async (eviction) => {
      const { put, has } = numbered({ maxEntries: 10, eviction });
      for (const name of upTo(100)) expect(await put(name)).toBe('stored');
      expect(await kept(has, upTo(100))).toHaveLength(10);
    },
  );

  it.each<Eviction>(['s3-fifo', 'lru', 'lfu', 'ttl'])(
    'never keeps more bytes than maxBytes: %s',
    async (eviction) => {
      const { put, has } = numbered({ maxBytes: 100_000, eviction });
      for (const name of upTo(100)) expect(await put(name, 10_000)).toBe('stored');
      const left = await kept(has, upTo(100));
      expect(left.length * 10_000).toBeLessThanOrEqual(100_000);
      expect(left.length).toBeGreaterThanOrEqual(5);
    },
  );

  it('counts what small entries cost, not only their bytes', async () => {
    const { put, has } = numbered({ maxBytes: 100_000 });
    for (const name of upTo(1000)) await put(name, 1);
    expect((await kept(has, upTo(1000))).length).toBeLessThan(300);
  });

  it('refuses an entry that is larger than the store, and evicts nothing for it', async () => {
    const { put, has } = numbered({ maxBytes: 100_000 });
    await put(1, 10_000);
    expect(await put(2, 100_000)).toBe('no-room');
    expect(await kept(has, [1, 2])).toEqual([1]);
  });

  it('evicts for a large entry as many as it needs', async () => {
    const { put, has } = numbered({ maxBytes: 100_000 });
    for (const name of upTo(5)) await put(name, 10_000);
    expect(await put(9, 80_000)).toBe('stored');
    expect(await kept(has, [0, 1, 2, 3, 9])).toEqual([9]);
  });

  it('makes room again when an entry is replaced, invalidated or has expired', async () => {
    const { put, has, store, clock } = numbered({ maxBytes: 100_000 });
    for (let times = 0; times < 50; times += 1) await put(1, 30_000);
    await put(2, 30_000);
    await store.invalidate(['Entry:1']);
    await put(3, 30_000, 1000);
    clock.advance(2000);
    expect(await has(3)).toBe(false);
    await put(4, 30_000);
    await put(5, 30_000);
    expect(await kept(has, [2, 4, 5])).toEqual([2, 4, 5]);
  });

  it('lru: evicts what was read or written longest ago', async () => {
    const { put, has } = numbered({ maxEntries: 3, eviction: 'lru' });
    for (const name of [1, 2, 3]) await put(name);
    await has(1);
    await put(4);
    await put(2);
    await put(1);
    await put(5);
    expect(await kept(has, [1, 2, 3, 4, 5])).toEqual([1, 2, 5]);
  });

  it('lfu: keeps what is read often while newcomers come and go', async () => {
    const { put, has } = numbered({ maxEntries: 3, eviction: 'lfu' });
    await put(0);
    for (let times = 0; times < 20; times += 1) await has(0);
    for (const name of [1, 2, 3, 4, 5, 6]) await put(name);
    expect(await has(0)).toBe(true);
    expect(await kept(has, [1, 2, 3, 4])).toEqual([]);
  });

  it('lfu: lets old fame fade, so that nothing stays for ever', async () => {
    const { put, has } = numbered({ maxEntries: 3, eviction: 'lfu' });
    await put(0);
    for (let times = 0; times < 20; times += 1) await has(0);
    for (const name of upTo(100)) await put(name + 1);
    expect(await has(0)).toBe(false);
  });

  it('ttl: evicts what would expire first, however often it is read', async () => {
    const { put, has } = numbered({ maxEntries: 3, eviction: 'ttl' });
    await put(1, 10, 50_000);
    await put(2, 10, 10_000);
    await put(3, 10, 30_000);
    for (let times = 0; times < 9; times += 1) await has(2);
    await put(4, 10, 40_000);
    expect(await kept(has, [1, 2, 3, 4])).toEqual([1, 3, 4]);
    await put(5, 10, 60_000);
    expect(await kept(has, [1, 2, 3, 4, 5])).toEqual([1, 4, 5]);
  });

  it.each<[string, MemoryStoreOptions, string]>([
    ['maxEntries', { maxEntries: 0 }, 'memoryStore: maxEntries must be a positive whole number, but got 0'],
    ['maxBytes', { maxBytes: -1 }, 'memoryStore: maxBytes must be a positive whole number, but got -1'],
    ['maxBytes', { maxBytes: 0.5 }, 'memoryStore: maxBytes must be a positive whole number, but got 0.5'],
  ])('refuses a %s that bounds nothing', (_name, options, message) => {
    expect(() => memoryStore(options)).toThrow(new CacheError('CACHE_CONFIGURATION', message));
  });

  it('holds nothing after it was closed', async () => {
    const { put, has, store } = numbered({});
    await put(1);
    await store.close();
    expect(await has(1)).toBe(false);
  });
});

/** Captures so many other keys that the store forgets every generation it had. */
async function loseGenerations(store: Store, maxEntries: number): Promise<void> {
  for (const at of upTo(maxEntries * 5))
    await generationsFor(store, [{ key: `Storm:${at}`, tags: [`Storm:${at}:tag`] }]);
}

describe('a generation that the memory store has lost', () => {
  const address = { key: 'Movie:1', tags: ['Movies'] };

  it('makes a late fill outdated', async () => {
    const store = memoryStore({ maxEntries: 4, eviction: 'lru' });
    const [generations = []] = await generationsFor(store, [address]);
    await loseGenerations(store, 4);
    expect(await store.fill([{ ...address, bytes: bytes(1), generations, keepForMs: 1000 }])).toEqual([
      'outdated',
    ]);
  });

  it('is never minted again', async () => {
    const store = memoryStore({ maxEntries: 1, eviction: 'lru' });
    const seen = new Set<string>();
    for (let round = 0; round < 100; round += 1) {
      const [generations = []] = await generationsFor(store, [address]);
      for (const generation of generations) seen.add(generation);
      await loseGenerations(store, 1);
      expect((await store.read([address]))[0]?.generations).toEqual([undefined, undefined]);
    }
    expect(seen.size).toBe(200);
  });

  it('of a tag turns its entries into misses', async () => {
    const store = memoryStore({ maxEntries: 4, eviction: 'lru' });
    const [generations = []] = await generationsFor(store, [address]);
    await store.fill([{ ...address, bytes: bytes(1), generations, keepForMs: 1000 }]);
    await loseGenerations(store, 4);
    const [reading] = await store.read([address]);
    expect(reading).toEqual({ bytes: bytes(1), generations: [undefined, undefined] });
  });
});

/** Reads and writes of rows over a store, one after another; how many answers were older than the last write. */
async function staleAnswersOver(
  store: Store,
  steps: readonly { write: boolean; id: number }[],
): Promise<number> {
  const versions = new Map<number, number>();
  const tested = testCache({
    store,
    typeDefs: `
      type Query {
        aside(id: Int!): Int @cached(ttl: 60, tags: ["Row:{args.id}", "Rows"])
        through(id: Int!): Int @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
      }
      type Mutation { write(id: Int!): Int @invalidates(tags: ["Row:{args.id}"]) }
    `,
    resolvers: {
      Query: { aside: (_, { id }: { id: number }) => versions.get(id) ?? 0 },
      Mutation: {
        write: (_, { id }: { id: number }) => {
          versions.set(id, (versions.get(id) ?? 0) + 1);
          return versions.get(id);
        },
      },
    },
    origins: { Row: { load: (ids) => Promise.resolve(ids.map((id) => versions.get(Number(id)) ?? 0)) } },
  });
  let stale = 0;
  for (const { write, id } of steps) {
    if (write) await tested.query(`mutation { write(id: ${id}) }`);
    const { data } = await tested.query(`{ aside(id: ${id}) through(id: ${id}) }`);
    const present = versions.get(id) ?? 0;
    if (!isDeepStrictEqual(data, { aside: present, through: present })) stale += 1;
  }
  return stale;
}

describe('a memory store so small that it forgets all the time', () => {
  const steps = fc.array(fc.record({ write: fc.boolean(), id: fc.nat(9) }), { maxLength: 40 });
  const neverStale = (makeStore: () => Store) =>
    fc.asyncProperty(steps, async (script) => {
      expect(await staleAnswersOver(makeStore(), script)).toBe(0);
    });
  const bounds = fc.record({
    maxEntries: fc.integer({ min: 1, max: 3 }),
    eviction: fc.constantFrom<Eviction>('lru', 'lfu', 'ttl'),
  });

  it('misses more often, and is never stale', async () => {
    const property = fc.asyncProperty(steps, bounds, async (script, options) => {
      expect(await staleAnswersOver(memoryStore(options), script)).toBe(0);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it.each<[string, Breaking]>([
    ['hits did not compare generations', withBlindHits],
    ['invalidations did nothing', (store) => ({ ...store, invalidate: () => undefined })],
  ])('would be, if %s', async (_what, breaking) => {
    const checked = await fc.check(
      neverStale(() => breaking(memoryStore())),
      { numRuns: 200, endOnFailure: true },
    );
    expect(checked.failed).toBe(true);
  });
});

it('keeps of what was asked for its own bytes, and not the larger buffer that they are a part of', async () => {
  const store = memoryStore();
  const large = Buffer.alloc(1_000_000);
  await store.countAsked?.('Query.chart', [
    { argumentSet: large.subarray(0, 40), times: 2 },
    { argumentSet: large.subarray(40, 120), times: 1 },
  ]);
  const most = (await store.mostAsked?.('Query.chart', 10)) ?? [];
  expect(most.map(({ argumentSet: { buffer, byteLength } }) => [byteLength, buffer.byteLength])).toEqual([
    [40, 40],
    [80, 80],
  ]);
});
