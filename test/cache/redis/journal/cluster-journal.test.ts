import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as passes } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Journal } from '../../../../src/cache/index.js';
import { redisJournal, redisStore, type RedisJournalOptions } from '../../../../src/cache/redis/index.js';
import { shardIndex, SLOTS_OF_SHARDS } from '../../../../src/cache/redis/journal/journal-names.js';
import { journalContract } from '../../../../src/cache/testing/index.js';
import { systemClock } from '../../../../src/cache/time/clock.js';
import { readConfig } from '../../../../src/config.js';
import { createJournal } from '../../../../src/redis/create-journal.js';
import { packageRoot } from '../../../../src/start/package-root.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { expectTime } from '../../../support/run/expect-time.js';
import { told } from '../../../support/servers/private-cluster.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';
import { places, placeTable } from '../../../support/worlds/places.js';
import { useCluster } from '../cluster/use-cluster.js';

describe.skipIf(!needsRedis())('the journal on a Redis Cluster', () => {
  const { servers, client } = useCluster('unknown');
  let made = 0;

  async function opened(options: RedisJournalOptions = {}, log = cacheLog()): Promise<Journal> {
    const journal = redisJournal(client(), { prefix: `journal${(made += 1)}`, ...options });
    onTestFinished(async () => journal.close());
    await journal.open?.({ log });
    return journal;
  }

  const partOf = (key: string): number => shardIndex(key, SLOTS_OF_SHARDS.length);
  /** Of three that own a third of the slots each. */
  const nodeOf = (key: string): number => Math.floor(((SLOTS_OF_SHARDS[partOf(key)] ?? 0) * 3) / 16_384);
  const ids = Array.from({ length: 100 }, (_, id) => id);
  const idOn = (node: number): number => ids.find((id) => nodeOf(`Place:${id}`) === node) ?? -1;
  const keyOn = (node: number): string => `Place:${idOn(node)}`;
  const write = (key: string, text = 'one') => ({ key, record: Buffer.from(text), delayMs: 60_000 });
  const portOf = (node: number): number => servers().primaries[node]?.port ?? 0;

  /** A proxy to each primary, and where the nodes are by way of these. */
  async function proxied() {
    const proxies = await Promise.all(servers().primaries.map(({ port }) => tcpProxy(port)));
    const natMap = Object.fromEntries(
      proxies.map(({ port }, node) => [`127.0.0.1:${portOf(node)}`, { host: '127.0.0.1', port }]),
    );
    return { proxies, natMap };
  }

  describe('the journal contract: redis cluster', () => {
    const cases = journalContract({
      create: async (maxPending) => ({ journal: await opened({ maxPending }), pass: (ms) => passes(ms) }),
    });
    for (const { title, run } of cases) it(title, run);
  });

  it('lies on every node, and each shard in one slot', async () => {
    const journal = await opened({ prefix: 'spread' });
    for (const id of ids)
      expect(await journal.accept(write(`Place:${id}`))).toMatchObject({ seq: expect.any(Number) });
    const held = await Promise.all(
      servers().primaries.map(({ port }) => told(port, 'KEYS', 'spread:j:*:pending')),
    );
    expect(held.map((keys) => keys.split(',').length)).toEqual([5, 6, 5]);
    expect(await journal.size()).toMatchObject({ pending: ids.length });
  });

  it.each<[string, readonly [name: string, value: string], RedisJournalOptions, string]>([
    [
      'may evict',
      ['maxmemory-policy', 'allkeys-lru'],
      {},
      'may evict accepted writes (maxmemory-policy allkeys-lru)',
    ],
    [
      'keeps no file',
      ['appendonly', 'no'],
      { durability: 'everysec' },
      'keeps no append-only file, but durability everysec is declared',
    ],
  ])('refuses a node that %s, and names it', async (_what, [name, value], options, sentence) => {
    const [first] = [portOf(0)];
    for (const { port } of servers().primaries) await told(port, 'CONFIG', 'SET', 'appendonly', 'yes');
    await opened(options);
    const before = (await told(first, 'CONFIG', 'GET', name)).split(',')[1] ?? '';
    await told(first, 'CONFIG', 'SET', name, value);
    onTestFinished(async () => void (await told(first, 'CONFIG', 'SET', name, before)));
    await expect(opened(options)).rejects.toThrow(`redisJournal: Redis at 127.0.0.1:${first} ${sentence}`);
  });

  it('refuses nodes with fewer replicas than declared, and a storePrefix', async () => {
    await expect(opened({ replicas: 2 })).rejects.toThrow(
      /Redis at 127\.0\.0\.1:\d+ has 1 replicas, but 2 are declared/,
    );
    expect(() => redisJournal(client(), { storePrefix: 'films' })).toThrow(
      'redisJournal: storePrefix needs a single server: on a Cluster an entry and its journal lie in different slots; leave it out',
    );
    expect(() => redisJournal(client({ scaleReads: 'all' }))).toThrow(
      'redisJournal: the client has scaleReads',
    );
  });

  it('gives a node nothing new once it may evict, and reads what it has; the others go on', async () => {
    const log = cacheLog();
    const journal = await opened({}, log);
    const [weak, strong] = [keyOn(0), keyOn(1)];
    await journal.accept(write(weak));
    await told(portOf(0), 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    // What happens every minute happens at a reconnection as well.
    await told(portOf(0), 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect.poll(() => log.lines.join('\n'), { timeout: 15_000 }).toContain('may evict accepted writes');
    const may = (key: string): boolean => journal.mayAccept(partOf(key));
    await expect
      .poll(() => [journal.isAway(partOf(weak)), may(weak), may(strong)])
      .toEqual([false, false, true]);
    expect((await journal.pending([weak]))[0]?.record.toString()).toBe('one');
    expect(await journal.accept(write(strong))).toMatchObject({ outcome: 'accepted' });
    await told(portOf(0), 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await expect.poll(() => may(weak), { timeout: 15_000 }).toBe(true);
  }, 30_000);

  it('asks the node that took a write whether its replica has it', async () => {
    const journal = await opened({ replicas: 1, commandTimeoutMs: 500 });
    const outcomes = (): Promise<string[]> =>
      Promise.all([0, 1, 2].map(async (node) => (await journal.accept(write(keyOn(node)))).outcome));
    await expect.poll(outcomes, { timeout: 10_000 }).toEqual(['accepted', 'accepted', 'accepted']);
    const pid = servers().replicas[0]?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    onTestFinished(() => void process.kill(pid, 'SIGCONT'));
    expect(await outcomes()).toEqual(['unconfirmed', 'accepted', 'accepted']);
  });

  it('brings what lies on a node that is away straight to the database; the others hear nothing of it', async () => {
    const { proxies, natMap } = await proxied();
    const journal = redisJournal(client({ natMap }), { prefix: 'parts', commandTimeoutMs: 300 });
    const table = placeTable();
    const { note, read, cache } = await places({ table, journal, clock: systemClock });
    table.faults.flush = new Error('no connection');
    const [there, elsewhere] = [idOn(0), idOn(1)];
    for (const id of [there, elsewhere])
      expect((await note(id, 10)).outcomes).toEqual(['Mutation.note QUEUED']);
    proxies[0]?.set({ blackHole: 'both' });
    await expect.poll(() => journal.isAway(partOf(keyOn(0))), { timeout: 10_000 }).toBe(true);
    expect([journal.isAway(), journal.isAway(partOf(keyOn(1)))]).toEqual([false, false]);
    expect(await read('aside', elsewhere)).toEqual([10, 'PENDING']);
    table.faults.flush = undefined;
    await expect.poll(() => table.rows.get(`${there}`)?.seconds, { timeout: 10_000 }).toBe(10);
    const written = [(await note(there, 20)).outcomes, (await note(elsewhere, 20)).outcomes];
    expect(written).toEqual([['Mutation.note WRITTEN'], ['Mutation.note QUEUED']]);
    expect(table.rows.get(`${there}`)?.seconds).toBe(20);
    expect((await read('through', there))[0]).toBe(20);
    await expect.poll(() => table.rows.get(`${elsewhere}`)?.seconds, { timeout: 10_000 }).toBe(20);
    proxies[0]?.set({});
    await expect.poll(() => journal.isAway(partOf(keyOn(0))), { timeout: 15_000 }).toBe(false);
    // What is pending there from before is older, and changes nothing.
    await expect.poll(async () => (await cache.writes.journal()).size?.pending, { timeout: 10_000 }).toBe(0);
    expect(table.rows.get(`${there}`)?.seconds).toBe(20);
  }, 60_000);

  it('goes on with what lies on the others while a node hangs and is not known to be away yet', async () => {
    const { proxies, natMap } = await proxied();
    const [journal, log, key] = [redisJournal(client({ natMap }), { prefix: 'hung' }), cacheLog(), keyOn(1)];
    onTestFinished(async () => journal.close());
    await journal.open?.({ log });
    const seen = { asked: 0, failed: 0, longestMs: 0 };
    const acceptOne = async (): Promise<void> => {
      const sinceMs = performance.now();
      seen.asked += 1;
      const isUsed = !journal.isAway(partOf(key)) && journal.mayAccept(partOf(key));
      const isAccepted = isUsed && (await journal.accept(write(key))).outcome === 'accepted';
      if (!isAccepted || (await journal.pending([key]))[0] === undefined) seen.failed += 1;
      seen.longestMs = Math.max(seen.longestMs, performance.now() - sinceMs);
    };
    proxies[0]?.set({ blackHole: 'both' });
    const isNoticed = async (): Promise<boolean> => {
      await acceptOne();
      return log.lines.some((line) => line.includes('a node of the journal cannot be used'));
    };
    await expect.poll(isNoticed, { timeout: 10_000, interval: 5 }).toBe(true);
    expect(seen).toMatchObject({ failed: 0 });
    expect(seen.asked).toBeGreaterThan(20);
    expectTime(seen.longestMs).toBeLessThan(150);
  }, 30_000);

  it('is given again what a node has lost; reads of what lies on the others see what was accepted all the while', async () => {
    const table = placeTable();
    table.faults.flush = new Error('no connection');
    const prefix = 'robbed';
    const { note, read, cache } = await places({
      ...{ table, clock: systemClock, store: redisStore(client(), { prefix }) },
      journal: redisJournal(client(), { prefix }),
    });
    const [there, elsewhere] = [idOn(0), idOn(1)];
    for (const id of [there, elsewhere])
      expect((await note(id, 10)).outcomes).toEqual(['Mutation.note QUEUED']);
    await told(portOf(0), 'FLUSHALL');
    const seen = new Set<unknown>();
    const restored = async (): Promise<number> => {
      await cache.invalidate([keyOn(1)]);
      seen.add((await read('aside', elsewhere))[0]);
      return (await cache.writes.journal()).flushed.restored;
    };
    await expect.poll(restored, { timeout: 10_000, interval: 5 }).toBe(1);
    expect([...seen]).toEqual([10]);
    table.faults.flush = undefined;
    const rows = () => [there, elsewhere].map((id) => table.rows.get(`${id}`)?.seconds);
    await expect.poll(rows, { timeout: 10_000 }).toEqual([10, 10]);
    expect((await cache.writes.journal()).flushed).toMatchObject({ losses: 1, lost: 0 });
  }, 30_000);

  it('has every acknowledged write of a shard whose slot moves meanwhile, in the order of its key', async () => {
    const journal = await opened({ prefix: 'moving' });
    const [key] = [keyOn(0)];
    const slot = SLOTS_OF_SHARDS[partOf(key)] ?? 0;
    const [from, to] = [portOf(0), portOf(1)];
    const [fromId, toId] = [await told(from, 'CLUSTER', 'MYID'), await told(to, 'CLUSTER', 'MYID')];
    const seen = { acknowledged: 0, refused: 0, isOver: false };
    const accepting = (async () => {
      for (let turn = 1; !seen.isOver; turn += 1) {
        try {
          await journal.accept(write(key, `${turn}`));
          seen.acknowledged = turn;
        } catch {
          // Between both nodes it goes straight to the database.
          seen.refused += 1;
        }
        await passes(1);
      }
    })();
    await expect.poll(() => seen.acknowledged).toBeGreaterThan(20);
    await told(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await told(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    const move = async (): Promise<number> => {
      const keys = (await told(from, 'CLUSTER', 'GETKEYSINSLOT', slot, 1000)).split(',').filter(Boolean);
      for (const name of keys) await told(from, 'MIGRATE', '127.0.0.1', to, name, 0, 1000);
      return keys.length;
    };
    await move();
    expect(journal.isAway(partOf(keyOn(2)))).toBe(false);
    await expect.poll(() => seen.refused).toBeGreaterThan(2);
    await expect.poll(move).toBe(0);
    for (const port of [to, from, portOf(2)]) await told(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    const since = seen.acknowledged;
    await expect.poll(() => seen.acknowledged, { timeout: 10_000 }).toBeGreaterThan(since + 20);
    seen.isOver = true;
    await accepting;
    const [pending] = await journal.pending([key]);
    expect(Number(pending?.record.toString())).toBeGreaterThanOrEqual(seen.acknowledged);
    expect(await told(to, 'CLUSTER', 'COUNTKEYSINSLOT', slot)).not.toBe('0');
  }, 30_000);

  it('has room for as many keys as it is given, over all shards', async () => {
    const journal = await opened({ maxPending: 20 });
    const rows = Array.from({ length: 200 }, (_, row) => `Row:${row}`);
    const outcomes = await Promise.all(rows.map(async (row) => (await journal.accept(write(row))).outcome));
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(20);
  });

  it('tells of which shard more is left than was taken', async () => {
    const journal = await opened();
    const keys = Array.from({ length: 400 }, (_, row) => `Row:${row}`).filter((key) => partOf(key) === 3);
    expect(keys.length).toBeGreaterThan(20);
    for (const key of keys) await journal.accept(write(key));
    const left: number[] = [];
    const claim = async (limit: number): Promise<number> =>
      (await journal.claim({ limit, forMs: 60_000, all: true, onLeft: (part) => left.push(part) })).length;
    expect(await claim(10 * SLOTS_OF_SHARDS.length)).toBe(10);
    expect(left).toEqual([3]);
    expect(await claim(400 * SLOTS_OF_SHARDS.length)).toBe(keys.length);
    expect(left).toEqual([3]);
  });

  it('needs no rights but those that docs/write-behind.md lists, and looks at the cluster', async () => {
    const page = readFileSync(path.join(packageRoot, 'docs', 'write-behind.md'), 'utf8');
    const [, line = ''] = /^user corral on >choose-a-password (.+)$/m.exec(page) ?? [];
    const [, more = ''] = /^On a Redis Cluster also `(.+)` on every node/m.exec(page) ?? [];
    const allow = (rights: string): Promise<unknown> =>
      Promise.all(
        servers().primaries.map(({ port }) =>
          told(port, 'ACL', 'SETUSER', 'corral', 'reset', 'on', '>secret', ...rights.split(' ')),
        ),
      );
    const start = async (): Promise<Journal> => {
      const redisOptions = { username: 'corral', password: 'secret' };
      const journal = redisJournal(client({ redisOptions }), { replicas: 1 });
      onTestFinished(async () => journal.close());
      await journal.open?.({ log: cacheLog() });
      return journal;
    };
    // A server of this version has no WAITAOF, and does not know its name either.
    const known = line.replace(' +waitaof', '');
    await allow(`${known} ${more}`);
    const journal = await start();
    const outcome = async (): Promise<string> => (await journal.accept(write(keyOn(1)))).outcome;
    await expect.poll(outcome, { timeout: 10_000 }).toBe('accepted');
    await allow(known);
    await expect(start()).rejects.toThrow('does not let this user do what the cache needs');
    await allow(`${known} ${more} -zrem`);
    await expect(start()).rejects.toThrow('does not let this user do what the cache needs');
  });

  it('is that of the API where its URL names a cluster', async () => {
    const journal = createJournal(readConfig({ REDIS_URL: servers().url }), {});
    onTestFinished(async () => journal.close());
    await journal.open?.({ log: cacheLog() });
    expect([journal.endsGenerations, journal.isAway(), journal.parts?.count]).toEqual([false, false, 16]);
    expect(await journal.accept(write(keyOn(2)))).toMatchObject({ outcome: 'accepted' });
  });
});
