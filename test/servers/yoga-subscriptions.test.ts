import { makeExecutableSchema } from '@graphql-tools/schema';
import { createYoga } from 'graphql-yoga';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache } from '../../src/cache/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import { createGate } from '../support/gate.js';
import { needsRedis } from '../support/needs.js';
import { workerRedis, type WorkerRedis } from '../support/servers/worker-redis.js';

const typeDefs = `
  type Query { score: Int @cached(ttl: 60, key: "Score:1") }
  type Subscription { ticks: Query }
`;
const EVENTS = 3;

describe.skipIf(!needsRedis())('a subscription in GraphQL Yoga', () => {
  let server: WorkerRedis;
  beforeAll(async () => {
    server = await workerRedis();
  });
  afterAll(() => server.stop());

  it('shows with each event what others wrote before it, where copies are strict', async () => {
    let score = 1;
    const gates = Array.from({ length: EVENTS }, () => createGate());
    const ticks = async function* () {
      for (const gate of gates) {
        await gate.wait();
        yield { ticks: {} };
      }
    };
    const resolvers = { Query: { score: () => score }, Subscription: { ticks: { subscribe: ticks } } };
    const process = async () => {
      const store = redisStore(new Redis(server.port, { lazyConnect: true }));
      const cache = createCache({ store, strictCopies: true, environment: 'test' });
      onTestFinished(() => cache.close());
      const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
      await cache.start();
      return { cache, schema };
    };
    const [here, there] = [await process(), await process()];
    const yoga = createYoga({ schema: here.schema, logging: false });
    const response = await yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { ticks { score } }' }),
    });
    if (response.body === null) throw new Error('no events');
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const seen = (): string[] => Array.from(text.matchAll(/"score":(\d+)/g), ([, found = '']) => found);
    for (const [index, gate] of gates.entries()) {
      if (index === EVENTS - 1) {
        score = 2;
        await there.cache.invalidate(['Score:1']);
      }
      gate.open();
      while (seen().length <= index) text += (await reader.read()).value ?? '';
    }
    expect(seen()).toEqual(['1', '1', '2']);
  });
});
