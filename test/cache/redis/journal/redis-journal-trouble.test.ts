import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { redisJournal, type RedisJournalOptions } from '../../../../src/cache/redis/index.js';
import { type Journal } from '../../../../src/cache/index.js';
import { journalScripts } from '../../../../src/cache/redis/journal/journal-scripts.js';
import { runScript } from '../../../../src/cache/redis/connection/lua-script.js';
import { systemClock } from '../../../../src/cache/time/clock.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';
import { places, placeTable } from '../../../support/worlds/places.js';

describe.skipIf(!needsRedis())('a journal in Redis', () => {
  async function server(...settings: string[]): Promise<{ redis: PrivateRedis; admin: Redis }> {
    const redis = await privateRedis(...settings);
    const admin = new Redis(redis.url);
    onTestFinished(async () => {
      admin.disconnect();
      await redis.stop();
    });
    return { redis, admin };
  }

  async function opened(
    { url }: PrivateRedis,
    options: RedisJournalOptions = {},
  ): Promise<{ journal: Journal; lines: readonly string[] }> {
    const log = cacheLog();
    const journal = redisJournal(new Redis(url, { lazyConnect: true }), options);
    onTestFinished(() => journal.close());
    await journal.open?.({ log });
    return { journal, lines: log.lines };
  }

  const write = (key: string) => ({ key, record: Buffer.from('one'), delayMs: 0 });
  const accept = (journal: Journal, key: string) => Promise.resolve(journal.accept(write(key)));

  it('leaves nothing behind when it has tried what it may do', async () => {
    const { redis, admin } = await server();
    await opened(redis, { storePrefix: 'corral' });
    expect(await admin.keys('*')).toEqual([]);
  });

  it('takes nothing more once the server is full, and goes on with what it has', async () => {
    const { redis, admin } = await server();
    const { journal, lines } = await opened(redis);
    for (const key of ['Row:1', 'Row:2', 'Row:3']) await accept(journal, key);
    await admin.config('SET', 'maxmemory', '1');
    await expect(accept(journal, 'Row:4')).rejects.toThrow('OOM');
    expect(await journal.pending(['Row:1'])).toMatchObject([{ key: 'Row:1' }]);
    const claimed = await journal.claim({ limit: 100, forMs: 60_000 });
    expect(claimed).toHaveLength(3);
    const [settled = [], retried, buried] = [claimed.slice(0, 1), claimed[1], claimed[2]];
    await journal.settle(settled);
    if (retried !== undefined) await journal.retry([retried], 60_000);
    if (buried !== undefined) await journal.bury({ ...buried, error: 'refused', buriedAtMs: 0 });
    expect(await journal.size()).toMatchObject({ pending: 1, dead: 1 });
    // An answer is no outage, whatever it says.
    expect([journal.isAway(), lines]).toEqual([false, []]);
  });

  it('answers reads while a write waits for a replica that hangs', async () => {
    const { redis, admin } = await server();
    const { redis: replica } = await server('--replicaof', '127.0.0.1', `${redis.port}`);
    await expect
      .poll(async () => /slave0:.*state=online/.test(await admin.info('replication')), { timeout: 10_000 })
      .toBe(true);
    const { journal } = await opened(redis, { replicas: 1 });
    process.kill(replica.pid, 'SIGSTOP');
    const order: string[] = [];
    const writing = accept(journal, 'Row:1').then(({ outcome }) => order.push(outcome));
    await expect.poll(() => admin.client('LIST'), { interval: 5 }).toContain('cmd=wait');
    expect(await journal.pending(['Row:1'])).toMatchObject([{ key: 'Row:1' }]);
    order.push('read');
    // Many of them wait together, and not one after the other.
    const outcomes = await Promise.all(
      ['Row:2', 'Row:3', 'Row:4'].map((key) => accept(journal, key).catch(String)),
    );
    await writing;
    process.kill(replica.pid, 'SIGCONT');
    expect(order).toEqual(['read', 'unconfirmed']);
    expect(outcomes).toHaveLength(3);
    expect(journal.isAway()).toBe(false);
  });

  it('loses nothing where it is emptied while a write waits for its replica', async () => {
    const { redis, admin } = await server('--repl-diskless-sync-delay', '0');
    const { redis: replica } = await server('--replicaof', '127.0.0.1', `${redis.port}`);
    await expect
      .poll(async () => /slave0:.*state=online/.test(await admin.info('replication')), { timeout: 10_000 })
      .toBe(true);
    const others = Array.from({ length: 19 }, (_, index) => index + 3);
    const { cache, note, table } = await places({
      clock: systemClock,
      journal: redisJournal(new Redis(redis.url, { lazyConnect: true }), {
        ...{ replicas: 1, commandTimeoutMs: 10_000 },
      }),
    });
    table.faults.flush = new Error('no connection');
    // From now on it looks often.
    expect((await note(2, 20)).outcomes).toEqual(['Mutation.note QUEUED']);
    process.kill(replica.pid, 'SIGSTOP');
    const noting = Promise.all([1, ...others].map((id) => note(id, 10)));
    await expect.poll(() => admin.client('LIST'), { interval: 5 }).toContain('cmd=wait');
    await expect
      .poll(async () => (await cache.writes.journal()).size, { interval: 5 })
      .toMatchObject({ pending: 21 });
    await admin.flushall();
    await expect
      .poll(async () => (await cache.writes.journal()).flushed, { interval: 5 })
      .toMatchObject({ restored: 1 });
    process.kill(replica.pid, 'SIGCONT');
    for (const { outcomes } of await noting) expect(outcomes).toEqual(['Mutation.note QUEUED']);
    table.faults.flush = undefined;
    await expect
      .poll(() => ['1', '2'].map((id) => table.rows.get(id)?.seconds), { timeout: 15_000 })
      .toEqual([10, 20]);
    await expect.poll(() => others.filter((id) => table.rows.get(`${id}`)?.seconds !== 10)).toEqual([]);
    // However many of them notice it.
    expect((await cache.writes.journal()).flushed).toMatchObject({ losses: 1 });
  });

  it('numbers what goes straight to the database above all it was given', async () => {
    const { redis, admin } = await server();
    const { journal } = await opened(redis);
    // As after a failover to a server whose clock is behind.
    const ahead = (Date.now() + 60_000) * 1000;
    for (const shard of [0, 1, 2, 3]) await admin.set(`corral:j:{${shard}}:clock`, `${ahead}`);
    const { seq } = await accept(journal, 'Row:1');
    expect(seq).toBeGreaterThan(ahead);
    expect(journal.laterSeq()).toBeGreaterThan(seq);
  });

  /** As after a clock of the server that was set forward: this process takes it for earlier than it is. */
  function takeTheServerForEarlier(): void {
    const now = performance.now.bind(performance);
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() - 3000);
    onTestFinished(() => spy.mockRestore());
  }

  it('numbers what it could not take in time above all that others were given', async () => {
    const { redis } = await server();
    const [{ journal }, { journal: other }] = [await opened(redis), await opened(redis)];
    const { seq } = await accept(other, 'Row:1');
    takeTheServerForEarlier();
    await expect(accept(journal, 'Row:1')).rejects.toThrow('longer than the write could wait');
    expect(journal.laterSeq()).toBeGreaterThan(seq);
  });

  it('that could not take a write in time has it win over those that were acknowledged before', async () => {
    const { redis } = await server();
    const table = placeTable();
    const started = () =>
      places({
        ...{ table, clock: systemClock },
        journal: redisJournal(new Redis(redis.url, { lazyConnect: true })),
      });
    const [one, other] = [await started(), await started()];
    expect((await other.note(1, 10)).outcomes).toEqual(['Mutation.note QUEUED']);
    await other.isFlushed();
    takeTheServerForEarlier();
    expect((await one.note(1, 20)).outcomes).toEqual(['Mutation.note WRITTEN']);
    expect(table.rows.get('1')?.seconds).toBe(20);
  });

  it('whose answers were late when it was looked at has a write past it win over those that were acknowledged before', async () => {
    const { redis } = await server();
    const proxy = await tcpProxy(redis.port);
    const [clock, table] = [systemClock, placeTable()];
    const through = (port: number): Journal => redisJournal(new Redis({ port, lazyConnect: true }));
    const other = await places({ table, clock, journal: through(redis.port) });
    proxy.set({ latencyMs: 60 });
    const one = await places({ table, clock, journal: { ...through(proxy.port), mayAccept: () => false } });
    proxy.set({});
    expect((await other.note(1, 10)).outcomes).toEqual(['Mutation.note QUEUED']);
    expect((await one.note(1, 20)).outcomes).toEqual(['Mutation.note WRITTEN']);
    expect((await other.note(2, 10)).outcomes).toEqual(['Mutation.note QUEUED']);
    await other.isFlushed();
    expect(['1', '2'].map((id) => table.rows.get(id)?.seconds)).toEqual([20, 10]);
  });

  it('that was slow to tell its time, for longer than writes wait, loses none that is accepted after one past it', async () => {
    const { redis } = await server();
    const proxy = await tcpProxy(redis.port);
    const [clock, table] = [systemClock, placeTable()];
    const through = (port: number, commandTimeoutMs?: number): Journal =>
      redisJournal(
        new Redis({ port, lazyConnect: true }),
        commandTimeoutMs === undefined ? {} : { commandTimeoutMs },
      );
    const other = await places({ table, clock, journal: through(redis.port) });
    proxy.set({ latencyMs: 200 });
    const one = await places({
      table,
      clock,
      journal: { ...through(proxy.port, 50), mayAccept: () => false },
    });
    proxy.set({});
    expect((await one.note(1, 20)).outcomes).toEqual(['Mutation.note WRITTEN']);
    expect((await other.note(1, 30)).outcomes).toEqual(['Mutation.note QUEUED']);
    await other.isFlushed();
    expect(table.rows.get('1')?.seconds).toBe(30);
  });

  it('numbers what it is given after a loss above what it has given out before it', async () => {
    const { redis, admin } = await server();
    const { journal } = await opened(redis);
    const ahead = (Date.now() + 60_000) * 1000;
    for (const shard of [0, 1, 2, 3]) await admin.set(`corral:j:{${shard}}:clock`, `${ahead}`);
    const { seq } = await accept(journal, 'Row:1');
    await admin.flushall();
    expect((await accept(journal, 'Row:1')).seq).toBeGreaterThan(seq);
  });

  it('numbers what any process accepts above what went past it, also after its clock was set back', async () => {
    const { redis } = await server();
    const [{ journal }, { journal: other }] = [await opened(redis), await opened(redis)];
    // As the clock was when it was written.
    const seq = (Date.now() + 60_000) * 1000;
    await journal.supersede([{ key: 'Row:1', seq }]);
    expect((await accept(other, 'Row:1')).seq).toBeGreaterThan(seq);
  });

  it('takes what its own clock, set back since, had put off for long, and nothing that is put off', async () => {
    const { redis, admin } = await server();
    const { journal } = await opened(redis);
    for (const key of ['Row:1', 'Row:2']) await journal.accept({ ...write(key), delayMs: 5000 });
    const hour = 60 * 60 * 1000;
    for (const due of await admin.keys('*:due')) await admin.zadd(due, 'XX', 'INCR', hour, 'Row:1');
    const claim = async (longestMs?: number) =>
      (await journal.claim({ limit: 10, forMs: 5000, ...(longestMs && { longestMs }) })).map(
        ({ key }) => key,
      );
    expect(await claim()).toEqual([]);
    expect(await claim(5000)).toEqual(['Row:1']);
    // It has the time of the present now.
    expect(await claim(5000)).toEqual([]);
  });

  it('takes a write whose due time was lost, also once the server is full', async () => {
    const { redis, admin } = await server();
    const { journal } = await opened(redis);
    for (const key of ['Row:1', 'Row:2']) await accept(journal, key);
    await admin.del(await admin.keys('*:due'));
    await admin.config('SET', 'maxmemory', '1');
    const claimed = await journal.claim({ limit: 100, forMs: 60_000 });
    expect(claimed.map(({ key }) => key).sort()).toEqual(['Row:1', 'Row:2']);
    expect(await journal.claim({ limit: 100, forMs: 60_000 })).toEqual([]);
  });

  it('writes down again what is missing, and leaves what is there, what is later, and letters', async () => {
    const { redis } = await server();
    const { journal } = await opened(redis);
    const seq = async (key: string) => (await accept(journal, key)).seq;
    const [lost, there, earlier, buried] = [
      await seq('Row:1'),
      await seq('Row:2'),
      await seq('Row:3'),
      await seq('Row:4'),
    ];
    await journal.settle([{ key: 'Row:1', seq: lost }]);
    const later = await seq('Row:3');
    await journal.bury({ ...write('Row:4'), seq: buried, attempts: 1, error: 'refused', buriedAtMs: 1 });
    const writes = Object.entries({ 'Row:1': lost, 'Row:2': there, 'Row:3': earlier, 'Row:4': buried });
    const again = writes.map(([key, number]) => ({ key, seq: number, record: Buffer.from('again') }));
    expect(await journal.restore?.(again)).toBe(1);
    const found = await journal.pending(writes.map(([key]) => key));
    expect(found.map((one) => one && [one.seq, Buffer.from(one.record).toString()])).toEqual([
      [lost, 'again'],
      [there, 'one'],
      [later, 'one'],
      undefined,
    ]);
    expect(await journal.deadLetters()).toMatchObject([{ key: 'Row:4' }]);
    expect(await journal.restore?.(again)).toBe(0);
  });

  it('tells when it was robbed, by whatever asks it next, and where another name for it has come meanwhile', async () => {
    const { redis, admin } = await server();
    const doubts: string[] = [];
    const journal = redisJournal(new Redis(redis.url, { lazyConnect: true }));
    onTestFinished(() => journal.close());
    await journal.open?.({ log: cacheLog(), onDoubt: ({ why, held }) => doubts.push(`${why} ${held}`) });
    const { journal: other } = await opened(redis);
    await accept(journal, 'Row:1');
    await journal.claim({ limit: 10, forMs: 1000 });
    expect(doubts).toEqual([]);
    const told = async (ask: () => unknown): Promise<string[]> => {
      await accept(journal, 'Row:1');
      await admin.flushall();
      await ask();
      return doubts.splice(0);
    };
    expect(await told(() => journal.pending(['Row:1']))).toEqual(['robbed 1']);
    expect(await told(() => accept(journal, 'Row:1'))).toEqual(['robbed 1']);
    const byOther = async () => {
      await accept(other, 'Row:1');
      await journal.pending(['Row:1']);
    };
    expect(await told(byOther)).toEqual(['robbed 1']);
    // All shards of it.
    expect(await told(() => journal.claim({ limit: 10, forMs: 1000 }))).toHaveLength(4);
  });

  it('does not replay a letter in whose place another one has come', async () => {
    const { redis, admin } = await server();
    const { journal } = await opened(redis);
    const { seq } = await accept(journal, 'Row:1');
    await journal.bury({ ...write('Row:1'), seq, attempts: 1, error: 'refused', buriedAtMs: 1 });
    const [dead = ''] = await admin.keys('*:dead');
    const keys = ['pending', 'due', 'attempts', 'dead'].map((what) => dead.replace('dead', what));
    // The other one came between reading the letter and this step.
    const args = ['Row:1', `${seq}`, 'one', 'the letter that was read'];
    expect(await runScript(admin, journalScripts.replay, [{ keys, args }])).toEqual([0]);
    expect(await journal.size()).toMatchObject({ pending: 0, dead: 1 });
    expect(await journal.replay('Row:1')).toBe('replayed');
  });
});
