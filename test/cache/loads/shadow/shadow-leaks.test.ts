import { AsyncLocalStorage } from 'node:async_hooks';
import { makeExecutableSchema } from '@graphql-tools/schema';
import DataLoader from 'dataloader';
import { execute, parse } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../../src/cache/index.js';
import { drawHits } from '../../../../src/cache/loads/shadow/draw-hits.js';
import { seededRandom } from '../../../properties/seeded-random.js';
import { cacheLog } from '../../../support/cache-log.js';
import { DIFFERS, UNSTABLE } from '../../../support/worlds/shadow-world.js';
import { virtualClock } from '../../../../src/cache/testing/index.js';

interface Viewer {
  readonly id: string;
}
type AdviceLoader = DataLoader<string, string>;
interface Context {
  readonly viewer: Viewer;
  readonly loaders?: { readonly advice: AdviceLoader };
}
type Advice = (topic: string, context: Context) => unknown;

const VIEWERS = Array.from({ length: 20 }, (_, index) => ({ id: `viewer-${index}` }));
const HITS = 10_000;
const SHARE = 1 / 1000;
/** Each reader comes after the one before: so that all hits take longer than some checks. */
const BETWEEN_MS = 10;

const seeded = (seed: number): (() => number) => {
  const random = seededRandom(seed);
  return () => random.below(2 ** 32) / 2 ** 32;
};

const adviceFor = (topic: string, { id }: Viewer): string => `${topic} for ${id}`;
const loaderFor = (viewer: Viewer): AdviceLoader =>
  new DataLoader((topics) => Promise.resolve(topics.map((topic) => adviceFor(topic, viewer))));

interface Leak {
  readonly advice: Advice;
  readonly contextOf?: (viewer: Viewer) => Context;
  readonly inRequest?: <T>(viewer: Viewer, work: () => T) => T;
}

const fromContext: Advice = (topic, { loaders }) => loaders?.advice.load(topic);

/** Ways to get at the viewer that the guard cannot see, each as an application would come by it. */
const leaks = {
  'a loader that was made with the viewer of its request': (): Leak => ({
    contextOf: (viewer) => ({ viewer, loaders: { advice: loaderFor(viewer) } }),
    advice: fromContext,
  }),
  'a loader of a module, bound to the viewer for whom it was made first': (): Leak => {
    const known = new Map<string, AdviceLoader>();
    const contextOf = (viewer: Viewer): Context => {
      const advice = known.get(viewer.id) ?? loaderFor(viewer);
      known.set(viewer.id, advice);
      return { viewer, loaders: { advice } };
    };
    return { contextOf, advice: fromContext };
  },
  AsyncLocalStorage: (): Leak => {
    const storage = new AsyncLocalStorage<Viewer>();
    return {
      inRequest: (viewer, work) => storage.run(viewer, work),
      advice: async (topic) => {
        await Promise.resolve();
        return adviceFor(topic, storage.getStore() ?? { id: 'nobody' });
      },
    };
  },
  'module state that each request sets': (): Leak => {
    let current: Viewer = { id: 'nobody' };
    return {
      inRequest: (viewer, work) => {
        current = viewer;
        return work();
      },
      advice: (topic) => adviceFor(topic, current),
    };
  },
  nothing: (): Leak => ({ advice: (topic) => `${topic} for everybody` }),
};

/** Lets many viewers read a PUBLIC field of which a share of the hits is checked. */
async function readByMany(way: keyof typeof leaks, seed: number, viewers: readonly Viewer[] = VIEWERS) {
  const { advice, contextOf, inRequest } = leaks[way]();
  const clock = virtualClock();
  const log = cacheLog();
  const cache = createCache<Context>({
    store: memoryStore({ clock }),
    viewer: ({ viewer }) => viewer.id,
    environment: 'production',
    shadow: { share: SHARE },
    random: seeded(seed),
    ...{ clock, log },
  });
  onTestFinished(() => cache.close());
  const typeDefs = 'type Query { advice(topic: String!): String @cached(ttl: 86400) }';
  const resolvers = {
    Query: {
      advice: (_: unknown, { topic }: { topic: string }, context: Context) => advice(topic, context),
    },
  };
  const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
  const document = parse('{ advice(topic: "films") }');
  const random = seededRandom(seed);
  const read = async (): Promise<void> => {
    const viewer = random.pick(viewers);
    const contextValue = contextOf?.(viewer) ?? { viewer };
    const request = () => execute({ schema, document, contextValue });
    const { errors } = await (inRequest?.(viewer, request) ?? request());
    expect(errors).toBeUndefined();
  };
  await read();
  await clock.pass(3000);
  for (let hits = 0; hits < HITS; hits += 1) {
    await read();
    await clock.pass(BETWEEN_MS);
  }
  await clock.pass(10_000);
  const { hits, viewerTouched } = cache.stats.counters()['Query.advice'] ?? {};
  expect({ hits, viewerTouched }).toEqual({ hits: HITS, viewerTouched: 0 });
  return { checks: cache.stats.shadowChecks()['Query.advice'], logged: log.lines };
}

describe('one in 1,000 of 10,000 hits of many viewers', () => {
  it.each([
    'a loader that was made with the viewer of its request',
    'a loader of a module, bound to the viewer for whom it was made first',
    'AsyncLocalStorage',
  ] as const)('finds %s, and tells it once', async (way) => {
    for (const seed of [1, 2, 3]) {
      const { checks, logged } = await readByMany(way, seed);
      process.stdout.write(`${way}: ${JSON.stringify(checks)}\n`);
      expect(checks?.differs).toBeGreaterThanOrEqual(1);
      expect(checks).toMatchObject({ unstable: 0, failed: 0 });
      expect(logged).toHaveLength(1);
      expect(logged[0]).toMatch(DIFFERS);
      expect(logged[0]).toContain('{"coordinate":"Query.advice"}');
      expect(logged[0]).not.toContain('viewer-');
    }
  });

  it('finds module state that each request sets, as loads that disagree or differ', async () => {
    const { checks, logged } = await readByMany('module state that each request sets', 4);
    process.stdout.write(`module state: ${JSON.stringify(checks)}\n`);
    expect((checks?.differs ?? 0) + (checks?.unstable ?? 0)).toBeGreaterThanOrEqual(1);
    for (const line of logged) expect(line).toMatch(new RegExp(`${DIFFERS.source}|${UNSTABLE.source}`));
    expect(logged.length).toBeLessThanOrEqual(2);
    expect(logged.join()).toContain('{"coordinate":"Query.advice"}');
  });

  it.each([
    'a loader that was made with the viewer of its request',
    'AsyncLocalStorage',
    'module state that each request sets',
  ] as const)('loads as the reader did, so that one viewer alone sees no difference: %s', async (way) => {
    const { checks, logged } = await readByMany(way, 8, VIEWERS.slice(0, 1));
    expect(checks).toMatchObject({ differs: 0, unstable: 0, superseded: 0, failed: 0 });
    expect(checks?.same).toBeGreaterThanOrEqual(1);
    expect(logged).toEqual([]);
  });

  it('says nothing of a field that is the same for everybody', async () => {
    const { checks, logged } = await readByMany('nothing', 5);
    process.stdout.write(`nothing: ${JSON.stringify(checks)}\n`);
    expect(checks).toMatchObject({ differs: 0, unstable: 0, superseded: 0, failed: 0 });
    expect(checks?.same).toBeGreaterThanOrEqual(1);
    expect(logged).toEqual([]);
  });
});

describe('hits are drawn', () => {
  it.each([0.5, 0.1, 0.001])('as often as the share says: %d', (share) => {
    const isDrawn = drawHits(share, seeded(6));
    const hits = 2_000_000;
    let drawn = 0;
    for (let hit = 0; hit < hits; hit += 1) if (isDrawn()) drawn += 1;
    const spread = Math.sqrt(hits * share * (1 - share));
    expect(Math.abs(drawn - hits * share)).toBeLessThan(4 * spread);
  });

  it('all of them where the share is 1', () => {
    const isDrawn = drawHits(1, seeded(7));
    expect(Array.from({ length: 100 }, isDrawn)).not.toContain(false);
  });
});
