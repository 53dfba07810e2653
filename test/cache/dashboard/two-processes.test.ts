import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FiguresEvent } from '../../../src/cache/dashboard/messages.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { needsRedis } from '../../support/needs.js';
import { redisClient } from '../../support/servers/redis-client.js';
import { testedRedis, type TestedRedis } from '../../support/servers/tested-redis.js';
import { servedDashboard } from '../../support/worlds/served-dashboard.js';

describe.skipIf(!needsRedis())('a dashboard of two processes', () => {
  let redis: TestedRedis;
  beforeAll(async () => void (redis = await testedRedis()));
  afterAll(() => redis.stop());

  it('shows the sum of what both counted, in either of them, and purges for both', async () => {
    const process = () => {
      const client = redisClient(redis.url);
      onTestFinished(() => client.disconnect());
      return servedDashboard({ clock: systemClock }, { store: redisStore(client, { prefix: 'shown' }) });
    };
    const [one, other] = [await process(), await process()];
    for (let read = 0; read < 30; read += 1) await one.query('{ film(id: 1) }');
    for (let read = 0; read < 12; read += 1) await other.query('{ film(id: 1) }');
    for (const { watch } of [one, other]) {
      const watching = await watch();
      const last = (): unknown => {
        const { report } = (watching.events('figures') as FiguresEvent[]).at(-1) ?? {};
        return report && [report.processes, report.total.requests, report.total.outcomes.MISS];
      };
      await expect.poll(last, { timeout: 20_000, interval: 50 }).toEqual([2, 42, 1]);
      watching.close();
    }
    const body = { tags: ['*'], confirm: 'everything' };
    expect((await one.ask('/cache/purge', { method: 'POST', body })).status).toBe(200);
    expect((await other.query('{ film(id: 1) }')).outcomes).toEqual(['Query.film MISS']);
  });
});
