import type { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createToken } from '../../src/accounts/session-token.js';
import { needsRedis } from '../support/needs.js';
import { keysOf, redisClient } from '../support/servers/redis-client.js';
import { testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { type TestApi, testApi } from '../support/worlds/test-api.js';

describe.skipIf(!needsRedis())('what clients make up', () => {
  let server: TestedRedis;
  let redis: Redis | Cluster;
  let api: TestApi;
  beforeAll(async () => {
    server = await testedRedis();
    redis = redisClient(server.url);
    api = await testApi({ settings: { REDIS_URL: server.url } });
  });
  afterAll(async () => {
    await api.close();
    redis.disconnect();
    await server.stop();
  });

  /** The longest life, in seconds, of what lies in Redis and is named so; undefined where nothing is. */
  async function longestLife(names: RegExp): Promise<number | undefined> {
    const keys = (await keysOf(redis, '*')).filter((key) => names.test(key));
    if (keys.length === 0) return undefined;
    return Math.max(...(await Promise.all(keys.map((key) => redis.pttl(key))))) / 1000;
  }

  it('leaves nothing in Redis beyond seconds: session tokens', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => api.ask('{ me { id } }', { token: createToken() })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    const life = await longestLife(/\{Session:/);
    expect(life).toBeGreaterThan(0);
    expect(life).toBeLessThanOrEqual(10);
  });

  it('leaves nothing in Redis beyond a minute: ids of films', async () => {
    await api.ask('query ($ids: [ID!]!) { movies(ids: $ids) { id } }', {
      variables: { ids: Array.from({ length: 100 }, (_, index) => `${1_000_000 + index}`) },
    });
    const life = await longestLife(/\{Movie:10000\d\d\}/);
    expect(life).toBeGreaterThan(0);
    expect(life).toBeLessThanOrEqual(60);
  });

  it('is told from what exists: a session is kept as long as it lasts', async () => {
    const token = await api.signIn('member@example.com');
    await api.ask('{ me { id } }', { token });
    expect(await longestLife(/:e:\{Session:/)).toBeGreaterThan(6000);
    expect(await longestLife(/:g:\{Session:/)).toBeGreaterThan(2 * 6000);
  });
});
