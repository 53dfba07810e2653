import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisJournal } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { NAME, watchedRedis } from '../../../support/servers/watched-redis.js';

/** Writes that are acknowledged before the primary is killed among others. */
const BEFORE = 200;

describe.skipIf(!needsRedis())('a journal that sentinels find', () => {
  it('has all that was acknowledged with a replica, after its primary was killed', async () => {
    const { primary, failOver, sentinels, cutReplica } = await watchedRedis();
    const client = new Redis({ sentinels: [...sentinels], name: NAME, lazyConnect: true });
    const journal = redisJournal(client, { replicas: 1 });
    onTestFinished(async () => {
      await journal.close();
      client.disconnect();
    });
    await journal.open?.({ log: cacheLog() });
    await expect.poll(() => journal.mayAccept(), { timeout: 10_000 }).toBe(true);
    const acknowledged: string[] = [];
    let asked = 0;
    const accept = async (key: string): Promise<void> => {
      asked += 1;
      const { outcome } = await journal.accept({ key, record: Buffer.from(key), delayMs: 60_000 });
      if (outcome === 'accepted') acknowledged.push(key);
    };
    const acceptOn = async (lane: number): Promise<void> => {
      // Until one fails, which is neither acknowledged nor lost.
      for (let turn = 0; ; turn += 1) await accept(`Row:${lane}.${turn}`);
    };
    const accepting = Array.from({ length: 10 }, (_, lane) => acceptOn(lane).catch(() => undefined));
    await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(BEFORE);
    cutReplica();
    // Writes that the replica never gets: none of them may be acknowledged.
    const since = asked;
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(since + 1);
    await primary.stop();
    await Promise.all(accepting);
    await failOver();
    await expect.poll(() => journal.isAway(), { timeout: 10_000 }).toBe(false);
    const pending = await journal.pending(acknowledged);
    expect(pending.filter((write) => write === undefined)).toHaveLength(0);
    expect(acknowledged.length).toBeGreaterThan(BEFORE);
  });
});
