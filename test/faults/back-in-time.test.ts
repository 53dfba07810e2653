import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as passes } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApiProcess } from '../support/processes/api-process.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { post } from '../support/worlds/seeded-api.js';
import { apiWorld } from './api-world.js';
import { expectTime } from '../support/run/expect-time.js';

const ROUNDS = 3;
const WITHIN_MS = 6000;
const CLIENTS = 16;
const query =
  '{ one: movie(id: 1) { title director { name } } two: movie(id: 2) { title } topCharts(first: 10) { movie { title } } }';

/** One program for each core, which does nothing but turn. */
function fillCores(): void {
  const spinners = cpus().map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  onTestFinished(() => spinners.forEach((spinner) => spinner.kill('SIGKILL')));
}

async function usesRedis({ url }: ApiProcess): Promise<boolean> {
  return (await (await fetch(`${url}/readyz`)).text()).includes('"cache":"ok"');
}

describe.skipIf(!needsPostgres() || !needsRedis())('two processes on a machine that is full', () => {
  it(
    'use a Redis that was killed again within six seconds after it is back',
    { timeout: 300_000 },
    async () => {
      const world = await apiWorld({ count: 2 });
      onTestFinished(() => world.close());
      let goesOn = true;
      const clients = world.processes.flatMap((api) =>
        Array.from({ length: CLIENTS }, async () => {
          while (goesOn) await post(api, query).catch(() => passes(50));
        }),
      );
      fillCores();
      const took: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        await passes(2000);
        await world.redis.kill();
        for (const api of world.processes) {
          await expect.poll(() => usesRedis(api), { timeout: 10_000 }).toBe(false);
        }
        await passes(2000);
        await world.redis.start();
        const backAtMs = performance.now();
        const waits = world.processes.map(async (api) => {
          await expect.poll(() => usesRedis(api), { timeout: 60_000, interval: 50 }).toBe(true);
          return Math.round(performance.now() - backAtMs);
        });
        took.push(...(await Promise.all(waits)));
      }
      goesOn = false;
      await Promise.all(clients);
      process.stdout.write(`back after ${took.join(', ')} ms\n`);
      expectTime(Math.max(...took)).toBeLessThanOrEqual(WITHIN_MS);
    },
  );
});
