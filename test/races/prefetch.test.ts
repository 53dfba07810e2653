import type { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { needsRedis } from '../support/needs.js';
import { flushAll, redisClient } from '../support/servers/redis-client.js';
import { testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { warmProcess, type WarmProcess } from '../support/processes/warm-process.js';
import { expectTime } from '../support/run/expect-time.js';

const REFRESH_SECONDS = 1;
const LOAD_MS = 300;
const REFRESHES = process.env['FAULTS_LONG'] === 'yes' ? 20 : 4;

describe.skipIf(!needsRedis())('two processes that keep a report warm', () => {
  let server: TestedRedis;
  let redis: Redis | Cluster;
  beforeAll(async () => {
    server = await testedRedis();
    redis = redisClient(server.url);
  });
  beforeEach(() => flushAll(redis));
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  const twoProcesses = (refreshEvery = REFRESH_SECONDS): Promise<[WarmProcess, WarmProcess]> => {
    const one = (name: string): Promise<WarmProcess> =>
      warmProcess({ url: server.url, name, refreshEvery, loadMs: LOAD_MS });
    return Promise.all([one('one'), one('two')]);
  };

  async function loads(): Promise<readonly { readonly name: string; readonly atMs: number }[]> {
    return (await redis.lrange('loads', 0, -1)).map((line) => {
      const [name = '', atMs] = line.split(' ');
      return { name, atMs: Number(atMs) };
    });
  }
  const loadedTimes = async (count: number): Promise<void> =>
    expect
      .poll(async () => (await loads()).length, { interval: 20, timeout: 60_000 })
      .toBeGreaterThanOrEqual(count);

  it('have it ready before the first request, load it once for each refresh, and nobody waits', async () => {
    const processes = await twoProcesses();
    expect(await loads()).toHaveLength(1);
    const outcomes = new Set<string>();
    let slowest = 0;
    const reading = setInterval(() => {
      for (const one of processes) {
        void one.ask('report').then(({ outcome, ms }) => {
          outcomes.add(outcome);
          slowest = Math.max(slowest, ms);
        });
      }
    }, 20);
    await loadedTimes(1 + REFRESHES);
    clearInterval(reading);
    const atMs = (await loads()).map((load) => load.atMs);
    const between = atMs.slice(1).map((at, index) => at - (atMs[index] ?? 0));
    // Two loads of one refresh would be closer to each other than a refresh is to the next.
    expect(Math.min(...between), `milliseconds between loads: ${between.join(' ')}`).toBeGreaterThanOrEqual(
      REFRESH_SECONDS * 1000,
    );
    expect(outcomes).toEqual(new Set(['HIT']));
    expectTime(slowest, 'the slowest read, in milliseconds').toBeLessThan(LOAD_MS);
  });

  it('go on when the one that leads is killed: the other takes over within two intervals', async () => {
    const processes = await twoProcesses();
    await loadedTimes(3);
    const leader = (await loads()).at(-1)?.name;
    const [victim, other] = leader === 'one' ? processes : [processes[1], processes[0]];
    await victim.kill();
    const killedAtMs = Date.now();
    const before = (await loads()).length;
    await loadedTimes(before + 2);
    const after = (await loads()).slice(before);
    expect(new Set(after.map(({ name }) => name))).toEqual(new Set([other.name]));
    expectTime((after[0]?.atMs ?? Infinity) - killedAtMs).toBeLessThanOrEqual(2 * REFRESH_SECONDS * 1000);
    expect((await other.ask('report')).outcome).toBe('HIT');
  });

  // Each writer has processes that have refreshed nothing yet: after a refresh there is a pause, as long as it took and more.
  it.each([0, 1])('load it again at once after a write of process %i, and once', async (writer) => {
    const processes = await twoProcesses(600);
    const before = (await loads()).length;
    const writtenAtMs = Date.now();
    await processes[writer]?.ask('write');
    await loadedTimes(before + 1);
    const [refresh] = (await loads()).slice(before);
    expectTime((refresh?.atMs ?? Infinity) - writtenAtMs).toBeLessThan(2500);
    await expect.poll(async () => (await processes[writer]?.ask('report'))?.outcome).toBe('HIT');
    expect(await loads()).toHaveLength(before + 1);
  });
});
