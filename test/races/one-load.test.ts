import type { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisStore } from '../../src/cache/redis/index.js';
import { type Store } from '../../src/cache/index.js';
import { needsRedis } from '../support/needs.js';
import { percentile } from '../support/load/percentile.js';
import { keysOf, redisClient } from '../support/servers/redis-client.js';
import { testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { ROW_FIELDS, rowCache, type RowField } from '../support/worlds/row-cache.js';
import { rowProcess, type RowProcess, type RowProcessSettings } from '../support/processes/row-process.js';
import { rowsInRedis, type RowsInRedis } from '../support/worlds/rows-in-redis.js';
import { expectTime } from '../support/run/expect-time.js';

const LOAD_MS = 300;
const LEASE_MS = 1500;
/** Longer than any test: the load of a process that does not live to see its end. */
const NEVER_ENDS_MS = 600_000;
const REQUESTS = 200;

describe.skipIf(!needsRedis())('two processes that want one cold key', () => {
  let server: TestedRedis;
  let redis: Redis | Cluster;
  let rows: RowsInRedis;
  let made = 0;

  beforeAll(async () => {
    server = await testedRedis();
    redis = redisClient(server.url);
    rows = rowsInRedis(redis);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  const newRow = (): string => `${(made += 1)}`;
  const twoProcesses = (plant?: RowProcessSettings['plant']): Promise<[RowProcess, RowProcess]> => {
    const settings: RowProcessSettings = { url: server.url, ...(plant && { plant }) };
    return Promise.all([rowProcess(settings), rowProcess(settings)]);
  };
  const loads = async (id: string, count: number): Promise<void> =>
    expect.poll(() => rows.loadsOf(id), { interval: 5, timeout: 10_000 }).toBe(count);
  const leaseOf = async (name: string): Promise<string | null> => {
    const [key = ''] = await keysOf(redis, `*:l:{${name}}`);
    return redis.get(key);
  };

  /** What a stampede of both processes comes to. */
  async function stampede(processes: readonly RowProcess[], field: RowField) {
    const id = newRow();
    const answers = await Promise.all(
      processes.map((one) => one.read({ field, id, times: REQUESTS, loadMs: LOAD_MS })),
    );
    return {
      loads: await rows.loadsOf(id),
      versions: new Set(answers.flatMap(({ versions }) => versions)),
      p99Ms: percentile(
        answers.flatMap(({ latenciesMs }) => latenciesMs),
        0.99,
      ),
    };
  }

  it('load it once for 200 requests each, and no request waits much longer than the load', async () => {
    const processes = await twoProcesses();
    const warmUp = await Promise.all(ROW_FIELDS.map((field) => stampede(processes, field)));
    const slowest = new Map<RowField, number>();
    for (const field of ROW_FIELDS) {
      const { p99Ms, ...outcome } = await stampede(processes, field);
      expect(outcome, field).toEqual({ loads: 1, versions: new Set([0]) });
      slowest.set(field, p99Ms);
    }
    expect(warmUp.map((one) => one.loads)).toEqual([1, 1, 1]);
    for (const [field, p99Ms] of slowest)
      expectTime(p99Ms, `p99 of ${field}, in milliseconds`).toBeLessThanOrEqual(LOAD_MS + 150);
  });

  it('would load it twice, if leases were given to everybody', async () => {
    expect(await stampede(await twoProcesses('leases-for-all'), 'through')).toMatchObject({ loads: 2 });
  });

  it('load it once more when the one that loads is killed, and everybody is answered', async () => {
    const [holder, other] = await twoProcesses();
    const id = newRow();
    void holder.read({ field: 'through', id, times: 1, loadMs: NEVER_ENDS_MS });
    await loads(id, 1);
    const answered = other.read({ field: 'through', id, times: REQUESTS, loadMs: LOAD_MS });
    await holder.kill();
    const { versions, latenciesMs } = await answered;
    expect(versions).toEqual(Array.from({ length: REQUESTS }, () => 0));
    expect(await rows.loadsOf(id)).toBe(2);
    expectTime(Math.max(...latenciesMs), 'the longest wait').toBeLessThanOrEqual(LEASE_MS + LOAD_MS + 500);
  });

  it.each<RowField>(['through', 'fetched'])(
    'wait for one of them that hangs in its load of %s no longer than half a second, once they know the field',
    async (field) => {
      const [hanging, healthy] = await twoProcesses();
      await healthy.read({ field, id: newRow(), times: 1, loadMs: 5 });
      const id = newRow();
      void hanging.read({ field, id, times: 1, loadMs: NEVER_ENDS_MS });
      await loads(id, 1);
      const { latenciesMs } = await healthy.read({ field, id, times: REQUESTS, loadMs: 5 });
      const longestMs = Math.max(...latenciesMs);
      expect(longestMs, 'the longest wait, in milliseconds').toBeGreaterThan(450);
      expect(await rows.loadsOf(id)).toBe(2);
      // What it has loaded is stored: nobody waits again.
      const again = await healthy.read({ field, id, times: REQUESTS, loadMs: 5 });
      expect(await rows.loadsOf(id)).toBe(2);
      expectTime(longestMs, 'the longest wait, in milliseconds').toBeLessThan(500 + 500);
      expectTime(Math.max(...again.latenciesMs)).toBeLessThan(400);
    },
  );

  it('load a slow report once, the first time and when they know how slow it is', async () => {
    const processes = await twoProcesses();
    for (let round = 0; round < 2; round += 1) {
      const id = newRow();
      const reads = { field: 'aside' as const, id, times: 10, loadMs: 1200 };
      await Promise.all(processes.map((one) => one.read(reads)));
      expect(await rows.loadsOf(id)).toBe(1);
    }
  });

  it('load it once more while the one that loads is stopped, whose late fill brings nothing old back', async () => {
    const [holder, other] = await twoProcesses();
    const id = newRow();
    const slow = holder.read({ field: 'through', id, times: 1, loadMs: LOAD_MS });
    await loads(id, 1);
    holder.pause();
    const { versions, latenciesMs } = await other.read({
      field: 'through',
      id,
      times: REQUESTS,
      loadMs: LOAD_MS,
    });
    expect(new Set(versions)).toEqual(new Set([0]));
    expect(await rows.loadsOf(id)).toBe(2);
    await other.write(id);
    holder.resume();
    expect((await slow).versions).toEqual([0]);
    for (const one of [holder, other, holder]) {
      const read = await one.read({ field: 'through', id, times: 10, loadMs: 0 });
      expect(new Set(read.versions)).toEqual(new Set([1]));
    }
    expect(await rows.loadsOf(id)).toBe(3);
    expectTime(Math.max(...latenciesMs), 'the longest wait').toBeLessThanOrEqual(LEASE_MS + LOAD_MS + 500);
  });

  /** How often two caches load a row whose load takes three times as long as a lease is held. */
  async function loadsOfLongLoad(plant: (store: Store) => Store = (store) => store): Promise<number> {
    const id = newRow();
    rows.takes(900);
    const caches = Array.from({ length: 2 }, () => {
      const store = redisStore(redisClient(server.url), { prefix: 'cache' });
      return rowCache({ store: plant(store), database: rows, loads: { leaseMs: 300 } });
    });
    await Promise.all(caches.map(({ cache }) => cache.start()));
    await Promise.all(caches.map(({ read }) => read('through', id)));
    await Promise.all(caches.map(({ cache }) => cache.close()));
    return rows.loadsOf(id);
  }

  it('load it once, also when that takes longer than a lease is held', async () => {
    expect(await loadsOfLongLoad()).toBe(1);
  });

  it('would load it twice then, if the lease were not renewed', async () => {
    const withoutRenewal = (store: Store): Store => ({
      ...store,
      renew: (leases) => leases.map(() => false),
    });
    expect(await loadsOfLongLoad(withoutRenewal)).toBe(2);
  });

  /** A stopped holder wakes and fills, while its successor loads: the successor's lease before, and from now on. */
  async function lateFillWhileSuccessorLoads(plant?: RowProcessSettings['plant']) {
    const [holder, successor] = await twoProcesses(plant);
    const id = newRow();
    const slow = holder.read({ field: 'through', id, times: 1, loadMs: LOAD_MS });
    await loads(id, 1);
    holder.pause();
    void successor.read({ field: 'through', id, times: 1, loadMs: NEVER_ENDS_MS });
    await loads(id, 2);
    const before = await leaseOf(`Row:${id}`);
    holder.resume();
    await slow;
    // Goes the same way as the fill, and after it.
    await holder.read({ field: 'through', id, times: 1, loadMs: 0 });
    return { before, lease: () => leaseOf(`Row:${id}`) };
  }

  it('leave each other their leases, also when the stopped one wakes', async () => {
    const { before, lease } = await lateFillWhileSuccessorLoads();
    expect(before).toMatch(/\|/);
    expect(await lease()).toBe(before);
  });

  it('would not, if whoever has filled deleted the lease of his successor', async () => {
    const { lease } = await lateFillWhileSuccessorLoads('foreign-release');
    await expect.poll(lease).toBeNull();
  });
});
