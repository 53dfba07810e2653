import { setTimeout as passes } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Journal } from '../../../../src/cache/index.js';
import { redisJournal, type RedisJournalOptions } from '../../../../src/cache/redis/index.js';
import { shardIndex, SLOTS_OF_SHARDS } from '../../../../src/cache/redis/journal/journal-names.js';
import { systemClock } from '../../../../src/cache/time/clock.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import type { PrivateRedis } from '../../../support/private-redis.js';
import { privateCluster, told, type PrivateCluster } from '../../../support/servers/private-cluster.js';
import { places, placeTable, type PlaceTable } from '../../../support/worlds/places.js';

const isLong = process.env['ATTACKS'] === 'long';
const KILLS = isLong ? 10 : 1;
const WITHIN = { timeout: isLong ? 600_000 : 60_000 };
const POLL = { timeout: 30_000 };
const LANES = 10;
const KEYS = 600;
/** What the database takes to save what the replica never heard of. */
const FLUSH_MS = 220;
const READ_FOR_MS = 1000;
const FILES = ['--appendonly', 'yes', '--appendfsync', 'everysec'];

describe.skipIf(!needsRedis())('a Redis Cluster whose nodes are killed', () => {
  async function started(...settings: string[]): Promise<PrivateCluster> {
    const cluster = await privateCluster({ settings });
    onTestFinished(() => cluster.stop());
    return cluster;
  }

  function journalOn(nodes: readonly PrivateRedis[], options: RedisJournalOptions = {}): Journal {
    const client = new Cluster(
      nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
      { lazyConnect: true },
    );
    onTestFinished(() => client.disconnect());
    return redisJournal(client, { maxPending: 100_000, ...options });
  }

  /** Of three that own a third of the slots each. */
  const nodeOf = (key: string): number => {
    const slot = SLOTS_OF_SHARDS[shardIndex(key, SLOTS_OF_SHARDS.length)] ?? 0;
    return Math.floor((slot * 3) / 16_384);
  };

  /** Resolves once a replica has taken over. */
  async function takesOver({ port }: PrivateRedis): Promise<void> {
    await expect.poll(() => told(port, 'ROLE'), POLL).toMatch(/^master/);
    await expect.poll(() => told(port, 'CLUSTER', 'INFO'), POLL).toContain('cluster_state:ok');
  }

  it('has every write that was acknowledged, with everysec and a replica', WITHIN, async () => {
    const cluster = await started(...FILES);
    const journal = journalOn(cluster.primaries, { durability: 'everysec', replicas: 1 });
    onTestFinished(async () => journal.close());
    /** Parts that this process was told not to believe, before it got an answer of the node that took over. */
    const moved = new Set<number>();
    await journal.open?.({
      log: cacheLog(),
      onDoubt: ({ why, part = -1 }) => void (why === 'moved' && moved.add(part)),
    });
    const [current, replicas] = [[...cluster.primaries], [...cluster.replicas]];
    /** The latest that was acknowledged of each key. */
    const acknowledged = new Map<string, number>();
    const seen = { asked: 0, acknowledged: 0, round: 0, isOver: false };
    const byNode = [0, 0, 0];
    const acceptOn = async (lane: number): Promise<void> => {
      for (let turn = lane; !seen.isOver; turn += LANES) {
        // Each round has keys of its own: what it has lost must not be written once more.
        const key = `Row:${seen.round}.${turn % KEYS}`;
        seen.asked += 1;
        try {
          const record = Buffer.from(`${turn}`);
          const { outcome } = await journal.accept({ key, record, delayMs: 3_600_000 });
          if (outcome !== 'accepted') continue;
          acknowledged.set(key, turn);
          seen.acknowledged += 1;
          byNode[nodeOf(key)] = (byNode[nodeOf(key)] ?? 0) + 1;
        } catch {
          // It goes straight to the database.
          await passes(1);
        }
      }
    };
    const accepting = Array.from({ length: LANES }, (_, lane) => acceptOn(lane));
    const goesOn = async (more: number): Promise<void> => {
      const since = seen.acknowledged;
      await expect.poll(() => seen.acknowledged, POLL).toBeGreaterThan(since + more);
    };
    const usedAgainMs: number[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      const [node, isCut] = [round % 3, round % 2 === 0];
      const [primary, replica] = [current[node], replicas[node]];
      if (primary === undefined || replica === undefined) throw new Error('there is no such node');
      await goesOn(500);
      if (isCut) {
        // Writes that the replica never gets: none of them may be acknowledged.
        await told(primary.port, 'ACL', 'SETUSER', 'default', '-sync', '-psync', '-replconf');
        await told(primary.port, 'CLIENT', 'KILL', 'TYPE', 'replica');
        const since = seen.asked;
        await expect.poll(() => seen.asked, POLL).toBeGreaterThan(since + LANES);
      }
      seen.round += 1;
      await primary.stop();
      const sinceMs = performance.now();
      await takesOver(replica);
      current[node] = replica;
      const before = byNode[node] ?? 0;
      replicas[node] = await cluster.addReplica(replica.port);
      await expect.poll(() => byNode[node], POLL).toBeGreaterThan(before);
      usedAgainMs.push(Math.round(performance.now() - sinceMs));
    }
    await goesOn(100);
    seen.isOver = true;
    await Promise.all(accepting);
    // One that has accepted nothing, and so keeps nothing.
    const reader = journalOn(current, { durability: 'everysec', replicas: 1 });
    onTestFinished(async () => reader.close());
    await reader.open?.({ log: cacheLog() });
    const keys = [...acknowledged.keys()];
    const pending = await reader.pending(keys);
    const lost = keys.filter((key, index) => {
      const found = Number(pending[index]?.record.toString() ?? -1);
      return found < (acknowledged.get(key) ?? 0);
    });
    if (isLong) process.stdout.write(`${JSON.stringify({ ...seen, lost: lost.length, usedAgainMs })}\n`);
    expect(lost).toEqual([]);
    const killed = SLOTS_OF_SHARDS.flatMap((slot, part) =>
      Math.floor((slot * 3) / 16_384) < KILLS ? [part] : [],
    );
    expect([...moved].sort((one, other) => one - other)).toEqual(killed);
    expect(keys.length).toBeGreaterThan((KEYS / 2) * KILLS);
  });

  it(
    'shows no process a state older than what was acknowledged, after a replica that lagged took over',
    WITHIN,
    async () => {
      // Otherwise all nodes stop until the replica has taken over.
      const cluster = await started('--cluster-require-full-coverage', 'no');
      const fast = placeTable();
      const table: PlaceTable = {
        ...fast,
        flush: (writes) => passes(FLUSH_MS).then(() => fast.flush(writes)),
      };
      const process = () => places({ table, clock: systemClock, journal: journalOn(cluster.primaries) });
      const [writer, reader] = [await process(), await process()];
      const idOn = (node: number): number =>
        Array.from({ length: 100 }, (_, id) => id).find((id) => nodeOf(`Place:${id}`) === node) ?? -1;
      const rows = [0, 1].map((node) => ({
        id: idOn(node),
        written: 0,
        acknowledged: 0,
        reads: 0,
        older: 0,
      }));
      const [there, elsewhere] = rows;
      if (there === undefined || elsewhere === undefined) throw new Error('there are no rows');
      let isOver = false;
      const note = async (row: typeof there): Promise<string | undefined> => {
        const seconds = (row.written += 1);
        const { outcomes } = await writer.note(row.id, seconds);
        row.acknowledged = seconds;
        return outcomes[0];
      };
      const readOn = async ({ cache, read }: typeof reader, row: typeof there): Promise<void> => {
        while (!isOver) {
          const since = row.acknowledged;
          // So that it is the journal that is asked, or the table.
          await cache.invalidate([`Place:${row.id}`]);
          const [seconds] = await read('aside', row.id);
          row.reads += 1;
          if (Number(seconds) < since) row.older += 1;
          await passes(2);
        }
      };
      const reading = [writer, reader].flatMap((process) => rows.map((row) => readOn(process, row)));
      expect(await note(there)).toBe('Mutation.note QUEUED');
      await cluster.cutReplica(0);
      // The replica never hears of it, and goes on having the one before as pending.
      expect(await note(there)).toBe('Mutation.note QUEUED');
      await cluster.primaries[0]?.stop();
      const replica = cluster.replicas[0];
      if (replica === undefined) throw new Error('there is no replica');
      const takenOver = takesOver(replica);
      const outcomes = new Set<string | undefined>();
      let isTakenOver = false;
      void takenOver.then(() => (isTakenOver = true));
      while (!isTakenOver) {
        outcomes.add(await note(elsewhere));
        await passes(50);
      }
      await takenOver;
      await expect.poll(() => note(there), { ...POLL, interval: 100 }).toBe('Mutation.note QUEUED');
      await passes(READ_FOR_MS);
      isOver = true;
      await Promise.all(reading);
      expect(rows.map(({ older }) => older)).toEqual([0, 0]);
      expect(rows.map(({ reads }) => reads > 100)).toEqual([true, true]);
      expect([...outcomes]).toEqual(['Mutation.note QUEUED']);
      await writer.isFlushed();
      expect(rows.map(({ id }) => table.rows.get(`${id}`)?.seconds)).toEqual(
        rows.map(({ written }) => written),
      );
    },
  );
});
