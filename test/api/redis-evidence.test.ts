import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Api } from '../../src/start/api.js';
import type { Database } from '../../src/database/database.js';
import { needsRedis } from '../support/needs.js';
import { type PrivateRedis, privateRedis } from '../support/private-redis.js';
import { workerRedis, type WorkerRedis } from '../support/servers/worker-redis.js';
import { apiOver, post, seededDatabase } from '../support/worlds/seeded-api.js';

const evidence = { 'x-cache-debug': '1' };
/** Fifty films, most of them with a director: two levels of cached fields. */
const list = `{ movies(ids: [${Array.from({ length: 50 }, (_, index) => index + 1).join()}]) { title director { name } } }`;

describe.skipIf(!needsRedis())('the evidence of a warm list over Redis', () => {
  let redis: WorkerRedis;
  /** Flushers look into it all the time: apart, so that nothing of it is among the commands that are counted. */
  let journal: PrivateRedis;
  let database: Database;
  let api: Api;
  beforeAll(async () => {
    [redis, journal, database] = await Promise.all([workerRedis(), privateRedis(), seededDatabase()]);
    api = await apiOver(database, { redisUrl: redis.url, settings: { JOURNAL_REDIS_URL: journal.url } });
    const cold = await post(api, list);
    expect(cold.match(/"director":\{/g)?.length).toBeGreaterThan(10);
  }, 120_000);
  afterAll(async () => {
    await api.close();
    await database.close();
    await journal.stop();
  });

  it('is one round trip a level and no load, and Redis sees exactly that', async () => {
    // Entries may be stored after the answer that they were loaded for.
    const isWarm = () => post(api, list, { headers: evidence });
    await expect.poll(isWarm, { timeout: 10_000 }).toContain('"misses":0');
    let body = '';
    const seen = await commandsDuring(redis.url, async () => {
      body = await post(api, list, { headers: evidence });
    });
    const summary: unknown = JSON.parse(/"summary":(\{.*?\})/.exec(body)?.[1] ?? 'null');
    expect(summary).toMatchObject({ misses: 0, loads: 0, storeRoundTrips: 2 });
    expect(seen).toEqual(['mget', 'mget']);
  });

  it('is one look into the log of invalidations where copies are strict, whatever is asked for', async () => {
    const settings = { CACHE_STRICT_COPIES: 'on', JOURNAL_REDIS_URL: journal.url };
    const strict = await apiOver(database, { redisUrl: redis.url, settings });
    onTestFinished(() => strict.close());
    const isCopied = async (): Promise<string> => post(strict, list, { headers: evidence });
    await expect.poll(isCopied, { timeout: 10_000 }).toContain('"storeRoundTrips":1,');
    let body = '';
    const seen = await commandsDuring(redis.url, async () => {
      body = await post(strict, list, { headers: evidence });
    });
    expect(JSON.parse(body)).toMatchObject({
      extensions: { cache: { summary: { misses: 0, loads: 0, storeRoundTrips: 1 } } },
    });
    expect(body).not.toContain('"tier":"redis"');
    expect(seen).toEqual(['xrange']);
    // What another process writes is seen by the next request all the same.
    await database.pool.query(`UPDATE "Movie" SET "title" = 'Written by somebody' WHERE "id" = 1`);
    await api.cache.invalidate(['Movie:1']);
    expect(await post(strict, list)).toContain('Written by somebody');
  });
});

/** The names of the commands that Redis is sent by others while `work` runs. */
async function commandsDuring(url: string, work: () => Promise<void>): Promise<string[]> {
  const control = new Redis(url);
  const monitor = await control.monitor();
  try {
    const seen: string[] = [];
    const ended = new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, [command = '', text]: string[]) => {
        if (text === 'the end') resolve();
        else seen.push(command.toLowerCase());
      });
    });
    await work();
    await control.echo('the end');
    await ended;
    return seen;
  } finally {
    monitor.disconnect();
    control.disconnect();
  }
}
