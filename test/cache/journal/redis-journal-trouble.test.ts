import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisJournal, type Journal, type RedisJournalOptions } from '../../../src/cache/index.js';
import { journalScripts } from '../../../src/cache/journal/redis/journal-scripts.js';
import { runScript } from '../../../src/cache/store/redis/lua-script.js';
import { cacheLog } from '../../support/cache-log.js';
import { needsRedis } from '../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../support/private-redis.js';

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
