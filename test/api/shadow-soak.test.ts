import { setTimeout as passes } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore } from '../../src/cache/index.js';
import type { ShadowCounters } from '../../src/cache/types/index.js';
import { connectDatabase } from '../../src/database/connect-database.js';
import { fillFixture, fixtureUsers } from '../support/worlds/film-fixture.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { withoutInvalidation } from '../support/stores/planted-stores.js';
import { privatePostgres, type PrivatePostgres } from '../support/private-postgres.js';
import { testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { testApi, type TestApi, type TestApiOptions } from '../support/worlds/test-api.js';
import { testLog } from '../support/test-log.js';

/** `SOAK_SECONDS=60 npx vitest run test/api/shadow-soak.test.ts` looks for longer. */
const TIME_BOX_MS = Number(process.env['SOAK_SECONDS'] ?? 3) * 1000;
/** A planted fault ends its run with the first report. */
const PLANTED_BOX_MS = 60_000;
const SHARE = '0.02';
/** Of a hundred requests five write. */
const WRITES = 0.05;
const CLIENTS = 12;
const FILMS = ['1', '2', '3', '4', '5', '6'];
/** What even a busy machine reaches, at the latest in twenty times that time. */
const FEWEST_COMPARED = TIME_BOX_MS / 1000;
/** Long enough for entries to be old, and for some of them to be written after that. */
const PLANTED_WRITES_MS = 4000;

const oneOf = <T>(items: readonly [T, ...T[]] | readonly T[]): T => {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
};

const reads: readonly (() => string)[] = [
  () => `{ movie(id: ${oneOf(FILMS)}) { title version director { name } ratingSummary { count average } } }`,
  () => `{ movies(ids: [${FILMS.join()}]) { title ratingSummary { average } similar(first: 3) { title } } }`,
  () => '{ searchMovies(text: "night") { totalCount edges { node { title } } } }',
  () => '{ topCharts(decade: 1990) { rank movie { title } } }',
  () => '{ grossByYear { year movieCount } }',
  () => `{ person(id: ${oneOf(['1', '2'])}) { name movies(first: 5) { title } } }`,
  () => `{ user(id: ${oneOf(['1', '2', '4'])}) { displayName ratings { stars movie { title } } } }`,
  () => '{ me { displayName } continueWatching { positionSeconds movie { title } } }',
  () => `{ me { email ratings { stars } } playback(movieId: ${oneOf(FILMS)}) { positionSeconds } }`,
];

let take = 0;
const writes: readonly (() => string)[] = [
  () => `updateMovie(id: ${oneOf(FILMS)}, input: { title: "Night ${(take += 1)}" }) { title }`,
  () => `rateMovie(movieId: ${oneOf(FILMS)}, stars: ${oneOf([1, 2, 3, 4, 5])}) { stars }`,
  () => `updateProfile(input: { displayName: "Name ${(take += 1)}" }) { displayName }`,
  () =>
    `recordPlayback(movieId: ${oneOf(FILMS)}, positionSeconds: ${(take += 1) % 6000}) { positionSeconds }`,
];
/** In SQL, past the API: triggers write down what they mean. */
const rawWrite = (api: TestApi): Promise<unknown> =>
  api.database.pool.query('UPDATE "Movie" SET "title" = $2 WHERE "id" = $1', [
    Number(oneOf(FILMS)),
    `Night ${(take += 1)}`,
  ]);

interface Soaked extends ShadowCounters {
  readonly requests: number;
  readonly written: number;
  readonly errors: readonly string[];
  readonly told: readonly string[];
}

function summed(apis: readonly TestApi[]): ShadowCounters {
  const sum: ShadowCounters = { same: 0, differs: 0, unstable: 0, superseded: 0, failed: 0, skipped: 0 };
  for (const counted of apis.flatMap(({ cache }) => Object.values(cache.stats.shadowChecks()))) {
    sum.same += counted.same;
    sum.differs += counted.differs;
    sum.unstable += counted.unstable;
    sum.superseded += counted.superseded;
    sum.failed += counted.failed;
    sum.skipped += counted.skipped;
  }
  return sum;
}

interface SoakOptions {
  readonly forMs: number;
  /** Writes for a while only, and ends with the first difference. */
  readonly untilTold?: boolean;
}

/** Clients of several viewers read and write through all APIs, 95 to 5. */
async function soak(apis: readonly TestApi[], { forMs, untilTold = false }: SoakOptions): Promise<Soaked> {
  const [first] = apis;
  if (first === undefined) throw new Error('there is no API to ask');
  const tokens = await Promise.all(fixtureUsers.map(({ email }) => first.signIn(email)));
  const editor = await first.signIn(fixtureUsers[1].email);
  const startedAtMs = performance.now();
  const forNowMs = (): number => performance.now() - startedAtMs;
  const isShort = (): boolean => !untilTold && summed(apis).same <= FEWEST_COMPARED;
  // On a busy machine it takes longer until there is enough to judge by.
  const isTime = (): boolean => forNowMs() < forMs || (isShort() && forNowMs() < forMs * 20);
  const goesOn = (): boolean => isTime() && !(untilTold && summed(apis).differs > 0);
  const writesNow = (): boolean => Math.random() < WRITES && !(untilTold && forNowMs() > PLANTED_WRITES_MS);
  const errors: string[] = [];
  let [requests, written] = [0, 0];
  const client = async (): Promise<void> => {
    while (goesOn()) {
      requests += 1;
      const api = oneOf(apis);
      const isWrite = writesNow();
      if (isWrite) written += 1;
      if (isWrite && Math.random() < 0.3) {
        await rawWrite(api);
        continue;
      }
      const query = isWrite ? `mutation { ${oneOf(writes)()} }` : oneOf(reads)();
      const token = query.includes('updateMovie') ? editor : oneOf(tokens);
      const answer = await api.ask(query, { token });
      if (answer.errors.length > 0) errors.push(JSON.stringify(answer.errors));
      await passes(Math.random() * 5);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const told = apis.flatMap(({ logged }) => logged.filter((line) => line.includes('shadow check')));
  return { requests, written, ...summed(apis), errors, told };
}

describe.skipIf(!needsPostgres() || !needsRedis())('the film API with shadow checks, in 95/5 traffic', () => {
  let postgres: PrivatePostgres;
  let redis: TestedRedis;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([privatePostgres(), testedRedis()]);
  });
  afterAll(() => Promise.all([postgres.stop(), redis.stop()]));

  /** Several APIs over one database with the fixture. */
  async function start(count: number, options: TestApiOptions): Promise<TestApi[]> {
    const databaseUrl = await postgres.createDatabase();
    const apis: TestApi[] = [];
    for (let index = 0; index < count; index += 1) {
      const openDatabase = () => connectDatabase({ databaseUrl, dataDirectory: '.data', log: testLog() });
      const api = await testApi({ ...options, openDatabase });
      onTestFinished(() => api.close());
      if (index === 0) await fillFixture(api.database.prisma);
      apis.push(api);
    }
    return apis;
  }

  it.each([
    ['', 'off'],
    [' of strict copies', 'on'],
  ])('finds nothing%s', { timeout: TIME_BOX_MS * 20 + 120_000 }, async (_, CACHE_STRICT_COPIES) => {
    const apis = await start(2, {
      settings: {
        REDIS_URL: redis.url,
        REDIS_PREFIX: `soak-${CACHE_STRICT_COPIES}`,
        CACHE_STRICT_COPIES,
        CACHE_SHADOW_SHARE: SHARE,
      },
    });
    const soaked = await soak(apis, { forMs: TIME_BOX_MS });
    process.stdout.write(`strict copies ${CACHE_STRICT_COPIES}: ${JSON.stringify(soaked)}\n`);
    expect(soaked).toMatchObject({ differs: 0, unstable: 0, failed: 0, errors: [], told: [] });
    expect(soaked.same).toBeGreaterThan(FEWEST_COMPARED);
    expect(soaked.written).toBeGreaterThan(0);
  });

  it('would tell of entries that are never invalidated', { timeout: PLANTED_BOX_MS + 180_000 }, async () => {
    const apis = await start(1, {
      settings: { CACHE_SHADOW_SHARE: '1' },
      store: withoutInvalidation(memoryStore()),
    });
    const soaked = await soak(apis, { forMs: PLANTED_BOX_MS, untilTold: true });
    process.stdout.write(`without invalidation: ${JSON.stringify(soaked)}\n`);
    expect(soaked.differs).toBeGreaterThan(0);
    expect(soaked.told.join()).toMatch(/no write explains it/);
    expect(soaked.told.join()).not.toMatch(/Night \d/);
  });
});
