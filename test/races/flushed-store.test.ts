import { setTimeout as passes } from 'node:timers/promises';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache } from '../../src/cache/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import { cacheLog } from '../support/cache-log.js';
import { needsRedis } from '../support/needs.js';
import { openLoop } from '../support/load/open-loop.js';
import { percentile } from '../support/load/percentile.js';
import { flushAll, redisClient } from '../support/servers/redis-client.js';
import { testedRedis } from '../support/servers/tested-redis.js';
import { expectTime } from '../support/run/expect-time.js';

const isLong = process.env['FAULTS_LONG'] === 'yes';
const PER_SECOND = 500;
const KEYS = 2000;
const LOAD_MS = 20;
const AT_MOST = 8;
const BEFORE_MS = 3000;
/** After so long the latency must be what it was. */
const NORMAL_AFTER_MS = 10_000;
const AFTER_MS = isLong ? 20_000 : NORMAL_AFTER_MS + 2000;
/** Scheduling on a shared machine. */
const NOISE_MS = 25;

const typeDefs = `
  type Query { film(id: ID!): String @cached(ttl: 600, key: "Film:{args.id}") }
`;

/** A process of the API, with a database that counts how much it is asked for at the same time. */
async function films(url: string, atMost: number) {
  let [underWay, most, loads] = [0, 0, 0];
  const cache = createCache({
    store: redisStore(redisClient(url), { prefix: 'films' }),
    environment: 'test',
    log: cacheLog(),
    loads: { atMost },
  });
  const film = async (_root: unknown, { id }: { id: string }): Promise<string> => {
    loads += 1;
    underWay += 1;
    most = Math.max(most, underWay);
    await passes(LOAD_MS);
    underWay -= 1;
    return `Film ${id}`;
  };
  const schema = cache.apply(
    makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers: { Query: { film } } }),
  );
  await cache.start();
  onTestFinished(() => cache.close());
  const read = async (id: number): Promise<boolean> => {
    const { data, errors } = await graphql({ schema, source: `{ film(id: ${id}) }`, contextValue: {} });
    return errors === undefined && data?.['film'] === `Film ${id}`;
  };
  return { read, seen: () => ({ most, loads }) };
}

/** A steady load over two processes, whose Redis is emptied after `beforeMs`. */
async function flushedUnderLoad(
  atMost: number,
  { beforeMs, afterMs }: { beforeMs: number; afterMs: number },
) {
  const server = await testedRedis();
  const redis = redisClient(server.url);
  onTestFinished(() => redis.disconnect());
  const processes = [await films(server.url, atMost), await films(server.url, atMost)] as const;
  // Warm, in parts that leave room.
  for (let key = 0; key < KEYS; key += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => processes[index % 2 === 0 ? 0 : 1].read(key + index)),
    );
  }
  let number = 0;
  let isFlushed = false;
  const asked = await openLoop({
    perSecond: PER_SECOND,
    ask: () => {
      number += 1;
      return processes[number % 2 === 0 ? 0 : 1].read((number * 7919) % KEYS);
    },
    goesOn: (atMs) => {
      if (!isFlushed && atMs >= beforeMs) {
        isFlushed = true;
        void flushAll(redis);
      }
      return atMs < beforeMs + afterMs;
    },
  });
  const p99 = (fromMs: number, toMs: number): number =>
    percentile(
      asked.filter(({ dueMs }) => dueMs >= fromMs && dueMs < toMs).map(({ latencyMs }) => latencyMs),
      0.99,
    );
  return {
    requests: asked.length,
    most: Math.max(...processes.map(({ seen }) => seen().most)),
    loads: processes.reduce((sum, { seen }) => sum + seen().loads, 0) - KEYS,
    errors: asked.filter(({ answer }) => !answer).length,
    p99Before: p99(500, beforeMs),
    p99First: p99(beforeMs, beforeMs + 2000),
    p99After: p99(beforeMs + NORMAL_AFTER_MS, beforeMs + afterMs),
  };
}

describe.skipIf(!needsRedis())(`FLUSHALL under ${PER_SECOND} requests a second`, () => {
  it('sends the database no more than so many loads at once, and costs no errors; soon all is as before', async () => {
    const seen = await flushedUnderLoad(AT_MOST, { beforeMs: BEFORE_MS, afterMs: AFTER_MS });
    process.stdout.write(`FLUSHALL: ${JSON.stringify(seen)}\n`);
    expect(seen.most, 'loads at the same time in a process').toBeLessThanOrEqual(AT_MOST);
    expect(seen.loads).toBeLessThanOrEqual(KEYS);
    expect(seen.errors).toBeLessThanOrEqual(seen.requests / 100);
    expectTime(seen.p99After).toBeLessThanOrEqual(seen.p99Before + NOISE_MS);
  }, 60_000);

  it('would send it more, if loads were not bounded', async () => {
    const { most } = await flushedUnderLoad(100_000, { beforeMs: 500, afterMs: 1000 });
    expect(most).toBeGreaterThan(AT_MOST);
  }, 60_000);
});
