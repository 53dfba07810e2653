import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { type Store } from '../../../../src/cache/index.js';
import { generationOfVersion } from '../../../../src/cache/store/generation-text.js';
import type { EntryAddress, Put } from '../../../../src/cache/store/store.js';
import { begun } from '../../../../src/cache/testing/store/begun-write.js';
import { hitOf, put, readOne } from '../../../../src/cache/testing/store/tested-store.js';
import { runScript, type ScriptCall } from '../../../../src/cache/redis/connection/lua-script.js';
import { redisNames } from '../../../../src/cache/redis/redis-names.js';
import { storeScripts } from '../../../../src/cache/redis/store/store-scripts.js';
import { leaseRequest } from '../../../support/stores/generations-for.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { redisClient } from '../../../support/servers/redis-client.js';

const KEEP_MS = 60_000;
const PLAIN: EntryAddress = { key: 'Movie:1', tags: [] };
const TAGGED: EntryAddress = { key: 'Movie:1', tags: ['Movies', 'Person:7'] };

/** How much Redis is asked to do, with what scripts do: a server of many processes has no more than one core. */
describe.skipIf(!needsRedis())('the commands of Redis, those within scripts among them', () => {
  let server: PrivateRedis;
  let redis: Redis;

  beforeEach(async () => {
    server = await privateRedis();
    redis = new Redis(server.url);
    onTestFinished(async () => {
      redis.disconnect();
      await server.stop();
    });
  });

  async function open(prefix: string = randomUUID()): Promise<Store> {
    const store = redisStore(redisClient(server.url), { prefix });
    await store.open?.({
      digest: 'd1',
      log: cacheLog(),
      onForgotten: () => undefined,
      caughtUp: () => Promise.resolve('unknown' as const),
    });
    onTestFinished(() => store.close());
    return store;
  }

  async function commandsOf(work: () => unknown): Promise<Record<string, number>> {
    await redis.config('RESETSTAT');
    await work();
    const stats = await redis.info('commandstats');
    const asked = ['info', 'config|resetstat'];
    return Object.fromEntries(
      [...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)]
        .map(([, name = '', calls]): [string, number] => [name, Number(calls)])
        .filter(([name]) => !asked.includes(name)),
    );
  }

  async function miss(store: Store, address: EntryAddress): Promise<readonly string[]> {
    await store.read([address]);
    const token = randomUUID();
    const [acquired] = await store.acquire([leaseRequest(address, { token, keepForMs: KEEP_MS })]);
    const { generations = [] } = acquired ?? {};
    await store.fill([{ ...address, bytes: Buffer.from('x'), generations, keepForMs: KEEP_MS, token }]);
    return generations;
  }

  it('are 13 for a miss after an invalidation, and no more with tags that are known to last', async () => {
    const store = await open();
    await miss(store, TAGGED);
    await store.invalidate(['Movie:1']);
    const expected = { mget: 4, evalsha: 2, time: 1, set: 3, pttl: 1, pexpire: 1, del: 1 };
    expect(await commandsOf(() => miss(store, PLAIN))).toEqual(expected);
    await store.invalidate(['Movie:1']);
    expect(await commandsOf(() => miss(store, TAGGED))).toEqual(expected);
  });

  it('are two scripts for the misses of one request, and five commands within them for each', async () => {
    const store = await open();
    const rows = Array.from({ length: 50 }, (_, id): EntryAddress => ({ key: `Person:${id}`, tags: [] }));
    const all = async (): Promise<void> => {
      await store.read(rows);
      const asked = rows.map((row) => leaseRequest(row, { token: row.key, keepForMs: KEEP_MS }));
      const acquired = await store.acquire(asked);
      expect(acquired.every(({ leased }) => leased)).toBe(true);
      const outcomes = await store.fill(
        rows.map((row, index) => ({
          ...{ ...row, bytes: Buffer.from(row.key), keepForMs: KEEP_MS, token: row.key },
          generations: acquired[index]?.generations ?? [],
        })),
      );
      expect(new Set(outcomes)).toEqual(new Set(['stored']));
    };
    await miss(store, PLAIN);
    const expected = { mget: 4, evalsha: 2, time: 1, set: 150, pttl: 50, pexpire: 50, del: 1 };
    expect(await commandsOf(all)).toEqual(expected);
    const readings = await store.read(rows);
    expect(readings.map(({ bytes }) => bytes?.toString())).toEqual(rows.map(({ key }) => key));
    expect(new Set(readings.map(({ generations: [own] }) => own)).size).toBe(rows.length);
  });

  it('give one lease for one entry that several ask for at once, and one generation to all variants of a row', async () => {
    const store = await open();
    const [one, other] = ['Person:1 en', 'Person:1 de'];
    const asked = [
      [one, 'first'],
      [one, 'second'],
      [other, 'third'],
      [one, 'first'],
    ].map(([key = '', token = '']) => leaseRequest({ key, row: 'Person:1', tags: [] }, { token }));
    const acquired = await store.acquire(asked);
    expect(acquired.map(({ leased }) => leased)).toEqual([true, false, true, true]);
    expect(new Set(acquired.map(({ generations }) => generations?.[0])).size).toBe(1);
    const { generations = [] } = acquired[0] ?? {};
    const fill = { row: 'Person:1', tags: [], generations, keepForMs: KEEP_MS };
    // The one who waited is woken, and whose load began before that of another has no lease to give back.
    const heard = new Promise((resolve) => store.watch?.(resolve));
    const outcomes = await store.fill([
      { ...fill, key: one, bytes: Buffer.from('one'), token: 'first' },
      { ...fill, key: other, bytes: Buffer.from('other'), token: 'first' },
      { ...fill, key: one, bytes: Buffer.from('late'), token: 'first', generations: ['of before'] },
    ]);
    expect(outcomes).toEqual(['stored', 'stored', 'outdated']);
    expect(await heard).toBe(one);
    const left = await redis.keys('*');
    expect(left.filter((key) => key.includes(':l:'))).toHaveLength(1);
  });

  it('store large entries in scripts of their own, and others beside them', async () => {
    const store = await open();
    const sizes = [10, 40_000, 40_000, 100_000, 10, 10];
    const rows = sizes.map((_, id): EntryAddress => ({ key: `Person:${id}`, tags: [] }));
    const acquired = await store.acquire(rows.map((row) => leaseRequest(row, { keepForMs: KEEP_MS })));
    const fills = rows.map((row, index) => ({
      ...{ ...row, bytes: Buffer.alloc(sizes[index] ?? 0, index), keepForMs: KEEP_MS },
      generations: acquired[index]?.generations ?? [],
    }));
    const counted = await commandsOf(async () => {
      expect(await store.fill(fills)).toEqual(rows.map(() => 'stored'));
    });
    expect(counted).toMatchObject({ evalsha: 4, set: 6 });
    const readings = await store.read(rows);
    expect(readings.map(({ bytes }) => bytes?.length)).toEqual(sizes);
    expect(readings.map(({ bytes }) => bytes?.at(-1))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('give leases back where there is no room, and tell those alone who asked for what is not stored', async () => {
    const store = await open();
    const rows = ['Person:1', 'Person:2', 'Person:3'].map((key): EntryAddress => ({ key, tags: [] }));
    const acquired = await store.acquire(
      rows.map((row) => leaseRequest(row, { token: 'mine', keepForMs: KEEP_MS })),
    );
    const fills = rows.map((row, index) => ({
      ...{ ...row, bytes: Buffer.from('x'), keepForMs: KEEP_MS, token: 'mine' },
      generations: acquired[index]?.generations ?? [],
    }));
    await store.invalidate(['Person:2']);
    // One waits for a load that began before that, under the lease that this process has by now.
    const [, ended = PLAIN] = rows;
    for (const token of ['mine', 'other'])
      await store.acquire([leaseRequest(ended, { token, keepForMs: KEEP_MS })]);
    const woken: string[] = [];
    store.watch?.((key) => void woken.push(key));
    await redis.config('SET', 'maxmemory', '1');
    const asked = await Promise.allSettled(fills.map(async (fill) => store.fill([fill])));
    await redis.config('SET', 'maxmemory', '0');
    expect(asked.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
      expect.stringContaining('OOM'),
      ['outdated'],
      expect.stringContaining('OOM'),
    ]);
    expect((await redis.keys('*')).filter((key) => key.includes(':l:'))).toEqual([]);
    await expect.poll(() => woken).toEqual(['Person:2']);
    // Who asked for several is told that not all are stored.
    await redis.config('SET', 'maxmemory', '1');
    await expect(store.fill(fills)).rejects.toThrow('OOM');
    await redis.config('SET', 'maxmemory', '0');
  });

  it('are refused as a whole by a server that is a replica by now, which the store is told', async () => {
    const store = await open();
    const [{ generations = [] } = {}] = await store.acquire([leaseRequest(PLAIN, { token: 'mine' })]);
    await redis.replicaof('127.0.0.1', '1');
    await expect(
      store.fill([{ ...PLAIN, bytes: Buffer.from('x'), generations, keepForMs: 1 }]),
    ).rejects.toThrow();
    expect(store.isAway?.()).toBe(true);
  });

  it('tell of the row of a write that there is no room, and end what it would have taken the place of', async () => {
    const store = await open();
    const before = await put(store, PLAIN, 'old');
    const write = await begun(store, PLAIN);
    await redis.config('SET', 'maxmemory', '1');
    try {
      expect(await store.put([write.row('new', 2)])).toEqual(['no-room']);
      expect(await write.commit(write.row('new', 2))).toBe('no-room');
    } finally {
      await redis.config('SET', 'maxmemory', '0');
    }
    expect(await hitOf(store, PLAIN, before)).toBeUndefined();
    expect((await readOne(store, PLAIN)).bytes).toBeUndefined();
  });

  it('begin a log that was evicted with another id than it had last, however soon that is', async () => {
    const { invalidate, announce } = storeScripts;
    const log = redisNames('evicted', 'd1').log;
    const ends = (tag: string): ScriptCall => {
      const keys = [`evicted:g:{${tag}}`, `evicted:e:{${tag}}`, `evicted:l:{${tag}}`, log];
      return { keys, args: ['channel', 1, 60_000, 10_000, ''] };
    };
    const tells = (tag: string): ScriptCall => ({ keys: [log], args: [60_000, 10_000, tag] });
    await runScript(redis, invalidate, [ends('Row:1')]);
    await runScript(redis, announce, [tells('Row:1')]);
    for (const [script, call] of [[invalidate, ends] as const, [announce, tells] as const]) {
      for (let time = 0; time < 100; time += 1) {
        await redis.del(log);
        // All of it in one turn of the server.
        const [, last, , , next] = await Promise.all([
          runScript(redis, script, [call('Row:1')]),
          redis.xrevrange(log, '+', '-', 'COUNT', 1),
          redis.del(log),
          runScript(redis, script, [call('Row:2')]),
          redis.xrevrange(log, '+', '-', 'COUNT', 1),
        ]);
        expect(next[0]?.[0]).not.toBe(last[0]?.[0]);
      }
    }
  });

  it('do not take a server for full that is a replica by now, when a row is put', async () => {
    const store = await open();
    const write = await begun(store, PLAIN);
    await redis.replicaof('127.0.0.1', '1');
    await expect(store.put([write.row('new', 2)])).rejects.toThrow();
    expect(store.isAway?.()).toBe(true);
  });

  it('bring what is asked for in the moment before the store is closed', async () => {
    const prefix = randomUUID();
    const store = await open(prefix);
    const [{ generations = [] } = {}] = await store.acquire([leaseRequest(PLAIN, { token: 'mine' })]);
    const fill = { ...PLAIN, bytes: Buffer.from('x'), generations, keepForMs: KEEP_MS, token: 'mine' };
    const filled = Promise.allSettled([store.fill([fill])]);
    await store.close();
    await filled;
    const [reading] = await (await open(prefix)).read([PLAIN]);
    expect(reading?.bytes?.toString()).toBe('x');
    expect((await redis.keys('*')).filter((key) => key.includes(':l:'))).toEqual([]);
  });

  it('are 4 for an invalidation, however many tags it has, and the log that it writes is not kept for ever', async () => {
    const store = await open('log');
    await miss(store, TAGGED);
    // Beginning to write the log takes two more.
    await store.invalidate(['Movie:1']);
    const expected = { evalsha: 1, mget: 1, del: 1, xadd: 1 };
    expect(await commandsOf(() => store.invalidate(['Movie:1']))).toEqual(expected);
    expect(await commandsOf(() => store.invalidate(TAGGED.tags))).toEqual(expected);
    await redis.del('log:log');
    await store.invalidate(['Movie:1']);
    expect(await redis.pttl('log:log')).toBeGreaterThan(89 * 24 * 60 * 60 * 1000);
  });

  it('are 6 for a write that stores its row with its invalidation, and 11 where that is applied before', async () => {
    const store = await open();
    await miss(store, PLAIN);
    await store.invalidate(['Movie:1']);
    await miss(store, PLAIN);
    const write = async (version: number, isBeside: boolean): Promise<void> => {
      const [intended] = await store.intend([{ ...PLAIN, keepForMs: KEEP_MS, onlyHot: false }]);
      const captured = intended?.captured ?? '';
      const generation = generationOfVersion(captured, version, randomUUID());
      const put: Put = {
        ...PLAIN,
        captured,
        version,
        generation,
        bytes: Buffer.from('x'),
        keepForMs: KEEP_MS,
      };
      const versions = new Map([['Movie:1', version]]);
      const outcome = await store.invalidate(['Movie:1'], versions, isBeside ? put : undefined);
      if (isBeside) expect(outcome).toBe('stored');
      else expect(await store.put([put])).toEqual(['stored']);
    };
    const beside = { mget: 2, evalsha: 1, set: 2, xadd: 1 };
    expect(await commandsOf(() => write(2, true))).toEqual(beside);
    expect(await commandsOf(() => write(3, true))).toEqual(beside);
    const after = { mget: 3, evalsha: 2, time: 1, del: 1, set: 3, xadd: 1 };
    expect(await commandsOf(() => write(4, false))).toEqual(after);
  });

  it('are two for what a process has counted, which says once a minute that it is there', async () => {
    const store = await open();
    const slots = new Map([['1', '[]']]);
    const share = () => store.shareFigures?.('process', { slots, gone: [] });
    await share();
    expect(await commandsOf(share)).toEqual({ hset: 1, pexpire: 1 });
    // What failed may have been that: it is said anew.
    const counting = (await redis.keys('*')).filter((key) => key.endsWith('counting'));
    expect(counting).toHaveLength(1);
    const [figures = ''] = (await redis.keys('*')).filter((key) => key.endsWith('process'));
    await redis.del(...counting, figures);
    await redis.set(figures, 'not a hash');
    await expect(share()).rejects.toThrow('WRONGTYPE');
    await redis.del(figures);
    await share();
    expect(await store.sharedFigures?.(undefined)).toEqual([{ process: 'process', slots }]);
  });

  it('keep what a process has counted for as long as it says that it is there', async () => {
    const prefix = randomUUID();
    const store = await open(prefix);
    const slots = new Map([['1', '[]']]);
    await store.shareFigures?.('idle', { slots, gone: [] });
    const [figures = ''] = (await redis.keys('*')).filter((key) => key.endsWith('idle'));
    await redis.pexpire(figures, 60_000);
    // As after a minute: another store has not said it yet.
    await (await open(prefix)).shareFigures?.('idle', { slots: new Map(), gone: [] });
    expect(await redis.pttl(figures)).toBeGreaterThan(60_000);
  });

  it('are one script for a lease that is asked for in vain, as processes ask each few seconds who leads', async () => {
    const prefix = randomUUID();
    const [one, other] = [await open(prefix), await open(prefix)];
    const leader = { key: 'leader of Query.top', tags: [] };
    const ask = (store: Store): Promise<boolean> =>
      Promise.resolve(store.acquire([{ ...leaseRequest(leader, {}), onlyLease: true }])).then(
        ([acquired]) => acquired?.leased === true,
      );
    expect(await ask(one)).toBe(true);
    await ask(other);
    // The generation may have to last longer by now, too.
    expect(
      await commandsOf(async () => {
        expect(await ask(other)).toBe(false);
      }),
    ).toMatchObject({ evalsha: 1, mget: 1, pttl: 1, strlen: 1 });
  });

  it('ask for generations anew that another process has ended', async () => {
    const prefix = randomUUID();
    const [one, other] = [await open(prefix), await open(prefix)];
    const [own, movies, person, epoch] = await miss(one, TAGGED);
    expect(await miss(one, TAGGED)).toEqual([own, movies, person, epoch]);
    await other.invalidate(['Movies']);
    const afterTag = await miss(one, TAGGED);
    expect(afterTag).toEqual([own, expect.not.stringMatching(movies ?? ''), person, epoch]);
    await other.forget();
    const afterAll = await miss(one, TAGGED);
    expect(afterAll).toEqual([...afterTag.slice(0, 3), expect.not.stringMatching(epoch ?? '')]);
    // What one of them has loaded since is what both read.
    const [reading] = await other.read([TAGGED]);
    expect(reading?.generations).toEqual(afterAll);
  });

  it('prolong the generations of tags before they end', async () => {
    const store = await open('lasting');
    await miss(store, TAGGED);
    const name = 'lasting:g:{Movies}';
    const longMs = 100 * KEEP_MS;
    const [acquired] = await store.acquire([leaseRequest(TAGGED, { keepForMs: longMs })]);
    expect(acquired?.generations?.[1]).toBe((await redis.getBuffer(name))?.toString());
    expect(await redis.pttl(name)).toBeGreaterThan(longMs);
  });
});
