import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisJournal } from '../../../../src/cache/redis/index.js';
import { systemClock } from '../../../../src/cache/time/clock.js';
import { needsRedis } from '../../../support/needs.js';
import { places, placeTable, type PlaceTable } from '../../../support/worlds/places.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';

/** Failovers one after another; the long form is for a machine that does nothing else. */
const ROUNDS = process.env['ATTACKS'] === 'long' ? 20 : 2;
const READ_FOR_MS = 800;
/** What the database takes to save what the replica never heard of. */
const FLUSH_MS = 220;

describe.skipIf(!needsRedis())('a replica that lags and is promoted', () => {
  async function server(...settings: string[]): Promise<PrivateRedis> {
    const started = await privateRedis('--repl-diskless-sync-delay', '0', ...settings);
    onTestFinished(() => started.stop());
    return started;
  }

  async function told(redis: PrivateRedis, ...command: [string, ...string[]]): Promise<string> {
    const client = new Redis(redis.url);
    try {
      return String(await client.call(...command));
    } finally {
      client.disconnect();
    }
  }

  it('shows no process a state that is older than what was acknowledged', async () => {
    let primary = await server();
    const front = await tcpProxy(primary.port);
    const fast = placeTable();
    const table: PlaceTable = {
      ...fast,
      flush: (writes) => passes(FLUSH_MS).then(() => fast.flush(writes)),
    };
    const started = () =>
      places({
        table,
        clock: systemClock,
        journal: redisJournal(new Redis(front.port, { lazyConnect: true })),
      });
    const [writer, reader] = [await started(), await started()];
    let [acknowledged, older, reads, isOver] = [0, 0, 0, false];
    const readOn = async ({ cache, read }: typeof reader): Promise<void> => {
      while (!isOver) {
        const since = acknowledged;
        // So that it is the journal that is asked, or the table.
        await cache.invalidate(['Place:1']);
        const [seconds] = await read('aside', 1);
        reads += 1;
        if (Number(seconds) < since) older += 1;
        await passes(1);
      }
    };
    const reading = [writer, reader].map(readOn);
    for (let round = 0; round < ROUNDS; round += 1) {
      const link = await tcpProxy(primary.port);
      const replica = await server('--replicaof', `127.0.0.1 ${link.port}`);
      const isLinked = async () => (await told(replica, 'INFO', 'replication')).includes('link_status:up');
      await expect.poll(isLinked, { timeout: 10_000 }).toBe(true);
      await writer.note(1, acknowledged + 1);
      acknowledged += 1;
      link.set({ blackHole: 'both' });
      // The replica never hears of it.
      await writer.note(1, acknowledged + 1);
      acknowledged += 1;
      await primary.stop();
      await told(replica, 'REPLICAOF', 'NO', 'ONE');
      front.redirect(replica.port);
      front.reset();
      primary = replica;
      await passes(READ_FOR_MS);
    }
    isOver = true;
    await Promise.all(reading);
    expect({ older, acknowledged }).toEqual({ older: 0, acknowledged: 2 * ROUNDS });
    expect(reads).toBeGreaterThan(10 * ROUNDS);
    await writer.isFlushed();
    expect(table.rows.get('1')?.seconds).toBe(acknowledged);
  });
});
