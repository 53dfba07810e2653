import { describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { type CacheOptions } from '../../../../src/cache/index.js';
import { virtualClock } from '../../../../src/cache/testing/index.js';
import { needsRedis } from '../../../support/needs.js';
import { useWorkerRedis } from '../../../support/servers/worker-redis.js';
import { watchTraffic } from '../../../support/servers/redis-traffic.js';
import { testCache, type TestContext } from '../../../support/test-cache.js';

const typeDefs = `
  type Row { id: ID! value: String }
  type Query {
    rows(ids: [ID!]!): [Row]! @cached(ttl: 600, pattern: READ_THROUGH, key: "Row:{args.ids}", vary: ["tenant"])
    mine(id: ID!): String @cached(ttl: 600, scope: PRIVATE)
    copied: String @cached(ttl: 600, local: 600, vary: ["tenant"])
    broken: String @cached(ttl: 600, vary: ["tenant"])
    proven: String @cached(ttl: 600, vary: ["tenant"])
  }
`;
const ROWS = 10_000;
const ROWS_AT_ONCE = 500;
/** In parts, so that no command takes long on a busy machine. */
const READS = Array.from({ length: ROWS / ROWS_AT_ONCE }, (_, part) => {
  const ids = Array.from({ length: ROWS_AT_ONCE }, (_id, index) => `${part * ROWS_AT_ONCE + index}`);
  return `{ rows(ids: ${JSON.stringify(ids)}) { id } }`;
});
const acme = { tenant: 'acme' };
const other = { tenant: 'other' };

describe.skipIf(!needsRedis())('one tag in Redis', () => {
  const server = useWorkerRedis();

  async function started(prefix: string, options: Partial<CacheOptions<TestContext>> = {}) {
    const say = (_: unknown, _args: unknown, { tenant }: TestContext): string => String(tenant);
    // Nothing happens by itself, such as that what was counted is written down.
    const clock = virtualClock();
    const tested = testCache({
      clock,
      typeDefs,
      vary: { tenant: ({ tenant }) => tenant },
      resolvers: {
        Query: {
          ...{ mine: say, copied: say, proven: say },
          broken: () => {
            throw new Error('the origin is away');
          },
        },
      },
      origins: { Row: { load: (ids) => Promise.resolve(ids.map((id) => ({ id }))) } },
      store: redisStore(server.redis, { prefix, commandTimeoutMs: 10_000 }),
      ...options,
    });
    await tested.cache.start();
    onTestFinished(async () => {
      await Promise.all([tested.cache.close(), clock.pass(60_000)]);
    });
    return tested;
  }

  /** What clearing says to Redis, by command. */
  async function saidWhile(work: () => Promise<void>): Promise<readonly string[]> {
    const traffic = await watchTraffic(server.url);
    onTestFinished(() => traffic.stop());
    const before = (await traffic.upTo(server.redis)).length;
    await work();
    return (await traffic.upTo(server.redis)).slice(before).map(({ name }) => name);
  }

  it('clears ten thousand entries of one tenant with as many commands as one entry, and leaves the others', async () => {
    const { query, cache } = await started('variants');
    for (const context of [acme, other]) for (const read of READS) await query(read, context);
    // A fill is not waited for by those who are answered.
    await expect.poll(() => server.redis.keys('variants:*:e:*'), { timeout: 10_000 }).toHaveLength(2 * ROWS);
    const entries = await server.redis.keys('variants:*:e:*');
    expect(entries).toContainEqual(expect.stringMatching(/:e:\{Row:1\}\|tenant=acme$/));

    const forMany = await saidWhile(() => cache.clearVariant({ tenant: 'acme' }));
    const forNone = await saidWhile(() => cache.clearVariant({ tenant: 'none' }));
    expect(forMany).toEqual(forNone);
    expect(forMany.length).toBeLessThan(20);

    const missesOf = async (context: TestContext) => {
      let misses = 0;
      for (const read of READS) misses += (await query(read, context)).evidence.summary.misses;
      return misses;
    };
    expect([await missesOf(acme), await missesOf(other)]).toEqual([ROWS, 0]);
  });

  it('clears everything of one viewer in the same way', async () => {
    const { query, cache } = await started('viewers');
    const ids = Array.from({ length: 500 }, (_, index) => `m${index}: mine(id: ${index})`);
    const READ_MINE = `{ ${ids.join(' ')} }`;
    const [ann, bob] = [{ viewer: { id: 'ann' } }, { viewer: { id: 'bob' } }];
    for (const context of [ann, bob]) await query(READ_MINE, context);
    await expect.poll(() => server.redis.keys('viewers:*:e:*'), { timeout: 10_000 }).toHaveLength(1000);

    const forMany = await saidWhile(() => cache.clearViewer('ann'));
    const forNone = await saidWhile(() => cache.clearViewer('nobody'));
    expect(forMany).toEqual(forNone);

    const missesOf = async (context: TestContext) =>
      (await query(READ_MINE, context)).evidence.summary.misses;
    expect([await missesOf(ann), await missesOf(bob)]).toEqual([500, 0]);
  });

  it('gives the lease of a load that failed back in its variant', async () => {
    const { query, cache } = await started('leases');
    expect((await query('{ broken }', acme)).result.errors).toHaveLength(1);
    await expect.poll(() => server.redis.keys('leases:*:l:*'), { interval: 5 }).toEqual([]);
    // Without it the next reader would wait until the lease ends.
    expect((await query('{ broken }', acme)).outcomes).toEqual([]);
    expect(cache.stats.counters()['Query.broken']?.failedLoads).toBe(2);
  });

  it('ends proven copies of other processes at once, and their own copies of this one', async () => {
    const [here, there] = [
      await started('copies', { strictCopies: true }),
      await started('copies', { strictCopies: true }),
    ];
    const tierOf = async ({ query }: typeof here, field: string, context: TestContext) => {
      const { evidence } = await query(`{ ${field} }`, context);
      return evidence.fields.map(({ outcome, tier }) => `${outcome} ${tier}`);
    };
    for (const context of [acme, other]) {
      for (const place of [here, there, here, there]) await place.query('{ copied proven }', context);
    }
    expect(await tierOf(there, 'proven', acme)).toEqual(['HIT local']);

    await here.cache.clearVariant({ tenant: 'acme' });
    expect(await tierOf(here, 'copied', other)).toEqual(['HIT local']);
    expect(await tierOf(here, 'copied', acme)).toEqual(['MISS origin']);
    expect(await tierOf(there, 'proven', other)).toEqual(['HIT local']);
    expect(await tierOf(there, 'proven', acme)).toEqual(['MISS origin']);
  });
});
