import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Cache, createCache } from '../../src/cache/index.js';
import { readConfig } from '../../src/config.js';
import { packageRoot } from '../../src/start/package-root.js';
import { createAttemptCounters } from '../../src/redis/create-attempt-counters.js';
import { createRedisStore } from '../../src/redis/create-redis-store.js';
import { cacheLog } from '../support/cache-log.js';
import { createGate } from '../support/gate.js';
import { needsRedis } from '../support/needs.js';
import { type PrivateRedis, privateRedis } from '../support/private-redis.js';

const page = readFileSync(path.join(packageRoot, 'docs', 'several-processes.md'), 'utf8');
const rights = /^user corral on >choose-a-password (.+)$/m.exec(page)?.[1]?.split(' ') ?? [];
/** What the cache sends by itself; the others are called by its scripts. */
const sent = [
  '+mget',
  '+eval',
  '+evalsha',
  '+publish',
  '+subscribe',
  '+info',
  '+select',
  '+xrange',
  '+xrevrange',
];

describe.skipIf(!needsRedis())('the rights that docs/several-processes.md lists', () => {
  let redis: PrivateRedis;
  let admin: Redis;
  beforeAll(async () => {
    redis = await privateRedis();
    admin = new Redis(redis.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });

  /** A cache whose Redis user is made anew, with these rights. */
  async function cacheWith(given: string[]): Promise<Cache<unknown>> {
    await admin.call('ACL', 'SETUSER', 'corral', 'reset', 'on', '>choose-a-password', ...given);
    // A server that knows the scripts already would not be sent their text.
    await admin.script('FLUSH');
    const url = `redis://corral:choose-a-password@127.0.0.1:${redis.port}/1`;
    const cache = createCache({ store: createRedisStore(url, 'corral'), log: cacheLog() });
    onTestFinished(() => cache.close());
    return cache;
  }

  it('are enough for loads, waits, invalidations and a lost connection', async () => {
    await admin.call('ACL', 'LOG', 'RESET');
    const [one, other] = [await cacheWith(rights), await cacheWith(rights)];
    await Promise.all([one.start(), other.start()]);
    const options = { ttl: 60, tags: ['Film'] };
    const load = createGate();
    let loads = 0;
    const reads = [one, other].map((cache) =>
      cache.fetch('Film:1', options, async () => {
        loads += 1;
        await load.wait();
        return 'a film';
      }),
    );
    load.open();
    expect([await Promise.all(reads), loads]).toEqual([['a film', 'a film'], 1]);
    await one.invalidate(['Film']);
    expect(await other.fetch('Film:1', options, () => 'a changed film')).toBe('a changed film');
    await admin.client('KILL', 'USER', 'corral');
    await expect.poll(() => one.stats.storeIsAway() || other.stats.storeIsAway()).toBe(false);
    expect(await one.fetch('Film:1', options, () => 'a changed film')).toBe('a changed film');
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
  });

  it.each(sent)('without %s are too few: the cache does not start, and says why', async (command) => {
    const cache = await cacheWith(rights.filter((right) => right !== command));
    await expect(cache.start()).rejects.toMatchObject({
      code: 'CACHE_STORE_REFUSED',
      message: expect.stringContaining('does not let this user do what the cache needs'),
    });
  });

  it.each([
    ['are enough to count attempts to sign in', ''],
    ['without +incrby are too few for that, which is told', '+incrby'],
  ])('%s', async (_, withheld) => {
    await cacheWith(rights.filter((right) => right !== withheld));
    await admin.call('ACL', 'LOG', 'RESET');
    await admin.config('RESETSTAT');
    const log = cacheLog();
    const url = `redis://corral:choose-a-password@127.0.0.1:${redis.port}/1`;
    const counters = createAttemptCounters(readConfig({ REDIS_URL: url }), log);
    onTestFinished(() => counters.close());
    const used = async (): Promise<unknown> => {
      await Promise.all([counters.perAccount.penalty('a'), counters.perAccount.get('a')]);
      return (await admin.info('commandstats')).includes('cmdstat_exec');
    };
    await expect.poll(used, { timeout: 10_000 }).toBe(true);
    if (withheld === '') {
      expect([log.lines, await admin.call('ACL', 'LOG')]).toEqual([[], []]);
    } else {
      await expect.poll(() => log.lines.join()).toContain('each process counts its own');
    }
  });

  it.each<[title: string, right: string, wrong: string]>([
    ['the keys', '~corral:*', '~other:*'],
    ['the channels', '&corral:*', '&other:*'],
  ])('name %s', async (_title, right, wrong) => {
    const cache = await cacheWith(rights.map((given) => (given === right ? wrong : given)));
    await expect(cache.start()).rejects.toMatchObject({ code: 'CACHE_STORE_REFUSED' });
  });
});
