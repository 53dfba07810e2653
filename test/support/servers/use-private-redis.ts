import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { privateRedis, type PrivateRedis } from '../private-redis.js';

/** A server for the tests of a block alone, and a client of it. */
export interface UsedPrivateRedis {
  readonly server: PrivateRedis;
  readonly redis: Redis;
}

/** To be called where tests are declared. For tests that kill, stop or configure it; others take `useWorkerRedis`. */
export function usePrivateRedis(): UsedPrivateRedis {
  let used: UsedPrivateRedis | undefined;
  beforeAll(async () => {
    const server = await privateRedis();
    used = { server, redis: new Redis(server.url) };
  });
  afterAll(async () => {
    used?.redis.disconnect();
    await used?.server.stop();
  });
  const found = (): UsedPrivateRedis => {
    if (used === undefined) throw new Error('the server is there once the tests run');
    return used;
  };
  return {
    get server() {
      return found().server;
    },
    get redis() {
      return found().redis;
    },
  };
}
