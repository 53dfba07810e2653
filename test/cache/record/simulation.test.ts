import { setImmediate as turn } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { readRecording, simulate, type Recording } from '../../../src/cache/advise/index.js';
import { memoryStore } from '../../../src/cache/index.js';
import type { Bounds } from '../../../src/cache/types/index.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

const FILMS = 300;
const REQUESTS = 2000;
/** More than three minutes pass in a run. */
const BETWEEN_MS = 100;

/** Numbers from 0 to 1 that are the same in each run. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** How popular each film is, added up: the second is asked for half as often as the first, and so on. */
const POPULARITY: readonly number[] = Array.from({ length: FILMS }, (_, index) => 1 / (index + 1)).reduce<
  number[]
>((sums, weight) => [...sums, (sums.at(-1) ?? 0) + weight], []);

interface Setting {
  readonly ttl: number;
  readonly swr?: number;
  readonly pattern?: 'CACHE_ASIDE' | 'PREFETCH';
  readonly bounds?: Partial<Bounds>;
  readonly record?: boolean;
}

interface Ran {
  readonly hitRate: number;
  readonly loads: number;
  readonly recording: Recording | undefined;
}

/** The same readers and writers in each run, against the engine itself. */
async function run({ ttl, swr = 0, pattern = 'CACHE_ASIDE', bounds, record = false }: Setting): Promise<Ran> {
  const random = draws(7);
  const clock = manualClock();
  const { cache, query } = testCache({
    clock,
    store: memoryStore({ clock, ...bounds }),
    random: draws(3),
    ...(record && { record: {} }),
    typeDefs: `type Query { film(id: ID!): String
      @cached(ttl: ${ttl}, swr: ${swr}, pattern: ${pattern}, key: "Film:{args.id}", tags: ["Genre:{args.id}", "Film"]) }`,
    resolvers: { Query: { film: (_, { id }) => `film ${id}`.repeat(10) } },
  });
  await cache.start();
  for (let request = 0; request < REQUESTS; request += 1) {
    clock.advance(random() * 2 * BETWEEN_MS);
    // What is due in the background goes on.
    if (pattern === 'PREFETCH') await turn();
    const drawn = random() * (POPULARITY.at(-1) ?? 0);
    const id = POPULARITY.findIndex((sum) => sum >= drawn);
    await query('query ($id: ID!) { film(id: $id) }', {}, { id });
    if (request % 50 === 0) await cache.invalidate([`Film:${Math.floor(random() * 20)}`]);
    if (request % 1500 === 1499) await cache.invalidate(['Film']);
  }
  const counted = cache.stats.counters()['Query.film'];
  if (counted === undefined) throw new Error('nothing was counted');
  const bytes = cache.stats.recording();
  await cache.close();
  return {
    hitRate: (counted.hits + counted.stale) / REQUESTS,
    loads: counted.loads,
    recording: bytes && readRecording(bytes),
  };
}

function predicted(
  recording: Recording,
  { ttl, swr, pattern, bounds }: Setting,
): { hitRate: number; loads: number } {
  const change = { ttl, ...(swr !== undefined && { swr }), ...(pattern && { pattern }) };
  const { fields } = simulate(recording, {
    fields: { 'Query.film': change },
    random: draws(3),
    ...(bounds && { bounds }),
  });
  const [{ reads, hits, loads } = { reads: 0, hits: 0, loads: 0 }] = fields;
  expect(reads).toBe(REQUESTS);
  return { hitRate: hits / reads, loads };
}

const settings: readonly (readonly [title: string, setting: Setting])[] = [
  ['a ttl of 5 seconds', { ttl: 5 }],
  ['a ttl of 15 seconds', { ttl: 15 }],
  ['a ttl of 5 minutes', { ttl: 300 }],
  ['stale values while they are refreshed', { ttl: 5, swr: 20 }],
  ['PREFETCH', { ttl: 10, pattern: 'PREFETCH' }],
  ['room for few, s3-fifo', { ttl: 60, bounds: { maxEntries: 60, eviction: 's3-fifo' } }],
  ['room for few, lru', { ttl: 60, bounds: { maxEntries: 60, eviction: 'lru' } }],
  ['room for few, lfu', { ttl: 20, bounds: { maxEntries: 40, eviction: 'lfu' } }],
  ['few bytes', { ttl: 300, bounds: { maxBytes: 200_000, eviction: 'lru' } }],
];

describe('recorded zipf traffic of a ttl of a minute', () => {
  let recording: Recording;
  let recordedRate = 0;
  beforeAll(async () => {
    const ran = await run({ ttl: 60, record: true });
    if (ran.recording === undefined) throw new Error('nothing was recorded');
    ({ recording, hitRate: recordedRate } = ran);
  });

  it('has the hit rate that it had', () => {
    expect(predicted(recording, { ttl: 60 }).hitRate).toBeCloseTo(recordedRate, 2);
  });

  it.each(settings)('has the hit rate that a run has, within 3 points: %s', async (_title, setting) => {
    const measured = await run(setting);
    const { hitRate, loads } = predicted(recording, setting);
    expect(Math.abs(hitRate - measured.hitRate)).toBeLessThanOrEqual(0.03);
    expect(Math.abs(loads / measured.loads - 1)).toBeLessThanOrEqual(0.1);
    // It would not do to say that nothing changes.
    expect(Math.abs(measured.hitRate - recordedRate)).toBeGreaterThan(0.02);
  });
});
