import { expect, it, onTestFinished } from 'vitest';
import { memoryStore, type CacheOptions, type Store } from '../../../src/cache/index.js';
import { virtualClock } from '../../../src/cache/testing/index.js';
import { testCache, type TestContext } from '../../support/test-cache.js';

const typeDefs = `
  scalar JSON
  input Where { page: Int!, also: [JSON!] }
  type Query {
    chart(page: Int, where: Where, filter: JSON): String @cached(ttl: 100, pattern: PREFETCH)
  }
`;

interface Asked {
  page?: number;
  where?: { page: number; also?: { page: number }[] };
  filter?: unknown;
}

/** Counts pages from 0, as its database does, in the arguments that it was given. */
function fromZero(args: Asked): string {
  const { where } = args;
  if (args.page !== undefined) args.page -= 1;
  if (where !== undefined) where.page -= 1;
  for (const one of where?.also ?? []) one.page -= 1;
  return JSON.stringify(args);
}

/** Processes that share a store and a clock; what each has loaded is written down. */
function world() {
  const clock = virtualClock();
  const shared: Store = { ...memoryStore({ clock }), close: () => undefined };
  const process = (options: Partial<CacheOptions<TestContext>> = {}) => {
    const loads: string[] = [];
    const tested = testCache({
      typeDefs,
      resolvers: {
        Query: {
          chart: (_root, args: Asked) => {
            const answer = fromZero(args);
            loads.push(answer);
            return answer;
          },
        },
      },
      ...{ store: shared, clock, ...options },
    });
    onTestFinished(async () => {
      await Promise.all([tested.cache.close(), clock.pass(60_000)]);
    });
    return { ...tested, took: () => loads.splice(0) };
  };
  return { clock, shared, process };
}

it('keeps entries of its warm list warm with the arguments that they are for, though resolvers change theirs', async () => {
  const { clock, process } = world();
  const listed = [{ page: 3 }, { where: { page: 5, also: [{ page: 7 }] } }];
  const { cache, took, query } = process({ warm: { 'Query.chart': () => listed } });
  await cache.start();
  await clock.pass(200_000);
  const [pages, wheres] = [{ page: 2 }, { where: { page: 4, also: [{ page: 6 }] } }].map((one) =>
    JSON.stringify(one),
  );
  expect(took()).toEqual([pages, wheres, pages, wheres, pages, wheres]);
  expect((await query('{ chart(page: 3) }')).data).toEqual({ chart: pages });
  expect(listed[1]).toEqual({ where: { page: 5, also: [{ page: 7 }] } });
});

it('keeps warm what was asked for, not what the resolver made of it', async () => {
  const { clock, process } = world();
  const { cache, took, query } = process();
  await cache.start();
  for (let read = 0; read < 3; read += 1) await query('{ chart(page: 3) }');
  expect(took()).toEqual(['{"page":2}']);
  await clock.pass(85_000);
  expect(took()).toEqual(['{"page":2}']);
  await clock.pass(85_000);
  expect(took()).toEqual(['{"page":2}']);
});

it('keeps warm what readers of processes ask for that keep nothing warm themselves', async () => {
  const { clock, shared, process } = world();
  let told = 0;
  const store: Store = {
    ...shared,
    countAsked: (signature, sets) => {
      told += 1;
      return shared.countAsked?.(signature, sets) ?? Promise.resolve();
    },
  };
  const [web, worker] = [process({ store, prefetch: false }), process()];
  await web.cache.start();
  await worker.cache.start();
  await clock.pass(100_000);
  expect(told).toBe(0);
  for (let read = 0; read < 3; read += 1) await web.query('{ chart(page: 3) }');
  await clock.pass(85_000);
  expect([web.took(), worker.took(), told]).toEqual([['{"page":2}'], ['{"page":2}'], 1]);
});

it('keeps the others warm where one argument set is a key and cannot be encoded', async () => {
  const { clock, process } = world();
  const { cache, query, took } = process();
  await cache.start();
  await clock.pass(6000);
  const asks = async (variables: Readonly<Record<string, unknown>>): Promise<void> => {
    const { result } = await query('query ($filter: JSON) { chart(filter: $filter) }', {}, variables);
    expect(result.errors).toBeUndefined();
  };
  for (let read = 0; read < 3; read += 1) {
    await asks({ filter: { toJSON: 'a field of a client' } });
    await asks({ filter: JSON.parse('{"__proto__":1}') as unknown });
    await query('{ chart(page: 3) }');
  }
  took();
  await clock.pass(85_000);
  expect(took()).toEqual(['{"page":2}']);
});

it('keeps the others warm where the store has an argument set that cannot be read', async () => {
  const { clock, shared, process } = world();
  const store: Store = {
    ...shared,
    mostAsked: async (signature, atMost) => [
      { argumentSet: Buffer.from([0xc1]), times: 9 },
      ...((await shared.mostAsked?.(signature, atMost)) ?? []),
    ],
  };
  const { cache, query, took } = process({ store });
  await cache.start();
  for (let read = 0; read < 3; read += 1) await query('{ chart(page: 3) }');
  took();
  await clock.pass(85_000);
  expect(took()).toEqual(['{"page":2}']);
});

it.each([
  ['a refreshEvery above nine tenths of the ttl', 20, 'refreshEvery: 19'],
  ['a short ttl', 3, ''],
  ['a null', 200, 'negativeTtl: 15'],
])('never lets an entry end before it is loaded again, with %s', async (_title, ttl, more) => {
  const clock = virtualClock();
  const { cache, query } = testCache({
    typeDefs: `type Query { chart: String @cached(ttl: ${ttl}, pattern: PREFETCH, ${more}) }`,
    resolvers: { Query: { chart: () => (more.startsWith('negative') ? null : 'chart') } },
    // As early as entries end.
    ...{ store: memoryStore({ clock }), clock, random: () => 1 - Number.EPSILON },
    warm: { 'Query.chart': () => [{}] },
    loads: { earlyRefreshBeta: 0 },
  });
  onTestFinished(async () => {
    await Promise.all([cache.close(), clock.pass(60_000)]);
  });
  await cache.start();
  await clock.pass(100);
  for (let step = 0; step < 300; step += 1) {
    expect((await query('{ chart }')).outcomes).toEqual(['Query.chart HIT']);
    await clock.pass(200);
  }
});
