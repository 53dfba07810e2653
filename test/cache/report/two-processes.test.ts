import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { countedProcess, type CountedProcessSettings } from '../../support/processes/counted-process.js';
import { needsRedis } from '../../support/needs.js';
import { testedRedis, type TestedRedis } from '../../support/servers/tested-redis.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

describe.skipIf(!needsRedis())('the report of two processes', () => {
  let redis: TestedRedis;
  beforeAll(async () => void (redis = await testedRedis()));
  afterAll(() => redis.stop());

  const loaded = async (plant?: CountedProcessSettings['plant']) => {
    const settings = { url: redis.url, prefix: plant ?? 'counted', ...(plant && { plant }) };
    const processes = await Promise.all([countedProcess(settings), countedProcess(settings)]);
    const counted = await Promise.all([
      processes[0].load({ requests: 1200, ids: 60 }),
      processes[1].load({ requests: 700, ids: 90 }),
    ]);
    const requests = counted.reduce((sum, one) => sum + one.requests, 0);
    const loads = counted.reduce((sum, one) => sum + one.loads, 0);
    return { processes, requests, loads };
  };

  it('says what both counted, whichever is asked, and after one of them has ended', async () => {
    const { processes, requests, loads } = await loaded();
    const [one, other] = processes;
    const read = async (process = one) => {
      const { total, fields, processes: count } = await process.report();
      const field = fields.find(({ coordinate }) => coordinate === 'Query.item');
      return { count, requests: total.requests, loads: total.loads, ofField: field?.requests };
    };
    const wanted = { count: 2, requests, loads, ofField: requests };
    for (const process of processes) {
      await expect.poll(() => read(process), { timeout: 20_000, interval: 200 }).toEqual(wanted);
    }
    await other.kill();
    expect(await read()).toEqual(wanted);

    const { store, fields, total, history } = await one.report();
    expect(total.outcomes.HIT + total.outcomes.MISS + total.outcomes.JOINED + total.outcomes.WAITED).toBe(
      requests,
    );
    expect(total.loadsAvoided).toBe(requests - total.outcomes.MISS);
    expect(total.hitMs.p50).toBeGreaterThan(0);
    expect(total.hitMs.p99).toBeGreaterThanOrEqual(total.hitMs.p50 ?? Infinity);
    expect(store).toMatchObject({ name: 'redis', isAway: false, evictionPolicy: 'noeviction', evictions: 0 });
    expect(store.roundTrips.p50).toBeGreaterThan(0);
    expect(store.usedBytes).toBeGreaterThan(100_000);
    expect(store.serverHitRate).toBeGreaterThan(0);
    // Reckoned from what lies in the server: about 90 entries, and their generations.
    expect(store.holdings).toMatchObject([{ of: 'Query.item', withoutExpiry: 0, isEstimate: true }]);
    expect(fields[0]?.held?.entries).toBeGreaterThan(30);
    expect(fields[0]?.held?.entries).toBeLessThan(300);
    expect(history.reduce((sum, minute) => sum + minute.requests, 0)).toBe(requests);
  });

  it('would not be right if a process told the others nothing', async () => {
    const { processes, requests } = await loaded('tells-nothing');
    const { total } = await processes[0].report();
    expect(total.requests).toBeLessThan(requests * 0.99);
  });
});
