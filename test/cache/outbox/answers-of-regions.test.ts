import { describe, expect, it, onTestFinished } from 'vitest';
import type { CacheOptions, Outbox } from '../../../src/cache/index.js';
import { answersOf } from '../../../src/cache/metrics/answer-evidence.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { memoryOutbox } from '../../../src/cache/testing/index.js';
import { testCache, type TestContext } from '../../support/test-cache.js';

const typeDefs = `
  type Row { id: ID! version: Int! }
  type Place { id: ID! version: Int! }
  type Query { row(id: ID!): Row @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}") }
  type Mutation {
    write: Boolean @invalidates(tags: ["Row:1"])
    through(id: ID!): Row @cached(ttl: 60, pattern: WRITE_THROUGH, key: "Row:{args.id}")
    behind(id: ID!): Place @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
  }
`;

/** A cache whose outbox has another store, which has applied nothing as long as `isBehind`. */
async function behind(options: Partial<CacheOptions<TestContext>>, isBehind = true) {
  const inner = memoryOutbox().outbox();
  const outbox: Outbox = {
    ...inner,
    relay: async (apply) => ({ ...(await inner.relay(apply)), hasOthers: true }),
    tellOthers: () => Promise.resolve(),
    others: () =>
      Promise.resolve({
        place: 2n,
        stores: [{ name: 'far', appliedTo: isBehind ? 1n : 2n, unseenForMs: 0 }],
      }),
  };
  let [loads, seen] = [0, {}];
  const { cache, query } = testCache({
    typeDefs,
    outbox,
    clock: systemClock,
    resolvers: {
      Mutation: {
        write: (_, _args, context) => {
          seen = context;
          return true;
        },
        through: () => ({ id: '1', version: 2 }),
        behind: (_, _args, context) => {
          seen = context;
          return { id: '1', version: 3 };
        },
      },
    },
    origins: {
      Place: { flush: () => Promise.resolve() },
      Row: {
        load: (ids) => ((loads += 1), Promise.resolve(ids.map((id) => ({ id, version: 1 })))),
      },
    },
    ...options,
  });
  onTestFinished(() => cache.close());
  await cache.start();
  const answers = answersOf(cache, {
    ...{ call: 'test', options: {}, argument: 'request', headersOf: () => ({}) },
  });
  const told = async (document: string): Promise<object | undefined> => {
    await query(document);
    return answers.begin({}, seen)();
  };
  return { cache, query, told, loads: () => loads };
}

describe('the answer to a write where there are other regions', () => {
  it('says that they may be behind and how far, which is not counted as a bounded write', async () => {
    const { cache, told } = await behind({ region: 'near' });
    await told('mutation { write }');
    await expect.poll(() => cache.writes.regionLagMs()).toBeDefined();
    expect(await told('mutation { write }')).toEqual({
      ...{ consistency: 'bounded', because: 'regions' },
      lagMs: expect.any(Number),
    });
    expect(cache.stats.counters()['Mutation.write']?.boundedWrites).toBe(0);
  });

  it('says nothing where no region is spoken of: the other store may be one of before', async () => {
    const { cache, told } = await behind({});
    expect(await told('mutation { write }')).toBeUndefined();
    expect(cache.stats.regions()).toEqual({ stores: [], writes: { all: 0, late: 0, unseen: 0 } });
  });

  it('says nothing once all of them have applied it, where it waits for that', async () => {
    const { cache, told } = await behind({ acknowledge: 'all' }, false);
    expect(await told('mutation { write }')).toBeUndefined();
    expect(cache.stats.regions().writes).toEqual({ all: 1, late: 0, unseen: 0 });
  });

  it('says so where it has waited in vain, which is counted', async () => {
    const { cache, told } = await behind({ acknowledge: 'all', acknowledgeWithinMs: 50 });
    expect(await told('mutation { write }')).toMatchObject({ consistency: 'bounded', because: 'regions' });
    expect(cache.stats.counters()['Mutation.write']?.boundedWrites).toBe(1);
    expect(cache.stats.regions().writes).toEqual({ all: 0, late: 1, unseen: 0 });
  });

  it('says so of a write that is queued: no other region can see it yet, however long it waited', async () => {
    const { cache, told } = await behind({ acknowledge: 'all' }, false);
    await told('mutation { write }');
    expect(await told('mutation { behind(id: "1") { id } }')).toMatchObject({ because: 'regions' });
    expect(cache.stats.counters()['Mutation.behind']?.boundedWrites).toBe(0);
  });

  it('keeps no row out of the store of its own region', async () => {
    const { query, loads } = await behind({});
    await query('mutation { through(id: "1") { id } }');
    const { data } = await query('{ row(id: "1") { version } }');
    expect(data).toEqual({ row: { version: 2 } });
    expect(loads()).toBe(0);
  });
});
