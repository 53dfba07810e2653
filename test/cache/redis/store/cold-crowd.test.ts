import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { needsRedis } from '../../../support/needs.js';
import { workerRedis, type WorkerRedis } from '../../../support/servers/worker-redis.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';
import { testCache } from '../../../support/test-cache.js';

const typeDefs = `
  type Query { rows(ids: [ID]!): [Row] @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.ids}") }
  type Row { id: ID! }
`;
const ROWS = 5_000;
/** Longer than a busy machine stands still. */
const TIMEOUT_MS = 300;
/** What 5,000 cold rows need takes several times the time-out, each time. */
const BYTES_PER_MS = 2_000;

describe.skipIf(!needsRedis())('one request for 5,000 rows of which none is stored', () => {
  let server: WorkerRedis;
  beforeAll(async () => {
    server = await workerRedis();
  });
  afterAll(() => server.stop());

  it('does not make the store look away, is stored, and is then invalidated in one go', async () => {
    const proxy = await tcpProxy(server.port);
    const store = redisStore(new Redis(proxy.port, { lazyConnect: true }), { commandTimeoutMs: TIMEOUT_MS });
    const tested = testCache({
      store,
      typeDefs,
      origins: { Row: { load: (ids) => Promise.resolve(ids.map((id) => ({ id }))) } },
    });
    onTestFinished(() => tested.cache.close());
    await tested.cache.start();
    const ids = Array.from({ length: ROWS }, (_, index) => `${index}`);
    const ask = (): Promise<unknown> =>
      tested.query(`{ rows(ids: ${JSON.stringify(ids)}) { id } }`).then(({ data }) => data);
    proxy.set({ bytesPerMs: BYTES_PER_MS });
    const rows = ids.map((id) => ({ id }));
    expect(await ask()).toEqual({ rows });
    await expect
      .poll(() => tested.cache.stats.counters()['Query.rows']?.stored, { timeout: 10_000 })
      .toBe(ROWS);
    expect(await ask()).toEqual({ rows });
    await tested.cache.invalidate(ids.map((id) => `Row:${id}`));
    expect(tested.cache.stats.counters()['Query.rows']).toMatchObject({ hits: ROWS, bypassed: 0 });
    expect(tested.cache.stats.storeIsAway()).toBe(false);
    expect(tested.logged).toEqual([]);
  });
});
