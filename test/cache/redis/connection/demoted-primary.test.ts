import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Journal, Store } from '../../../../src/cache/index.js';
import { redisJournal, redisStore } from '../../../../src/cache/redis/index.js';
import type { Doubt } from '../../../../src/cache/types/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { expectTime, tookMs } from '../../../support/run/expect-time.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';

const ROW = { key: 'Movie:1', tags: [] };
const CLAIM = { ...ROW, token: 'token', leaseMs: 1000, keepForMs: 60_000 };
const WAIT = { timeout: 10_000, interval: 10 };

const server = (): Promise<PrivateRedis> => privateRedis('--repl-diskless-sync-delay', '0');

/** Two servers, and one name for the first of them. */
async function twoServers() {
  const [first, second] = await Promise.all([server(), server()]);
  const [old, next] = [new Redis(first.url), new Redis(second.url)];
  onTestFinished(async () => {
    for (const client of [old, next]) client.disconnect();
    await Promise.all([first.stop(), second.stop()]);
  });
  const name = await tcpProxy(first.port);
  return {
    ...{ name, old, next },
    /** It follows the other one from now on; connections to it stay. */
    demote: async (): Promise<void> => {
      await old.call('REPLICAOF', '127.0.0.1', `${second.port}`);
      await vi.waitFor(async () => expect(await old.info('replication')).toContain('link_status:up'), WAIT);
    },
    /** New connections lead to the other one. */
    move: () => name.redirect(second.port),
  };
}

describe.skipIf(!needsRedis())('a primary that becomes a replica behind its name', () => {
  async function openedStore(port: number): Promise<{ store: Store; lines: readonly string[] }> {
    const store = redisStore(new Redis(port, { lazyConnect: true }), { prefix: 'demoted' });
    const log = cacheLog();
    await store.open?.({
      ...{ digest: 'none', log },
      onForgotten: () => undefined,
      caughtUp: () => Promise.resolve('yes'),
    });
    onTestFinished(() => store.close());
    await vi.waitFor(() => expect(store.isAway?.()).toBe(false), WAIT);
    return { store, lines: log.lines };
  }

  it('is left for the primary by a store that only reads', async () => {
    const { name, next, demote, move } = await twoServers();
    const { store } = await openedStore(name.port);
    await store.read([ROW]);
    await demote();
    move();
    const readsOfNext = async (): Promise<void> => {
      await Promise.resolve(store.read([ROW])).catch(() => undefined);
      expect(await next.info('commandstats')).toContain('cmdstat_mget');
    };
    const usedAfterMs = await tookMs(() => vi.waitFor(readsOfNext, WAIT));
    expect(store.isAway?.()).toBe(false);
    expectTime(usedAfterMs).toBeLessThan(2000);
  });

  it('is left for the primary by a store that writes, and is away until then', async () => {
    const { name, next, demote, move } = await twoServers();
    const { store, lines } = await openedStore(name.port);
    await demote();
    await expect(store.acquire([CLAIM])).rejects.toThrow('READONLY');
    // Its name leads to the replica still.
    await vi.waitFor(() => expect(lines.join('\n')).toContain('name the primary instead'), WAIT);
    expect(store.isAway?.()).toBe(true);
    move();
    const usedAfterMs = await tookMs(() => vi.waitFor(() => expect(store.isAway?.()).toBe(false), WAIT));
    expect(await store.acquire([CLAIM])).toMatchObject([{ leased: true }]);
    expect(await next.keys('demoted:*:l:{Movie:1}')).toHaveLength(1);
    expectTime(usedAfterMs).toBeLessThan(2000);
  });

  it('is not connected to without pause while its name leads to it', async () => {
    const { name, old, demote } = await twoServers();
    const { store } = await openedStore(name.port);
    await demote();
    await expect(store.acquire([CLAIM])).rejects.toThrow('READONLY');
    const connections = async (): Promise<number> =>
      Number(/total_connections_received:(\d+)/.exec(await old.info('stats'))?.[1]);
    const before = await connections();
    const sinceMs = performance.now();
    await vi.waitFor(async () => expect(await connections()).toBeGreaterThan(before + 1), WAIT);
    await vi.waitFor(() => expect(performance.now() - sinceMs).toBeGreaterThan(1500), WAIT);
    expect((await connections()) - before).toBeLessThanOrEqual(4);
  });

  async function openedJournal(port: number): Promise<{ journal: Journal; doubts: readonly Doubt[] }> {
    const journal = redisJournal(new Redis(port, { lazyConnect: true }), { prefix: 'demoted' });
    const doubts: Doubt[] = [];
    await journal.open?.({ log: cacheLog(), onDoubt: (doubt) => void doubts.push(doubt) });
    onTestFinished(() => journal.close());
    await vi.waitFor(() => expect(journal.mayAccept()).toBe(true), WAIT);
    return { journal, doubts };
  }
  const accept = (journal: Journal) =>
    Promise.resolve(journal.accept({ key: 'Row:1', record: Buffer.from('one'), delayMs: 60_000 }));

  it('is left for the primary by a journal', async () => {
    const { name, next, demote, move } = await twoServers();
    const { journal, doubts } = await openedJournal(name.port);
    await demote();
    await expect(accept(journal)).rejects.toThrow('READONLY');
    move();
    const usedAfterMs = await tookMs(() => vi.waitFor(() => expect(journal.mayAccept()).toBe(true), WAIT));
    expect(doubts.map(({ why }) => why)).toContain('moved');
    expect(await accept(journal)).toMatchObject({ outcome: 'accepted' });
    expect(await next.keys('demoted:j:*:pending')).toHaveLength(1);
    expectTime(usedAfterMs).toBeLessThan(2000);
  });

  it('is another server for a journal when it is a primary again: what it had is that of the other one', async () => {
    const { name, old, demote } = await twoServers();
    const { journal, doubts } = await openedJournal(name.port);
    await demote();
    await expect(accept(journal)).rejects.toThrow('READONLY');
    await old.call('REPLICAOF', 'NO', 'ONE');
    await vi.waitFor(() => expect(journal.mayAccept()).toBe(true), WAIT);
    expect(doubts.map(({ why }) => why)).toContain('moved');
  });
});
