import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { classOf } from '../../../../src/cache/redis/connection/error-class.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, privateRedisAt, type PrivateRedis } from '../../../support/private-redis.js';
import { rowCache, type RowCache } from '../../../support/worlds/row-cache.js';

const HEALS = { timeout: 6000, interval: 5 };

describe.skipIf(!needsRedis())('a Redis that answers with an error', () => {
  let server: PrivateRedis;
  let admin: Redis;
  let rows: RowCache;
  let version: number;
  let folder: string;

  beforeEach(async () => {
    version = 1;
    folder = await mkdtemp(path.join(tmpdir(), 'corral-'));
    server = await privateRedis('--lua-time-limit', '50', '--dir', folder);
    admin = new Redis(server.url, { enableReadyCheck: false, maxRetriesPerRequest: null });
    admin.on('error', () => undefined);
    const database = {
      load: (id: string) => Promise.resolve({ id, version }),
      write: () => Promise.resolve((version += 1)),
    };
    const store = redisStore(new Redis(server.url, { lazyConnect: true }), { prefix: 'errors' });
    rows = rowCache({ store, database, strictCopies: true });
    await rows.cache.start();
  });
  afterEach(async () => {
    await rows.cache.close();
    admin.disconnect();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const hits = (): number => rows.cache.stats.counters()['Query.through']?.hits ?? 0;
  const isAway = (): boolean => rows.cache.stats.storeIsAway();
  const warm = (): Promise<unknown> =>
    expect.poll(async () => [await rows.read('through', '1'), hits() > 0]).toEqual([version, true]);

  it('because it is full goes on to serve hits, loses no invalidation, and is not away', async () => {
    await warm();
    await admin.config('SET', 'maxmemory', '1');
    const before = hits();
    expect(await rows.read('through', '1')).toBe(1);
    expect(hits()).toBe(before + 1);
    for (let row = 10; row < 30; row += 1) expect(await rows.read('through', `${row}`)).toBe(1);
    expect(await rows.acknowledged('1')).toEqual({ version: 2, consistency: 'strict' });
    expect(await rows.read('through', '1')).toBe(2);
    expect(isAway()).toBe(false);
    await admin.config('SET', 'maxmemory', '0');
    await warm();
  });

  it('because it became a replica is away until it is a primary again, and serves nothing stale', async () => {
    await warm();
    const other = await privateRedis();
    onTestFinished(() => other.stop());
    await admin.call('REPLICAOF', '127.0.0.1', `${other.port}`);
    expect((await rows.acknowledged('1')).consistency).toBe('bounded');
    expect(isAway()).toBe(true);
    expect(await rows.read('through', '1')).toBe(2);
    // Probes have been made meanwhile, and were answered.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(isAway()).toBe(true);
    await admin.call('REPLICAOF', 'NO', 'ONE');
    await expect.poll(isAway, HEALS).toBe(false);
    expect(await rows.read('through', '1')).toBe(2);
    expect(await rows.acknowledged('1')).toEqual({ version: 3, consistency: 'strict' });
    await warm();
  });

  it('because it is busy with a script is away at once, and back when the script is over', async () => {
    await warm();
    const busy = new Redis(server.url);
    onTestFinished(() => busy.disconnect());
    const script = busy.eval('while true do end', 0).catch(() => 'ended');
    await expect.poll(() => admin.get('x').catch(String), HEALS).toContain('BUSY');
    expect(await rows.read('through', '1')).toBe(1);
    expect(isAway()).toBe(true);
    await admin.script('KILL');
    await script;
    await expect.poll(isAway, HEALS).toBe(false);
    await warm();
  });

  it('because it cannot write its files is away until it can, and serves nothing stale', async () => {
    await admin.config('SET', 'save', '3600 1000000');
    await warm();
    await rm(folder, { recursive: true });
    await admin.bgsave();
    const refusal = (): Promise<string> => admin.set('x', '1').catch(String);
    await expect.poll(refusal, HEALS).toContain('MISCONF');
    expect((await rows.acknowledged('1')).consistency).toBe('bounded');
    expect(isAway()).toBe(true);
    expect(await rows.read('through', '1')).toBe(2);
    await admin.config('SET', 'stop-writes-on-bgsave-error', 'no');
    await expect.poll(isAway, HEALS).toBe(false);
    expect(await rows.read('through', '1')).toBe(2);
    await warm();
  });

  it('because it is loading its files is away until it has, and nothing from them is stale', async () => {
    await warm();
    for (let key = 0; key < 400; key += 1) await admin.set(`filler ${key}`, 'x'.repeat(1000));
    await admin.save();
    expect(await rows.acknowledged('1')).toEqual({ version: 2, consistency: 'strict' });
    await server.stop();
    const slowly = ['--key-load-delay', '5000', '--loading-process-events-interval-bytes', '1024'];
    const loaded = privateRedisAt(server.port, '--dir', folder, ...slowly);
    await expect.poll(() => admin.get('x').catch(String), HEALS).toContain('LOADING');
    expect(await rows.read('through', '1')).toBe(2);
    expect(isAway()).toBe(true);
    server = await loaded;
    await expect.poll(isAway, HEALS).toBe(false);
    expect(await rows.read('through', '1')).toBe(2);
    await warm();
  });

  it('because it forgot its scripts is sent their text', async () => {
    await warm();
    await admin.script('FLUSH');
    expect(await rows.acknowledged('1')).toEqual({ version: 2, consistency: 'strict' });
    await warm();
    expect(isAway()).toBe(false);
  });
});

describe('errors of the server', () => {
  it.each([
    ['LOADING Redis is loading the dataset in memory', 'away'],
    ['BUSY Redis is busy running a script.', 'away'],
    ["READONLY You can't write against a read only replica.", 'away'],
    ['MISCONF Redis is configured to save RDB snapshots', 'away'],
    ['CLUSTERDOWN The cluster is down', 'away'],
    ["ERR Error running script: @user_script:9: -READONLY You can't write", 'away'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'full'],
    [
      "ERR Error running script: @user_script:9: -OOM command not allowed when used memory > 'maxmemory'.",
      'full',
    ],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'single'],
    ['ERR a text that mentions BUSY', 'single'],
  ])('%s: %s', (words, kind) => {
    expect(classOf(new Error(words))).toBe(kind);
  });
});
