import { setTimeout as passes } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { needsRedis } from '../../support/needs.js';
import { withBlindFill } from '../../support/stores/planted-stores.js';
import { redisClient } from '../../support/servers/redis-client.js';
import { testedRedis, type TestedRedis } from '../../support/servers/tested-redis.js';
import { rowCache, type RowCache, type RowDatabase } from '../../support/worlds/row-cache.js';
import { VersionRegister } from '../../support/worlds/version-register.js';

/** `SOAK_SECONDS=60 npx vitest run test/cache/prober/prober-soak.test.ts` looks for longer. */
const TIME_BOX_MS = Number(process.env['SOAK_SECONDS'] ?? 3) * 1000;
/** A planted fault needs luck to be met: a late fill, and then nobody who writes. Its run ends with the first report. */
const PLANTED_BOX_MS = 60_000;
/** What even a busy machine reaches in ten seconds. */
const FEWEST_COMPARISONS = TIME_BOX_MS / 200;
/** More than confirming takes: a stale entry lies still for so long that it would be told of. */
const REST_AT_MOST_MS = 3000;
/** Longest time from a commit to its invalidation: whoever looks in between finds an entry that differs, and is no report. */
const COMMITTED_AT_MOST_MS = 40;
const ROWS = ['1', '2', '3', '4', '5', '6'];

interface Soaked {
  readonly writes: number;
  readonly comparisons: number;
  readonly inconsistencies: number;
  readonly logged: readonly string[];
}

interface SoakOptions {
  readonly stores: readonly Store[];
  readonly strictCopies?: boolean;
  /** Ends at the first report, where one is expected. */
  readonly untilReported?: boolean;
}

/** Rows whose commit is seen by others before the one who made it hears of it. */
function slowlyAnswering(register: VersionRegister): RowDatabase {
  return {
    load: (id) => register.load(id),
    write: async (id) => {
      const version = await register.write(id);
      await passes(Math.random() * COMMITTED_AT_MOST_MS);
      return version;
    },
  };
}

/** Readers, and writers who write in bursts and rest in between, while each write that can be followed is. */
async function soak({ stores, strictCopies = false, untilReported = false }: SoakOptions): Promise<Soaked> {
  const database = slowlyAnswering(new VersionRegister());
  const caches = stores.map((store) =>
    rowCache({ store, database, strictCopies, probe: { everyMs: 1, afterMs: [0, 20, 100, 400] } }),
  );
  onTestFinished(async () => void (await Promise.all(caches.map(({ cache }) => cache.close()))));
  await Promise.all(caches.map(({ cache }) => cache.start()));
  const probed = () => caches.map(({ cache }) => cache.stats.probes()['Row']);
  const sum = (count: 'comparisons' | 'inconsistencies'): number =>
    probed().reduce((total, counters) => total + (counters?.[count] ?? 0), 0);
  const oneOf = (): RowCache => {
    const cache = caches[Math.floor(Math.random() * caches.length)];
    if (cache === undefined) throw new Error('there is no cache to ask');
    return cache;
  };
  const endsAtMs = performance.now() + (untilReported ? PLANTED_BOX_MS : TIME_BOX_MS);
  const goesOn = (): boolean =>
    performance.now() < endsAtMs && !(untilReported && sum('inconsistencies') > 0);
  let writes = 0;
  const reader = async (id: string): Promise<void> => {
    while (goesOn()) {
      await oneOf().read('through', id);
      await passes(Math.random() * 5);
    }
  };
  const writer = async (id: string): Promise<void> => {
    while (goesOn()) {
      for (let burst = Math.random() * 20; burst > 0; burst -= 1) {
        await oneOf().write(id);
        writes += 1;
        await passes(Math.random() * 5);
      }
      const restMs = Math.random() * REST_AT_MOST_MS;
      for (let restedMs = 0; restedMs < restMs && goesOn(); restedMs += 50) await passes(50);
    }
  };
  await Promise.all(ROWS.flatMap((id) => [reader(id), reader(id), writer(id)]));
  return {
    writes,
    comparisons: sum('comparisons'),
    inconsistencies: sum('inconsistencies'),
    // A machine that is busy with other things may find its store away for a moment: that is no report.
    logged: caches.flatMap(({ logged }) => logged.filter((line) => line.includes('superseded'))),
  };
}

function expectQuiet(name: string, soaked: Soaked): void {
  process.stdout.write(`${name}: ${JSON.stringify(soaked)}\n`);
  expect(soaked).toMatchObject({ inconsistencies: 0, logged: [] });
  expect(soaked.comparisons).toBeGreaterThan(FEWEST_COMPARISONS);
  expect(soaked.writes).toBeGreaterThan(FEWEST_COMPARISONS);
}

describe('the prober among rapid writes, in memory', () => {
  it('reports nothing where nothing is stale', { timeout: TIME_BOX_MS + 20_000 }, async () => {
    expectQuiet('memory', await soak({ stores: [memoryStore()] }));
  });

  it('would report where late fills are stored as new', { timeout: PLANTED_BOX_MS + 20_000 }, async () => {
    const { inconsistencies } = await soak({ stores: [withBlindFill(memoryStore())], untilReported: true });
    expect(inconsistencies).toBeGreaterThan(0);
  });
});

describe.skipIf(!needsRedis())('the prober among rapid writes, on one Redis', () => {
  let server: TestedRedis;
  beforeAll(async () => {
    server = await testedRedis();
  });
  afterAll(() => server.stop());
  const stores = (prefix: string): Store[] =>
    Array.from({ length: 3 }, () => redisStore(redisClient(server.url), { prefix }));

  it('reports nothing where nothing is stale', { timeout: TIME_BOX_MS + 20_000 }, async () => {
    expectQuiet('Redis', await soak({ stores: stores('quiet') }));
  });

  it('nor does it from strict copies', { timeout: TIME_BOX_MS + 20_000 }, async () => {
    expectQuiet('Redis, strict copies', await soak({ stores: stores('strict'), strictCopies: true }));
  });

  it('would report where late fills are stored as new', { timeout: PLANTED_BOX_MS + 20_000 }, async () => {
    const planted = stores('planted').map(withBlindFill);
    const { inconsistencies } = await soak({ stores: planted, untilReported: true });
    expect(inconsistencies).toBeGreaterThan(0);
  });
});
