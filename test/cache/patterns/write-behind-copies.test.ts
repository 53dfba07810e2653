import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { memoryJournal } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { needsRedis } from '../../support/needs.js';
import { useWorkerRedis } from '../../support/servers/worker-redis.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Place { id: ID! total: Int @cached(ttl: 60, key: "Total:1") }
  type Query { place: Place }
  type Mutation {
    look: Place
    note(id: ID!): Place @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
  }
`;

const server = useWorkerRedis();

it.skipIf(!needsRedis())(
  'a request whose write went straight to the database reads no copy from before it',
  async () => {
    let total = 1;
    const place = { id: '1' };
    const started = async (flush: () => Promise<unknown>) => {
      const redis = new Redis(server.url);
      const tested = testCache({
        typeDefs,
        strictCopies: true,
        store: redisStore(redis, { prefix: 'copies' }),
        journal: { ...memoryJournal(), name: 'redis', mayAccept: () => false },
        resolvers: {
          Query: { place: () => place },
          Mutation: { look: () => place, note: (_, { id }: { id: string }) => ({ id }) },
          Place: { total: () => total },
        },
        origins: { Place: { load: () => Promise.resolve([]), flush: () => flush().then(() => undefined) } },
      });
      await tested.cache.start();
      onTestFinished(async () => {
        await tested.cache.close();
        redis.disconnect();
      });
      return tested;
    };
    const other = await started(() => Promise.resolve());
    const one = await started(() => {
      // A trigger counts; the other process is the first to hear of it, and applies it.
      total += 1;
      return other.cache.invalidate(['Total:1']);
    });
    for (let read = 0; read < 2; read += 1) await one.query('{ place { total } }');
    const { data } = await one.query('mutation { look { total } note(id: 1) { total } }');
    expect(data).toEqual({ look: { total: 1 }, note: { total: 2 } });
  },
);
