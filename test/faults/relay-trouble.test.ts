import { setTimeout as passes } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { post } from '../support/worlds/seeded-api.js';
import { apiWorld } from './api-world.js';
import { expectTime } from '../support/run/expect-time.js';

const film = '{ movie(id: 1) { title } }';
const SEEN_WITHIN_MS = 1000;
/** A relay that cannot reach Redis has its rows in hand for up to 100 ms: here it is in the middle of that. */
const IN_THE_MIDDLE_MS = 40;

describe.skipIf(!needsPostgres() || !needsRedis())('a process that has taken a row of the outbox', () => {
  it(
    'holds it back from the others for a moment only, when it stands still',
    { timeout: 120_000 },
    async () => {
      const world = await apiWorld();
      try {
        const [relaying, ...others] = world.processes;
        if (relaying === undefined) throw new Error('there is no process');
        for (const api of world.processes) await post(api, film);
        for (const api of others) api.pause();
        // What it says to Redis is lost on the way.
        relaying.proxy.set({ blackHole: 'both' });
        await world.database.query(`UPDATE "Movie" SET "title" = 'Take 1' WHERE "id" = 1`);
        const committedAtMs = performance.now();
        await passes(IN_THE_MIDDLE_MS);
        relaying.pause();
        for (const api of others) api.resume();
        const old = async (): Promise<boolean> =>
          (await Promise.all(others.map((api) => post(api, film)))).some(
            (answer) => !answer.includes('Take 1'),
          );
        await expect.poll(old, { interval: 20, timeout: 10_000 }).toBe(false);
        const seenAfterMs = performance.now() - committedAtMs;
        relaying.proxy.set({});
        relaying.resume();
        await expect.poll(() => post(relaying, film), { timeout: 10_000 }).toContain('Take 1');
        expectTime(seenAfterMs, 'milliseconds until all see it').toBeLessThan(SEEN_WITHIN_MS);
      } finally {
        await world.close();
      }
    },
  );

  it('goes on when PostgreSQL ends its connection meanwhile', { timeout: 120_000 }, async () => {
    const world = await apiWorld();
    try {
      for (const api of world.processes) await post(api, film);
      world.redis.pause();
      await world.database.query(`UPDATE "Movie" SET "title" = 'Take 1' WHERE "id" = 1`);
      const ended = async (): Promise<number | null> => {
        const { rowCount } = await world.database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'`,
        );
        return rowCount;
      };
      await expect.poll(ended, { interval: 5, timeout: 10_000 }).toBeGreaterThan(0);
      world.redis.resume();
      for (const api of world.processes) {
        await expect.poll(() => post(api, film), { timeout: 10_000 }).toContain('Take 1');
      }
    } finally {
      await world.close();
    }
  });
});
