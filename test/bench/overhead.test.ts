import { describe, expect, it } from 'vitest';
import { entriesReadIn } from '../../bench/overhead/redis-usage.js';
import { median, resultsOf, type Slice } from '../../bench/overhead/slices.js';
import { tableOf, verdictsOf } from '../../bench/overhead/table.js';
import { createWorkloads, zipf } from '../../bench/overhead/workloads.js';
import { withLocalCopies } from '../../bench/servers/api.js';
import { readRows } from '../../bench/servers/films.js';
import { createApiCache } from '../../src/start/api-cache.js';
import { memoryOutbox } from '../../src/cache/testing/index.js';
import { readConfig } from '../../src/config.js';
import { buildSchema } from '../../src/schema/build-schema.js';
import { readTypeDefs } from '../../src/schema/read-type-defs.js';
import { cacheLog } from '../support/cache-log.js';

const slice = (round: number, server: Slice['server'], requestsPerSecond: number, cpuUs: number): Slice => ({
  round,
  server,
  workload: 'one',
  requestsPerSecond,
  cpuPerRequestUs: cpuUs,
  redisPerEntryReadUs: 0.7,
  redisPerEntryAskedUs: 0.1,
  loads: 0,
});

describe('the bench of the overhead', () => {
  it('measures the schema of the API, with copies of films and people where it wants them', () => {
    const sdl = readTypeDefs();
    const changed = sdl.map((text) => withLocalCopies(text, 7));
    expect(changed.join('\n').match(/local: 7/g)).toHaveLength(6);
    const cache = createApiCache(readConfig({ NODE_ENV: 'test' }), {
      log: cacheLog(),
      clock: undefined,
      store: undefined,
      outbox: memoryOutbox().outbox(),
      backgroundContext: () => new Promise(() => undefined),
    });
    expect(() => buildSchema(cache, changed)).not.toThrow();
  });

  it('takes ratios within a round, and leaves the first round out', () => {
    const results = resultsOf(
      [
        slice(0, 'constants', 1, 999),
        slice(0, 'library-redis', 999, 1),
        slice(1, 'constants', 1000, 100),
        slice(1, 'library-redis', 900, 125),
        slice(2, 'constants', 2000, 50),
        slice(2, 'library-redis', 2200, 40),
        slice(3, 'constants', 500, 200),
        slice(3, 'library-redis', 500, 250),
      ],
      'constants',
    );
    const library = results.find(({ server }) => server === 'library-redis');
    expect(library).toMatchObject({ requestsPerSecond: 900, speedRatio: 1, cpuRatio: 0.8 });
    expect(verdictsOf(results)).toEqual([
      'MISSED: library in Apollo standalone, Redis, one: 0.80 (target 0.9)',
      'MISSED: Redis CPU, library-redis, one: 0.70 µs an entry read (target 0.6)',
    ]);
    expect(tableOf(results, createWorkloads(100))).toContain('| 0.80 | **0.80** | 0.70 | 0.10 |');
  });

  it('knows the median', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, NaN]);
  });

  it('draws ids as Zipf has it, the same each time', () => {
    const draw = zipf(1000, 7);
    const drawn = Array.from({ length: 20_000 }, draw);
    const share = (id: string): number => drawn.filter((other) => other === id).length / drawn.length;
    expect(share('1') / share('2')).toBeGreaterThan(1.7);
    expect(share('1') / share('2')).toBeLessThan(2.3);
    expect(drawn.every((id) => Number(id) >= 1 && Number(id) <= 1000)).toBe(true);
    expect(Array.from({ length: 10 }, zipf(1000, 7))).toEqual(drawn.slice(0, 10));
  });

  it('counts an entry read for each pair of keys that Redis gave out beside the epoch', () => {
    // 3 MGETs: the epoch each time, and 10 entries with their generations in all.
    expect(entriesReadIn('keyspace_hits:23\r\ncmdstat_mget:calls=3,usec=9\r\n')).toBe(10);
    expect(entriesReadIn('keyspace_hits:0\r\n')).toBe(0);
  });

  it('asks for one film that has a director, so that both levels of the query are measured', async () => {
    const { films } = await readRows();
    const id = /movie\(id: (\d+)\)/.exec(createWorkloads(films.size)[0]?.bodies[0] ?? '')?.[1] ?? '';
    expect(films.get(id)?.directorId).toEqual(expect.any(String));
  });

  it('asks for lists of 50 different films', () => {
    const [, , fixed, drawn] = createWorkloads(3200);
    expect(fixed?.bodies).toHaveLength(1);
    expect(drawn?.bodies).toHaveLength(400);
    for (const body of drawn?.bodies ?? []) {
      const { variables }: { variables: { ids: string[] } } = JSON.parse(body);
      expect(new Set(variables.ids).size).toBe(50);
    }
  });
});
