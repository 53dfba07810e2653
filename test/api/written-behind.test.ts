import { setTimeout as passes } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fixturePassword, fixtureUsers } from '../support/worlds/film-fixture.js';
import type { Api } from '../../src/start/api.js';
import { EPOCH_FIELD } from '../../src/cache/redis/journal/epochs.js';
import { flushed } from '../support/worlds/flushed.js';
import { freePort } from '../support/free-port.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import {
  comparedWithDatabase,
  newTally,
  watchOn,
  watchWhile,
  withClient,
  type Watcher,
} from '../support/worlds/playback-world.js';
import { apiHere, NOTHING_WRONG, report, useWatchedDatabases } from '../support/worlds/watched-databases.js';
import { privateRedis, privateRedisAt } from '../support/private-redis.js';
import { keysOf, redisClient } from '../support/servers/redis-client.js';
import { testedRedis } from '../support/servers/tested-redis.js';
import { startProgram } from '../support/processes/program.js';
import { post } from '../support/worlds/seeded-api.js';
import { startedApi, type StartedApi } from '../support/processes/started-api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectTime } from '../support/run/expect-time.js';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 240_000 });

const isLong = process.env['FAULTS_LONG'] === 'yes';
const KILLS = isLong ? 10 : 2;
const OUTAGE_MS = isLong ? 30_000 : 4000;
const POISONED = isLong ? 5000 : 400;

describe.skipIf(!needsPostgres() || !needsRedis())('positions that are written behind', () => {
  const { postgres, databaseWith } = useWatchedDatabases();

  it(`survive ${KILLS} kills of the process that accepted them`, async () => {
    const redis = await testedRedis();
    const { databaseUrl, watchers } = await databaseWith(50);
    const settings = {
      NODE_ENV: 'test',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      CACHE_PROBE: 'off',
    };
    const apis: [StartedApi, StartedApi] = [await startedApi(settings), await startedApi(settings)];
    const tally = newTally();
    let goesOn = true;
    const watching = watchWhile(
      { goesOn: () => goesOn, where: (index) => apis[index % 2 === 0 ? 0 : 1] },
      watchers,
      tally,
    );
    for (let kill = 0; kill < KILLS; kill += 1) {
      await passes(300);
      const victim = kill % 2 === 0 ? 0 : 1;
      apis[victim].program.child.kill('SIGKILL');
      apis[victim] = await startedApi(settings);
    }
    goesOn = false;
    await watching;
    // What a dead flusher had taken is due again after a while.
    const client = redisClient(redis.url);
    onTestFinished(() => client.disconnect());
    await expect.poll(() => pendingIn(client), { timeout: 15_000, interval: 50 }).toBe(0);
    const outcome = await comparedWithDatabase(databaseUrl, watchers);
    report(`${KILLS} kills of API processes`, { ...tally, ...outcome });
    expect(outcome).toEqual(NOTHING_WRONG);
    expect(tally.others).toEqual([]);
    expect(tally.acknowledged).toBeGreaterThan(100);
  });

  async function pendingIn(client: Redis | Cluster): Promise<number> {
    const keys = await keysOf(client, '*:j:*:pending');
    // Each has a field that is no write: the name of its epoch.
    const sizes = await Promise.all(
      keys.map(async (key) => (await client.hlen(key)) - (await client.hexists(key, EPOCH_FIELD))),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Kills Redis in the middle of a load, again and again; the load ends with the kill, so that nothing is written twice. */
  async function killsOfRedis(durability: 'memory' | 'everysec', kills: number) {
    const port = await freePort();
    const aof = durability === 'memory' ? [] : ['--appendonly', 'yes', '--appendfsync', 'everysec'];
    const settings = ['--dir', await temporaryFolder(), ...aof];
    let redis = await privateRedisAt(port, ...settings);
    onTestFinished(() => redis.stop());
    const { databaseUrl, watchers } = await databaseWith(50);
    const environment = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, JOURNAL_DURABILITY: durability };
    const apis = [await apiHere(environment), await apiHere(environment)] as const;
    const where = (index: number): Api => apis[index % 2 === 0 ? 0 : 1];
    const tally = newTally();
    let lost = 0;
    for (let killed = 0; killed < kills; killed += 1) {
      let goesOn = true;
      const watching = watchWhile({ goesOn: () => goesOn, where }, watchers, tally);
      await passes(400);
      goesOn = false;
      await redis.stop();
      await watching;
      redis = await privateRedisAt(port, ...settings);
      for (const api of apis) await flushed(api.cache);
      lost += (await comparedWithDatabase(databaseUrl, watchers)).lost;
    }
    const { invented, steppedBack } = await comparedWithDatabase(databaseUrl, watchers);
    const outcome = { lost, invented, steppedBack };
    report(`${kills} kills of Redis, durability ${durability}`, { ...tally, ...outcome });
    expect(tally.others).toEqual([]);
    return outcome;
  }

  it(`survive ${KILLS} kills of Redis with an append-only file`, async () => {
    expect(await killsOfRedis('everysec', KILLS)).toEqual(NOTHING_WRONG);
  });

  it(`survive ${KILLS} kills of Redis without one, as the processes that accepted them live`, async () => {
    expect(await killsOfRedis('memory', KILLS)).toEqual(NOTHING_WRONG);
  });

  it('do not survive the death of both, which these tests would tell', async () => {
    const { databaseUrl, watchers } = await databaseWith(50);
    const lostWithBoth = async (): Promise<number> => {
      const redis = await privateRedis();
      const api = await startedApi({
        NODE_ENV: 'test',
        DATABASE_URL: databaseUrl,
        REDIS_URL: redis.url,
        CACHE_PROBE: 'off',
      });
      const tally = newTally();
      let goesOn = true;
      const watching = watchWhile({ goesOn: () => goesOn, where: () => api }, watchers, tally);
      await expect.poll(() => tally.acknowledged, { timeout: 30_000, interval: 10 }).toBeGreaterThan(100);
      api.program.child.kill('SIGKILL');
      await redis.stop();
      goesOn = false;
      await watching;
      return (await comparedWithDatabase(databaseUrl, watchers)).lost;
    };
    // It may come when everything is flushed.
    let lost = 0;
    for (let round = 0; round < 5 && lost === 0; round += 1) lost = await lostWithBoth();
    expect(lost).toBeGreaterThan(0);
  });

  it('wait for a database that is away: answers go on, and the journal stays within its bound', async () => {
    const redis = await testedRedis();
    const { databaseUrl, watchers } = await databaseWith(100);
    const bound = 60;
    const api = await apiHere({
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      JOURNAL_MAX_PENDING: `${bound}`,
    });
    const tally = newTally();
    // Sessions and the film are known before the database goes.
    for (const watcher of watchers) await watchOn(api, watcher, tally);
    await flushed(api.cache);
    await postgres().halt();
    let [goesOn, largest] = [true, 0];
    const watching = watchWhile({ goesOn: () => goesOn, pauseMs: 50, where: () => api }, watchers, tally);
    const backAtMs = performance.now() + OUTAGE_MS;
    while (performance.now() < backAtMs) {
      largest = Math.max(largest, (await api.cache.writes.journal()).size?.pending ?? 0);
      await passes(50);
    }
    goesOn = false;
    await watching;
    const during = { ...tally };
    await postgres().resume();
    const resumedAtMs = performance.now();
    await flushed(api.cache);
    const drainedMs = Math.round(performance.now() - resumedAtMs);
    const outcome = await comparedWithDatabase(databaseUrl, watchers);
    report(`PostgreSQL away for ${OUTAGE_MS} ms`, { ...during, largest, drainedMs, ...outcome });
    expect(outcome).toEqual(NOTHING_WRONG);
    expect(tally.others).toEqual([]);
    expect(during.unanswered).toBe(0);
    expect(largest).toBeLessThanOrEqual(bound);
    expect([largest > bound / 2, during.busy > 0, during.acknowledged > 200]).toEqual([true, true, true]);
    expectTime(drainedMs).toBeLessThanOrEqual(15_000);
    // There is room again.
    await watchOn(api, watchers[99] ?? never(), tally);
    expect(tally.busy).toBe(during.busy);
  });

  it(`of which the database refuses one among ${POISONED} are all written but that one`, async () => {
    const redis = await testedRedis();
    const { databaseUrl, watchers } = await databaseWith(POISONED / 10);
    const api = await apiHere({ DATABASE_URL: databaseUrl, REDIS_URL: redis.url });
    const films = await withClient(databaseUrl, async (client) => {
      const { rows } = await client.query<{ id: number }>(
        `INSERT INTO "Movie" ("title") SELECT 'Film ' || n FROM generate_series(1, 10) AS n RETURNING "id"`,
      );
      return rows.map(({ id }) => id);
    });
    const all = watchers.flatMap((watcher) => films.map((movieId): Watcher => ({ ...watcher, movieId })));
    const poisoned = all[Math.floor(all.length / 3)] ?? never();
    await withClient(databaseUrl, (client) =>
      client.query(`ALTER TABLE "Playback" ADD CONSTRAINT poison
        CHECK ("userId" <> ${poisoned.userId} OR "movieId" <> ${poisoned.movieId})`),
    );
    const tally = newTally();
    const parts = Array.from({ length: 20 }, (_, part) => all.filter((_one, index) => index % 20 === part));
    await Promise.all(
      parts.map(async (part) => {
        for (const one of part) await watchOn(api, one, tally);
      }),
    );
    expect(tally).toMatchObject({ acknowledged: all.length, others: [] });
    await flushed(api.cache);
    const written = (): Promise<number> =>
      withClient(databaseUrl, async (client) => {
        const { rows } = await client.query<{ count: number }>(
          'SELECT count(*)::int AS count FROM "Playback" WHERE "movieId" = ANY($1::int[])',
          [films],
        );
        return rows[0]?.count ?? 0;
      });
    expect(await written()).toBe(all.length - 1);

    const signIn = `mutation { signIn(email: "${fixtureUsers[2].email}", password: "${fixturePassword}") { token } }`;
    const admin = /"token":"([^"]+)"/.exec(await post(api, signIn))?.[1] ?? '';
    const letters = '{ deadLetters { key field viewerId error attempts state } }';
    const key = `Playback:${poisoned.userId}:${poisoned.movieId}`;
    const listed = await post(api, letters, { token: admin });
    expect(JSON.parse(listed)).toMatchObject({
      data: {
        deadLetters: [
          {
            key,
            field: 'Mutation.recordPlayback',
            viewerId: `${poisoned.userId}`,
            error: expect.stringContaining('violates check constraint "poison"') as string,
            attempts: 1,
            state: expect.stringContaining('"positionSeconds":1') as string,
          },
        ],
      },
    });
    expect(await post(api, letters, { token: poisoned.token })).toContain('"code":"FORBIDDEN"');
    const replay = 'mutation ($key: String!) { replayDeadLetter(key: $key) }';
    expect(await post(api, replay, { token: admin, variables: { key: 'Playback:0:0' } })).toContain(
      'NOT_FOUND',
    );
    await withClient(databaseUrl, (client) => client.query('ALTER TABLE "Playback" DROP CONSTRAINT poison'));
    expect(await post(api, replay, { token: admin, variables: { key } })).toContain(
      '"replayDeadLetter":true',
    );
    await flushed(api.cache);
    expect(await written()).toBe(all.length);
    expect(await post(api, letters, { token: admin })).toContain('"deadLetters":[]');
  });

  it('are all in the database when the process was told to stop in the middle of a load', async () => {
    const redis = await testedRedis();
    const { databaseUrl, watchers } = await databaseWith(30);
    const api = await startedApi({
      NODE_ENV: 'test',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      CACHE_PROBE: 'off',
    });
    const tally = newTally();
    let goesOn = true;
    const watching = watchWhile({ goesOn: () => goesOn, where: () => api }, watchers, tally);
    await expect.poll(() => tally.acknowledged, { timeout: 30_000, interval: 10 }).toBeGreaterThan(100);
    api.program.child.kill('SIGTERM');
    const { code } = await api.program.ended();
    goesOn = false;
    await watching;
    const client = redisClient(redis.url);
    onTestFinished(() => client.disconnect());
    const outcome = {
      code,
      pending: await pendingIn(client),
      ...(await comparedWithDatabase(databaseUrl, watchers)),
    };
    report('SIGTERM during a load', { ...tally, ...outcome });
    expect(outcome).toEqual({ code: 0, pending: 0, ...NOTHING_WRONG });
  });

  it('are ordered with what is written by hand', async () => {
    const { databaseUrl, watchers } = await databaseWith(1);
    const [watcher = never()] = watchers;
    const api = await apiHere({ DATABASE_URL: databaseUrl });
    await watchOn(api, watcher, newTally());
    const position = (): Promise<number | undefined> =>
      withClient(databaseUrl, async (client) => {
        const { rows } = await client.query<{ positionSeconds: number }>(
          'SELECT "positionSeconds" FROM "Playback" WHERE "userId" = $1',
          [watcher.userId],
        );
        return rows[0]?.positionSeconds;
      });
    await flushed(api.cache);
    // The next one is accepted first and flushed last.
    await watchOn(api, watcher, newTally());
    await withClient(databaseUrl, (client) =>
      client.query('UPDATE "Playback" SET "positionSeconds" = 7777 WHERE "userId" = $1', [watcher.userId]),
    );
    await flushed(api.cache);
    expect(await position()).toBe(7777);
  });

  it('are refused where the Redis may evict them, with the setting to change', async () => {
    const redis = await privateRedis('--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru');
    onTestFinished(() => redis.stop());
    const program = startProgram({
      folder: await temporaryFolder(),
      environment: {
        NODE_ENV: 'test',
        PORT: '0',
        REDIS_URL: redis.url,
        DATABASE_URL: await postgres().createDatabase(),
      },
    });
    const { code, stderr } = await program.ended();
    expect([code, stderr]).toEqual([
      1,
      `redisJournal: Redis at 127.0.0.1:${redis.port} may evict accepted writes (maxmemory-policy allkeys-lru); ` +
        'set maxmemory-policy noeviction, or give the journal a Redis of its own\n',
    ]);
  });
});

function never(): never {
  throw new Error('there is such a viewer');
}
