import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { needsRedis } from '../../../support/needs.js';
import { workerRedis, type WorkerRedis } from '../../../support/servers/worker-redis.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';
import { testCache } from '../../../support/test-cache.js';

const typeDefs = `
  type Query { rows(ids: [ID]!): [Row] @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.ids}") }
  type Row { id: ID!, text: String! }
`;
/** More than are sent at once, and what waits takes several times the time-out of 100 ms. */
const ROWS = 400;
const ROW_BYTES = 16_000;
const BYTES_PER_MS = 8_000;

describe.skipIf(!needsRedis())(
  'large rows that are loaded at once, over a network that takes its time',
  () => {
    let server: WorkerRedis;
    beforeAll(async () => {
      server = await workerRedis();
    });
    afterAll(() => server.stop());

    it('do not make the store look away, and are all stored', async () => {
      const proxy = await tcpProxy(server.port);
      const tested = testCache({
        store: redisStore(new Redis(proxy.port, { lazyConnect: true })),
        typeDefs,
        origins: {
          Row: {
            load: (ids) =>
              Promise.resolve(ids.map((id) => ({ id, text: randomBytes(ROW_BYTES / 2).toString('hex') }))),
          },
        },
      });
      onTestFinished(() => tested.cache.close());
      await tested.cache.start();
      const ids = Array.from({ length: ROWS }, (_, index) => `${index}`);
      proxy.set({ bytesPerMs: BYTES_PER_MS });
      await tested.query(`{ rows(ids: ${JSON.stringify(ids)}) { id } }`);
      await expect
        .poll(() => tested.cache.stats.counters()['Query.rows']?.stored, { timeout: 15_000 })
        .toBe(ROWS);
      expect(tested.logged).toEqual([]);
      expect(tested.cache.stats.storeIsAway()).toBe(false);
    });
  },
);
