import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Store } from '../../src/cache/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import { createClientOrCluster } from '../../src/redis/create-redis-client.js';
import { startApi, type Api } from '../../src/start/api.js';
import { readConfig } from '../../src/config.js';
import { fillFixture, fixturePassword, fixtureUsers } from '../support/worlds/film-fixture.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../support/private-postgres.js';
import { privateTestedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { post } from '../support/worlds/seeded-api.js';
import { expectTime } from '../support/run/expect-time.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const COUNT = 1000;
/** Where the servers of the tests allow it, the API reads their log, and there are no triggers. */
const isFromLog = process.env['CHANGES_FROM'] === 'log';
const titleOf = (id: number): string => `{ movie(id: ${id}) { title } }`;

describe.skipIf(!needsPostgres() || !needsRedis())('a write that does not go through this API', () => {
  let postgres: PrivatePostgres;
  let redis: TestedRedis;
  let somebody: pg.Pool;
  let databaseUrl: string;
  let apis: [Api, Api];

  const start = (settings: Record<string, string> = {}, store?: Store): Promise<Api> =>
    startApi(
      readConfig({
        NODE_ENV: 'test',
        PORT: '0',
        DATABASE_URL: databaseUrl,
        REDIS_URL: redis.url,
        ...settings,
      }),
      { log: pino({ level: 'silent' }), ...(store !== undefined && { store }) },
    );

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([privatePostgres(), privateTestedRedis()]);
    databaseUrl = await postgres.createDatabase();
    somebody = new pg.Pool({ connectionString: databaseUrl });
    const one = await start();
    await fillFixture(one.database.prisma);
    await somebody.query(
      `INSERT INTO "Movie" ("title") SELECT 'Film ' || n FROM generate_series(1, ${COUNT}) AS n`,
    );
    apis = [one, await start()];
  });
  afterAll(async () => {
    await Promise.all(apis.map((api) => api.close()));
    await somebody.end();
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  /** Milliseconds until these APIs, both without any, answer `query` with this text. */
  async function seenAfterMs(
    query: string,
    text: string,
    { by = apis, timeout = 15_000 }: { by?: readonly Api[]; timeout?: number } = {},
  ): Promise<number> {
    const since = performance.now();
    for (const api of by) await expect.poll(() => post(api, query), { interval: 5, timeout }).toContain(text);
    return performance.now() - since;
  }

  async function warm(query: string, by: readonly Api[] = apis): Promise<void> {
    for (const api of by) await post(api, query);
  }

  it('is seen by every process at once', async () => {
    const title = `By hand ${performance.now()}`;
    await warm(titleOf(1));
    await somebody.query(`UPDATE "Movie" SET "title" = $1 WHERE "id" = 1`, [title]);
    expectTime(await seenAfterMs(titleOf(1), title)).toBeLessThan(500);
  });

  it('is written down in a schema apart: that of the tables holds nothing of the outbox but triggers', async () => {
    const { rows } = await somebody.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'S') UNION ALL
       SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace UNION ALL
       SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'`,
    );
    const declared = [
      ...(await readFile('prisma/schema.prisma', 'utf8')).matchAll(/^(?:model|enum) (\w+)/gm),
    ];
    const ours = ['_prisma_migrations', 'playback_take_part_in_order'];
    expect(rows.map(({ name }) => name).sort()).toEqual(
      [...ours, ...declared.map(([, name]) => name)].sort(),
    );
    const { rows: called } = await somebody.query(
      `SELECT DISTINCT p.pronamespace::regnamespace::text AS schema FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
       WHERE starts_with(t.tgname, 'cache_outbox_')`,
    );
    expect(called).toEqual(isFromLog ? [] : [{ schema: 'corral' }]);
  });

  it('is seen where something else depends on its row', async () => {
    const summary = '{ movie(id: 2) { ratingSummary { count average } } }';
    await somebody.query(`DELETE FROM "Rating" WHERE "movieId" = 2`);
    await seenAfterMs(summary, '"count":0');
    await somebody.query(`INSERT INTO "Rating" ("userId", "movieId", "stars") VALUES (1, 2, 5)`);
    expectTime(await seenAfterMs(summary, '"count":1')).toBeLessThan(500);
  });

  it('of a thousand rows at once is seen within a second', async () => {
    const { rows } = await somebody.query<{ id: number }>(
      `SELECT "id" FROM "Movie" WHERE "title" LIKE 'Film %' OR "title" LIKE 'Renamed %' ORDER BY "id"`,
    );
    const ids = rows.map(({ id }) => id);
    const chunks = Array.from({ length: COUNT / 100 }, (_, index) =>
      ids.slice(index * 100, index * 100 + 100),
    );
    const titles = (chunk: number[]): string => `{ movies(ids: [${chunk.join()}]) { title } }`;
    for (const chunk of chunks) await warm(titles(chunk));
    expect(ids.length).toBeGreaterThanOrEqual(COUNT);
    const title = `Renamed ${performance.now()}`;
    await somebody.query(`UPDATE "Movie" SET "title" = $1 WHERE "id" = ANY($2)`, [title, ids]);
    const since = performance.now();
    for (const chunk of chunks) {
      for (const api of apis)
        await expect
          .poll(async () => (await post(api, titles(chunk))).split(title).length - 1, { interval: 5 })
          .toBe(chunk.length);
    }
    const seenMs = performance.now() - since;
    process.stdout.write(`1,000 rows at once: seen by both after ${Math.round(seenMs)} ms\n`);
    expectTime(seenMs).toBeLessThan(1000);
  });

  it('is relayed after at most 300 ms, write after write', async () => {
    const relayed = (): { rows: number; lagMs: number } => ({
      rows: apis.reduce((sum, { cache }) => sum + cache.stats.relay().rows, 0),
      lagMs: apis.reduce((sum, { cache }) => sum + cache.stats.relay().lagMs, 0),
    });
    const before = relayed();
    for (let write = 0; write < 200; write += 1) {
      await somebody.query(`UPDATE "Movie" SET "title" = 'Take ${write}' WHERE "id" = 3`);
    }
    await seenAfterMs(titleOf(3), 'Take 199');
    // A row is counted once it is applied and gone; what one look finds in the log is one row.
    await expect.poll(() => relayed().rows - before.rows).toBeGreaterThanOrEqual(isFromLog ? 1 : 200);
    const after = relayed();
    const meanMs = (after.lagMs - before.lagMs) / (after.rows - before.rows);
    process.stdout.write(`lag of the relay, mean of 200 writes: ${Math.round(meanMs)} ms\n`);
    expectTime(meanMs).toBeLessThanOrEqual(300);
  });

  it(isFromLog ? 'is seen without triggers' : 'would not be seen without its trigger', async () => {
    // Nothing but a write may have it loaded again: no read is given up where the machine is busy.
    const client = createClientOrCluster(redis.url);
    const patient = await start({}, redisStore(client, { prefix: 'patient', commandTimeoutMs: 5000 }));
    onTestFinished(() => patient.close());
    await warm(titleOf(4), [patient]);
    await somebody.query('ALTER TABLE "Movie" DISABLE TRIGGER USER');
    onTestFinished(async () => void (await somebody.query('ALTER TABLE "Movie" ENABLE TRIGGER USER')));
    const title = `Unseen ${performance.now()}`;
    await somebody.query(`UPDATE "Movie" SET "title" = $1 WHERE "id" = 4`, [title]);
    const seen = seenAfterMs(titleOf(4), title, { by: [patient], timeout: 5000 });
    if (isFromLog) expectTime(await seen).toBeLessThan(500);
    else await expect(seen).rejects.toThrow();
  });

  describe('while Redis hangs', () => {
    const rename = (title: string): string =>
      `mutation { updateMovie(id: 5, input: { title: ${JSON.stringify(title)} }) { title } }`;
    const { email } = fixtureUsers.find(({ role }) => role === 'EDITOR') ?? fixtureUsers[0];
    const signIn = `mutation { signIn(email: "${email}", password: "${fixturePassword}") { token } }`;
    const tokenFrom = async (api: Api): Promise<string> =>
      /"token":"([^"]+)"/.exec(await post(api, signIn))?.[1] ?? '';
    const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
      for (const { pid } of redis.servers) process.kill(pid, name);
    };
    const hang = (): void => {
      signal('SIGSTOP');
      onTestFinished(() => signal('SIGCONT'));
    };

    it('a mutation is answered as bounded within its time, and seen everywhere once Redis is back', async () => {
      const token = await tokenFrom(apis[0]);
      await warm(titleOf(5));
      const boundedWrites = (): number =>
        apis[0].cache.stats.counters()['Mutation.updateMovie']?.boundedWrites ?? 0;
      const before = boundedWrites();
      hang();
      const since = performance.now();
      const answer = await post(apis[0], rename('Bounded'), { token });
      const tookMs = performance.now() - since;
      expect(answer).toContain('"updateMovie":{"title":"Bounded"}');
      expect(answer).toContain('"extensions":{"cache":{"consistency":"bounded","because":"store"}}');
      expect(boundedWrites()).toBe(before + 1);
      for (const api of apis) expect(await post(api, titleOf(5))).toContain('Bounded');
      signal('SIGCONT');
      await expect
        .poll(() => apis.map(({ cache }) => cache.stats.storeIsAway()), { timeout: 10_000 })
        .toEqual([false, false]);
      for (const api of apis) expect(await post(api, titleOf(5))).toContain('Bounded');
      const next = await post(apis[0], rename('Strict again'), { token });
      expect(next).not.toContain('bounded');
      for (const api of apis) expect(await post(api, titleOf(5))).toContain('Strict again');
      expectTime(tookMs).toBeLessThan(1000);
    });

    it('a mutation is refused before it commits, where it must not survive the loss', async () => {
      const strict = await start({ CACHE_ON_STORE_LOSS: 'fail' });
      onTestFinished(() => strict.close());
      const token = await tokenFrom(strict);
      expect(await post(strict, rename('Before'), { token })).toContain('"title":"Before"');
      hang();
      const answer = await post(strict, rename('Refused'), { token });
      expect(answer).toContain('"code":"CACHE_UNAVAILABLE"');
      expect(answer).toContain('Mutation.updateMovie was refused and nothing was changed');
      const { rows } = await somebody.query('SELECT "title" FROM "Movie" WHERE "id" = 5');
      expect(rows).toEqual([{ title: 'Before' }]);
    });
  });
});
