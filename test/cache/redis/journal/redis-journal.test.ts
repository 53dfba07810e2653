import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CacheError } from '../../../../src/cache/index.js';
import { redisJournal, type RedisJournalOptions } from '../../../../src/cache/redis/index.js';
import { shardNames } from '../../../../src/cache/redis/journal/journal-names.js';
import { journalContract } from '../../../../src/cache/testing/index.js';
import { freePort } from '../../../support/free-port.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis } from '../../../support/private-redis.js';
import { useWorkerRedis } from '../../../support/servers/worker-redis.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

describe.skipIf(!needsRedis())('with a real server', () => {
  const server = useWorkerRedis(needsRedis());
  let made = 0;

  const client = (url: string): Redis => new Redis(url, { lazyConnect: true });

  describe('the journal contract: redis', () => {
    const cases = journalContract({
      create: async (maxPending) => {
        const journal = redisJournal(client(server.url), { prefix: `journal${(made += 1)}`, maxPending });
        await journal.open?.({ log: cacheLog() });
        return { journal, pass: (ms) => passes(ms) };
      },
    });
    for (const { title, run } of cases) it(title, run);
  });

  it('accepts no write of a further key beside ten thousand dead letters, until some are gone', async () => {
    const journal = redisJournal(client(server.url), { prefix: 'letters' });
    onTestFinished(() => journal.close());
    await journal.open?.({ log: cacheLog() });
    const admin = new Redis(server.url);
    onTestFinished(() => admin.disconnect());
    const accept = async (): Promise<string> => {
      const key = 'Place:1';
      const { outcome } = await journal.accept({ key, record: Buffer.from('x'), delayMs: 60_000 });
      return outcome;
    };
    const letters = Array.from({ length: 2500 }, (_, at) => [`Place:dead${at}`, '1|x']);
    for (let shard = 0; shard < 4; shard += 1)
      await admin.hset(shardNames('letters', shard).dead, ...letters.flat());
    expect(await accept()).toBe('full');
    for (let shard = 0; shard < 4; shard += 1)
      await admin.hdel(shardNames('letters', shard).dead, 'Place:dead7');
    expect(await accept()).toBe('accepted');
  });

  /** What opening says of a server with these settings. */
  async function refusal(settings: readonly string[], options: RedisJournalOptions): Promise<string> {
    const redis = await privateRedis('--dir', await temporaryFolder(), ...settings);
    onTestFinished(() => redis.stop());
    const journal = redisJournal(client(redis.url), options);
    onTestFinished(() => journal.close());
    try {
      await journal.open?.({ log: cacheLog() });
      return journal.isAway() ? 'away' : 'used';
    } catch (error) {
      expect(error).toBeInstanceOf(CacheError);
      expect(error).toMatchObject({ code: 'CACHE_JOURNAL_REFUSED' });
      return String(error).replace(`${redis.port}`, 'PORT');
    }
  }

  const eviction = ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'];
  const everysec = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
  const hidden = ['--rename-command', 'CONFIG', ''];

  it.each<[string, readonly string[], RedisJournalOptions, string]>([
    [
      'may evict what it has accepted',
      eviction,
      {},
      'CacheError: redisJournal: Redis at 127.0.0.1:PORT may evict accepted writes (maxmemory-policy allkeys-lru); ' +
        'set maxmemory-policy noeviction, or give the journal a Redis of its own',
    ],
    [
      'keeps no file',
      [],
      { durability: 'everysec' },
      'CacheError: redisJournal: Redis at 127.0.0.1:PORT keeps no append-only file, but durability everysec is declared; ' +
        'set appendonly yes, or declare memory',
    ],
    [
      'syncs less often than declared',
      everysec,
      { durability: 'always' },
      'CacheError: redisJournal: Redis at 127.0.0.1:PORT does not sync before it answers (appendfsync everysec), but ' +
        'durability always is declared; set appendfsync always, or declare everysec',
    ],
    [
      'keeps its settings to itself',
      [...everysec, ...hidden],
      { durability: 'always' },
      'CacheError: redisJournal: Redis at 127.0.0.1:PORT does not sync before it answers (appendfsync unknown, as CONFIG ' +
        'GET is not allowed), but durability always is declared; set appendfsync always, or declare everysec',
    ],
    [
      'pauses its syncs',
      [...everysec, '--no-appendfsync-on-rewrite', 'yes'],
      { durability: 'everysec' },
      'CacheError: redisJournal: Redis at 127.0.0.1:PORT does not sync while it rewrites its append-only file ' +
        '(no-appendfsync-on-rewrite yes), but durability everysec is declared; set no-appendfsync-on-rewrite no, or declare memory',
    ],
    [
      'has too few replicas',
      [],
      { replicas: 1 },
      'CacheError: redisJournal: Redis at 127.0.0.1:PORT has 0 replicas, but 1 are declared; add replicas, or declare fewer',
    ],
    [
      'is a replica',
      ['--replicaof', '127.0.0.1', '1'],
      {},
      'CacheError: redisJournal: Redis at 127.0.0.1:PORT is a replica (role slave), which loses what it is given; name ' +
        'its primary instead',
    ],
  ])('refuses a server that %s', async (_what, settings, options, sentence) => {
    expect(await refusal(settings, options)).toBe(sentence);
  });

  it.each<[string, readonly string[], RedisJournalOptions]>([
    ['memory', [], {}],
    ['everysec', everysec, { durability: 'everysec' }],
    ['everysec, without CONFIG', [...everysec, ...hidden], { durability: 'everysec' }],
    ['always', ['--appendonly', 'yes', '--appendfsync', 'always'], { durability: 'always' }],
    ['less than the server keeps', everysec, { durability: 'memory' }],
  ])('uses a server that keeps what is declared: %s', async (_what, settings, options) => {
    expect(await refusal(settings, options)).toBe('used');
  });

  it('waits for as many replicas as are declared', async () => {
    const primary = await privateRedis();
    const replica = await privateRedis('--replicaof', '127.0.0.1', `${primary.port}`);
    onTestFinished(async () => void (await Promise.all([primary.stop(), replica.stop()])));
    const admin = new Redis(primary.url);
    onTestFinished(() => admin.disconnect());
    await expect
      .poll(async () => /slave0:.*state=online/.test(await admin.info('replication')), { timeout: 10_000 })
      .toBe(true);
    const journal = redisJournal(client(primary.url), { replicas: 1 });
    onTestFinished(() => journal.close());
    await journal.open?.({ log: cacheLog() });
    const write = { key: 'Row:1', record: Buffer.from('one'), delayMs: 0 };
    // A replica that has only just come says what it has once a second.
    const outcome = async (): Promise<string> => (await journal.accept(write)).outcome;
    await expect.poll(outcome, { timeout: 10_000 }).toBe('accepted');
    process.kill(replica.pid, 'SIGSTOP');
    expect(await journal.accept(write)).toMatchObject({ outcome: 'unconfirmed' });
    process.kill(replica.pid, 'SIGCONT');
  });

  it('is away while the server hangs, and used again after it', async () => {
    const redis = await privateRedis();
    onTestFinished(() => redis.stop());
    const journal = redisJournal(client(redis.url), { commandTimeoutMs: 100 });
    onTestFinished(() => journal.close());
    await journal.open?.({ log: cacheLog() });
    const write = { key: 'Row:1', record: Buffer.from('late'), delayMs: 0 };
    process.kill(redis.pid, 'SIGSTOP');
    await expect(async () => journal.accept(write)).rejects.toThrow('no answer within 100 ms');
    expect(journal.isAway()).toBe(true);
    const later = journal.laterSeq();
    process.kill(redis.pid, 'SIGCONT');
    await expect.poll(() => journal.isAway(), { timeout: 15_000 }).toBe(false);
    // The server ran the command after all, too late, and refused it.
    expect(await journal.pending(['Row:1'])).toEqual([undefined]);
    expect((await journal.accept(write)).seq).toBeGreaterThan(later);
  });

  it('is given nothing more once the server may evict, until it may not', async () => {
    const redis = await privateRedis();
    onTestFinished(() => redis.stop());
    const log = cacheLog();
    const journal = redisJournal(client(redis.url));
    onTestFinished(() => journal.close());
    await journal.open?.({ log });
    const admin = new Redis(redis.url);
    onTestFinished(() => admin.disconnect());
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    // What happens every minute happens at a reconnection as well.
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect.poll(() => log.lines.join('\n'), { timeout: 15_000 }).toContain('may evict accepted writes');
    // What it has is read and flushed all the same.
    expect([journal.mayAccept(), journal.isAway()]).toEqual([false, false]);
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    await expect.poll(() => journal.mayAccept(), { timeout: 15_000 }).toBe(true);
    // Not that it can be used again, while it is given nothing new.
    expect(log.lines.map((line) => line.split(' {')[0]?.replace(`${redis.port}`, 'PORT'))).toEqual([
      'warn the journal cannot be used; writes go straight to the database until it can',
      'error redisJournal: Redis at 127.0.0.1:PORT may evict accepted writes (maxmemory-policy allkeys-lru); set ' +
        'maxmemory-policy noeviction, or give the journal a Redis of its own',
      'warn the journal can be used again',
    ]);
  });

  it('is away from the start where there is no server', async () => {
    const journal = redisJournal(client(`redis://127.0.0.1:${await freePort()}`));
    onTestFinished(() => journal.close());
    await journal.open?.({ log: cacheLog() });
    expect(journal.isAway()).toBe(true);
    await expect(async () =>
      journal.accept({ key: 'a', record: Buffer.from('b'), delayMs: 0 }),
    ).rejects.toThrow('away');
  });
});
