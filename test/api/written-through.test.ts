import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startApi, type Api } from '../../src/start/api.js';
import type { Store } from '../../src/cache/index.js';
import { readConfig } from '../../src/config.js';
import { redisStore } from '../../src/cache/redis/index.js';
import { createClientOrCluster } from '../../src/redis/create-redis-client.js';
import { fillFixture, fixturePassword, fixtureUsers } from '../support/worlds/film-fixture.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { withoutVersions } from '../support/stores/planted-stores.js';
import { privatePostgres, type PrivatePostgres } from '../support/private-postgres.js';
import { testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { post } from '../support/worlds/seeded-api.js';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 240_000 });

const isLong = process.env['FAULTS_LONG'] === 'yes';
const WRITES = isLong ? 10_000 : 300;
const RACE_MS = isLong ? 60_000 : 4000;
/** Writes of one key at the same time, from each process. */
const WRITERS = 3;
const evidence = { 'x-cache-debug': '1' };

describe.skipIf(!needsPostgres() || !needsRedis())('two processes and a row that is written through', () => {
  let postgres: PrivatePostgres;
  let redis: TestedRedis;
  let databaseUrl: string;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([privatePostgres(), testedRedis()]);
    databaseUrl = await postgres.createDatabase();
  });
  afterAll(() => postgres.stop());

  async function twoApis(plant: (store: Store) => Store = (store) => store): Promise<[Api, Api]> {
    const start = async (): Promise<Api> => {
      const settings = { NODE_ENV: 'test', PORT: '0', DATABASE_URL: databaseUrl, REDIS_URL: redis.url };
      // Each read is counted: none may be given up where the machine is busy.
      const store = plant(
        redisStore(createClientOrCluster(redis.url), { prefix: 'corral', commandTimeoutMs: 2000 }),
      );
      const api = await startApi(readConfig({ ...settings, CACHE_PROBE: 'off' }), {
        log: pino({ level: 'silent' }),
        store,
      });
      onTestFinished(() => api.close());
      return api;
    };
    const one = await start();
    if ((await one.database.prisma.user.count()) === 0) await fillFixture(one.database.prisma);
    return [one, await start()];
  }

  async function signedIn(api: Api, email: string): Promise<{ token: string; id: number }> {
    const signIn =
      'mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { token } }';
    const answer = await post(api, signIn, { variables: { email, password: fixturePassword } });
    const token = /"token":"([^"]+)"/.exec(answer)?.[1] ?? '';
    const { id } = await api.database.prisma.user.findUniqueOrThrow({ where: { email } });
    return { token, id };
  }

  const update = 'mutation ($bio: String!) { updateProfile(input: { bio: $bio }) { bio } }';
  const read = 'query ($id: ID!) { user(id: $id) { bio } }';
  const outcomeOf = (answer: string): string | undefined =>
    /"coordinate":"Query.user"[^}]*"outcome":"([A-Z_]+)"/.exec(answer)?.[1];
  const bioOf = (answer: string): string | undefined => /"bio":"([^"]*)"/.exec(answer)?.[1];

  it('see the new row at once, from the cache', async () => {
    const apis = await twoApis();
    const { token, id } = await signedIn(apis[0], fixtureUsers[0].email);
    const seen = { hits: 0, older: 0 };
    for (let number = 0; number < WRITES; number += 1) {
      const bio = `Take ${number}`;
      const [writer, reader] = number % 2 === 0 ? apis : [apis[1], apis[0]];
      await post(writer, update, { token, variables: { bio } });
      const answer = await post(reader, read, { variables: { id }, headers: evidence });
      if (outcomeOf(answer) === 'HIT') seen.hits += 1;
      if (bioOf(answer) !== bio) seen.older += 1;
    }
    process.stdout.write(`written through ${WRITES} times: ${JSON.stringify(seen)}\n`);
    expect(seen).toEqual({ hits: WRITES, older: 0 });
  });

  /** Rounds in which both write one row at the same time, and those after which a read was not what the database has. */
  async function race(apis: readonly [Api, Api]) {
    const { token, id } = await signedIn(apis[0], fixtureUsers[0].email);
    const seen = { rounds: 0, hits: 0, wrong: 0 };
    const untilMs = performance.now() + RACE_MS;
    for (let round = 0; performance.now() < untilMs; round += 1) {
      const writes = Array.from({ length: 2 * WRITERS }, (_, number) =>
        post(apis[number % 2 === 0 ? 0 : 1], update, { token, variables: { bio: `${round}.${number}` } }),
      );
      await Promise.all(writes);
      const { bio } = await apis[0].database.prisma.user.findUniqueOrThrow({ where: { id } });
      for (const api of apis) {
        const answer = await post(api, read, { variables: { id }, headers: evidence });
        if (outcomeOf(answer) === 'HIT') seen.hits += 1;
        if (bioOf(answer) !== bio) seen.wrong += 1;
      }
      seen.rounds += 1;
    }
    process.stdout.write(`raced for ${RACE_MS} ms: ${JSON.stringify(seen)}\n`);
    return seen;
  }

  it('leave the newer row, when both write it at the same time', async () => {
    const { rounds, hits, wrong } = await race(await twoApis());
    expect(wrong).toBe(0);
    expect(hits, 'of them most are hits').toBeGreaterThan(rounds);
  });

  it('would leave an older one, if versions were not compared', async () => {
    expect((await race(await twoApis(withoutVersions))).wrong).toBeGreaterThan(0);
  });
});

describe.skipIf(!needsPostgres() || !needsRedis())('a film that is updated', () => {
  it('is stored where it was read just before, and not where nobody reads it', async () => {
    const [postgres, redis] = await Promise.all([privatePostgres(), testedRedis()]);
    onTestFinished(() => postgres.stop());
    const settings = { NODE_ENV: 'test', PORT: '0', REDIS_URL: redis.url, CACHE_PROBE: 'off' };
    const api = await startApi(readConfig({ ...settings, DATABASE_URL: await postgres.createDatabase() }), {
      log: pino({ level: 'silent' }),
    });
    onTestFinished(() => api.close());
    await fillFixture(api.database.prisma);
    const signIn = `mutation { signIn(email: "${fixtureUsers[1].email}", password: "${fixturePassword}") { token } }`;
    const token = /"token":"([^"]+)"/.exec(await post(api, signIn))?.[1] ?? '';
    const rename = (id: number, title: string): Promise<string> =>
      post(api, `mutation { updateMovie(id: ${id}, input: { title: "${title}" }) { title } }`, {
        token,
        headers: evidence,
      });
    const film = (id: number): Promise<string> =>
      post(api, `{ movie(id: ${id}) { title } }`, { headers: evidence });

    await film(1);
    expect(await rename(1, 'Hot')).toMatch(/"pattern":"HYBRID","key":"Movie:1","outcome":"WRITTEN"/);
    expect(await film(1)).toMatch(/"title":"Hot".*"outcome":"HIT"/);
    expect(await rename(2, 'Cold')).toMatch(/"pattern":"HYBRID","key":"Movie:2","outcome":"INVALIDATED"/);
    expect(await film(2)).toMatch(/"title":"Cold".*"outcome":"MISS"/);
  });
});
