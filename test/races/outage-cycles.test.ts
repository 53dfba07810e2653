import { setTimeout as passes } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startApi, type Api } from '../../src/start/api.js';
import { readConfig } from '../../src/config.js';
import { fillFixture, fixturePassword, fixtureUsers } from '../support/worlds/film-fixture.js';
import { freePort } from '../support/free-port.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { percentile } from '../support/load/percentile.js';
import { privatePostgres } from '../support/private-postgres.js';
import { privateRedisAt } from '../support/private-redis.js';
import { post } from '../support/worlds/seeded-api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { VersionRegister } from '../support/worlds/version-register.js';

/** The full run: `OUTAGE_CYCLES=20 npx vitest run test/races/outage-cycles.test.ts`, with outages of three seconds. */
const FULL_CYCLES = Number(process.env['OUTAGE_CYCLES'] ?? 0);
const CYCLES = FULL_CYCLES > 0 ? FULL_CYCLES : 2;
const OUTAGE_MS = FULL_CYCLES > 0 ? 3000 : 700;
const BETWEEN_MS = FULL_CYCLES > 0 ? 2000 : 900;
const STRICT_BETWEEN = 5;
const READS_EVERY_MS = 1000 / 150;
const WRITES_EVERY_MS = 50;
const IDS = [1, 2, 3, 4];

interface Cycled {
  readonly reads: number;
  readonly errors: number;
  /** Reads that returned less than had been acknowledged, without "bounded", when they began. */
  readonly stale: readonly string[];
  readonly strictWrites: number;
  readonly boundedWrites: number;
  readonly hits: number;
  readonly p99Ms: number;
  /** What each process answers in the end, and the database. */
  readonly inTheEnd: readonly (readonly number[])[];
  readonly inDatabase: readonly number[];
}

describe.skipIf(!needsPostgres() || !needsRedis())('two processes whose Redis comes and goes', () => {
  async function world(settings: Record<string, string>) {
    const port = await freePort();
    const dir = await temporaryFolder();
    const startRedis = () => privateRedisAt(port, '--appendonly', 'yes', '--appendfsync', 'no', '--dir', dir);
    let redis = await startRedis();
    const postgres = await privatePostgres();
    const databaseUrl = await postgres.createDatabase();
    const database = new pg.Pool({ connectionString: databaseUrl });
    const start = (): Promise<Api> =>
      startApi(
        readConfig({
          NODE_ENV: 'test',
          PORT: '0',
          DATABASE_URL: databaseUrl,
          REDIS_URL: `redis://127.0.0.1:${port}`,
          ...settings,
        }),
        {
          log: pino({ level: 'silent' }),
        },
      );
    const one = await start();
    await fillFixture(one.database.prisma);
    const apis = [one, await start()] as const;
    onTestFinished(async () => {
      await Promise.all(apis.map((api) => api.close()));
      await database.end();
      await redis.stop();
      await postgres.stop();
    });
    const outages = [
      async () => {
        await redis.stop();
        await passes(OUTAGE_MS);
        redis = await startRedis();
      },
      async () => {
        process.kill(redis.pid, 'SIGSTOP');
        await passes(OUTAGE_MS);
        process.kill(redis.pid, 'SIGCONT');
      },
    ];
    return { apis, database, outages };
  }

  async function cycled(settings: Record<string, string>): Promise<Cycled> {
    const { apis, database, outages } = await world(settings);
    const token = await tokenOf(apis[0]);
    const register = new VersionRegister();
    const latenciesMs: number[] = [];
    const bounded: [string, number][] = [];
    const stale: string[] = [];
    let [isOver, errors, strictWrites, boundedWrites, turn] = [false, 0, 0, 0, 0];

    const read = async (id: number): Promise<void> => {
      const api = apis[(turn += 1) % apis.length] ?? apis[0];
      const atLeast = register.atLeast(`${id}`);
      const since = performance.now();
      const version = versionIn(await post(api, `{ movie(id: ${id}) { version } }`));
      latenciesMs.push(performance.now() - since);
      if (version === undefined) errors += 1;
      else if (version < atLeast) stale.push(`film ${id}: read ${version}, acknowledged ${atLeast}`);
    };
    const reader = async (): Promise<void> => {
      const under: Promise<void>[] = [];
      for (let number = 0; !isOver; number += 1) {
        under.push(read(IDS[number % IDS.length] ?? 1));
        await passes(READS_EVERY_MS);
      }
      await Promise.all(under);
    };
    const writer = async (): Promise<void> => {
      for (let number = 0; !isOver; number += 1) {
        const id = IDS[number % IDS.length] ?? 1;
        const api = apis[number % apis.length] ?? apis[0];
        const answer = await post(
          api,
          `mutation { updateMovie(id: ${id}, input: { title: "Take ${number}" }) { version } }`,
          { token },
        );
        const version = versionIn(answer);
        if (version === undefined) errors += 1;
        else if (answer.includes('"consistency":"bounded"')) {
          boundedWrites += 1;
          bounded.push([`${id}`, version]);
        } else {
          register.acknowledge(`${id}`, version);
          strictWrites += 1;
        }
        await passes(WRITES_EVERY_MS);
      }
    };
    const actors = Promise.all([reader(), writer()]);
    const areBack = (): boolean[] => apis.map(({ cache }) => cache.stats.storeIsAway());
    try {
      for (let cycle = 0; cycle < CYCLES; cycle += 1) {
        const strictBefore = strictWrites;
        await passes(BETWEEN_MS);
        // On a busy machine there are fewer in that time.
        await expect.poll(() => strictWrites - strictBefore).toBeGreaterThan(STRICT_BETWEEN);
        await outages[cycle % outages.length]?.();
        await expect.poll(areBack, { timeout: 30_000, interval: 1 }).toEqual([false, false]);
        // From here on what was only promised to be bounded must be seen as well.
        for (const [id, version] of bounded.splice(0)) register.acknowledge(id, version);
      }
      await passes(BETWEEN_MS);
    } finally {
      isOver = true;
      await actors;
    }

    const { rows } = await database.query<{ version: number }>(
      'SELECT "version" FROM "Movie" WHERE "id" = ANY($1) ORDER BY "id"',
      [IDS],
    );
    const inTheEnd = await Promise.all(
      apis.map((api) =>
        Promise.all(
          IDS.map(async (id) => versionIn(await post(api, `{ movie(id: ${id}) { version } }`)) ?? -1),
        ),
      ),
    );
    return {
      reads: latenciesMs.length,
      errors,
      stale,
      strictWrites,
      boundedWrites,
      hits: apis.reduce((sum, { cache }) => sum + (cache.stats.counters()['Query.movie']?.hits ?? 0), 0),
      p99Ms: percentile(latenciesMs, 0.99),
      inTheEnd,
      inDatabase: rows.map(({ version }) => version),
    };
  }

  const timeout = 60_000 + CYCLES * (OUTAGE_MS + BETWEEN_MS + 5000);

  it.each([
    ['', {}],
    [', with strict copies', { CACHE_STRICT_COPIES: 'on' }],
  ])(
    'never answer with less than was acknowledged, while writes go on%s',
    async (_, settings) => {
      const result = await cycled(settings);
      process.stdout.write(`${CYCLES} outages${_}: ${JSON.stringify(result)}\n`);
      expect(result).toMatchObject({ stale: [], errors: 0 });
      expect(result.inTheEnd).toEqual([result.inDatabase, result.inDatabase]);
      expect(result.strictWrites).toBeGreaterThan(CYCLES * STRICT_BETWEEN);
      expect(result.boundedWrites).toBeGreaterThan(0);
      expect(result.hits).toBeGreaterThan(result.reads / 10);
    },
    timeout,
  );
});

function versionIn(answer: string): number | undefined {
  const version = /"version":(\d+)/.exec(answer)?.[1];
  return version === undefined ? undefined : Number(version);
}

async function tokenOf(api: Api): Promise<string> {
  const { email } = fixtureUsers.find(({ role }) => role === 'EDITOR') ?? fixtureUsers[0];
  const signIn = `mutation { signIn(email: "${email}", password: "${fixturePassword}") { token } }`;
  return /"token":"([^"]+)"/.exec(await post(api, signIn))?.[1] ?? '';
}
