import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Api } from '../../src/start/api.js';
import { readConfig } from '../../src/config.js';
import { fillFixture, fixturePassword, fixtureUsers } from '../support/worlds/film-fixture.js';
import { needsPostgres } from '../support/needs.js';
import { percentile } from '../support/load/percentile.js';
import { privatePostgres, type PrivatePostgres } from '../support/private-postgres.js';
import { post } from '../support/worlds/seeded-api.js';
import { expectTime } from '../support/run/expect-time.js';

/** The long form keeps the lock for as long as the attack did. */
const LOCKED_MS = process.env['ATTACKS'] === 'long' ? 9000 : 1000;
const SLOWER_BY_MS = 50;
const MANY = 2000;

describe.skipIf(!needsPostgres())('while the table of films is locked', () => {
  let postgres: PrivatePostgres;
  let outside: pg.Client;
  let api: Api;
  let next = 10;

  beforeAll(async () => {
    postgres = await privatePostgres();
    const databaseUrl = await postgres.createDatabase();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      CACHE_PROBE: 'off',
      CACHE_PREFETCH: 'off',
    });
    api = await startApi(config, { log: pino({ level: 'silent' }) });
    await fillFixture(api.database.prisma);
    outside = new pg.Client({ connectionString: databaseUrl });
    await outside.connect();
    await outside.query(
      `INSERT INTO "Movie" ("title") SELECT 'Film ' || n FROM generate_series(1, ${MANY}) AS n`,
    );
    await outside.query(
      `INSERT INTO "Person" ("name") SELECT 'Person ' || n FROM generate_series(1, ${MANY}) AS n`,
    );
    await outside.query(
      `INSERT INTO "User" ("email", "displayName") SELECT n || '@example.com', 'User ' || n FROM generate_series(1, ${MANY}) AS n`,
    );
  }, 60_000);
  afterAll(async () => {
    await outside.end();
    await api.close();
    await postgres.stop();
  });

  /** What asks for films, each time for others: all coordinates there are, scans and writes as well. */
  function filmReads(token: string): Promise<string>[] {
    const id = (next += 1);
    return [
      `{ movie(id: ${id}) { title similar(first: 3) { title } } }`,
      `{ movies(ids: [${id + 1}, ${id + 2}]) { title ratingSummary { count } } }`,
      `{ searchMovies(text: "film ${id}", first: 1) { totalCount } }`,
      `{ topCharts(first: ${(id % 50) + 1}) { rank } }`,
      `{ grossByYear(genre: "Drama ${id}") { year } }`,
      `{ person(id: ${id % 40}) { movies(first: ${(id % 20) + 1}) { title } } }`,
      `mutation { updateMovie(id: ${id}, input: { title: "Locked" }) { title } }`,
      `mutation { rateMovie(movieId: ${id}, stars: 4) { stars } }`,
    ].map((query) => post(api, query, { token }));
  }

  /** Milliseconds of reads and of a sign-in that have nothing to do with films; nothing of them is cached. */
  async function othersMs(): Promise<number[]> {
    const id = (next += 1);
    const reads = [`{ person(id: ${id}) { name } }`, `{ user(id: ${id}) { displayName } }`];
    return Promise.all(
      reads.map(async (query) => {
        const sinceMs = performance.now();
        const answer = await post(api, query);
        expect(answer).toMatch(/"(name|displayName)":"/);
        return performance.now() - sinceMs;
      }),
    );
  }

  async function othersFor(ms: number, meanwhile: () => void = () => undefined): Promise<number[]> {
    const all: number[] = [];
    for (const untilMs = performance.now() + ms; performance.now() < untilMs;) {
      meanwhile();
      all.push(...(await othersMs()));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return all;
  }

  it(
    'everything else answers as always, /readyz is ready, and films are there after it',
    { timeout: 60_000 },
    async () => {
      const { email } = fixtureUsers[1];
      const signIn = `mutation { signIn(email: "${email}", password: "${fixturePassword}") { token } }`;
      const token = /"token":"([^"]+)"/.exec(await post(api, signIn))?.[1] ?? '';
      const normal = await othersFor(300);

      await outside.query('BEGIN; LOCK TABLE "Movie" IN ACCESS EXCLUSIVE MODE');
      const reads: Promise<string>[] = [];
      const locked = await othersFor(LOCKED_MS, () => reads.push(...filmReads(token)));
      const sinceMs = performance.now();
      const ready = await fetch(`${api.url}/readyz`);
      const readyMs = performance.now() - sinceMs;
      const signedIn = await post(api, signIn);
      await outside.query('ROLLBACK');

      const answers = await Promise.all(reads);
      const refused = answers.filter((answer) => answer.includes('"errors"')).length;
      const report = {
        normalMs: { p50: percentile(normal, 0.5), p90: percentile(normal, 0.9) },
        lockedMs: {
          p50: percentile(locked, 0.5),
          p90: percentile(locked, 0.9),
          longest: Math.max(...locked),
        },
        readyMs,
        reads: answers.length,
        refused,
      };
      process.stdout.write(`"Movie" locked for ${LOCKED_MS} ms: ${JSON.stringify(report)}\n`);
      expect(await ready.json()).toEqual({ status: 'ready', database: 'ok', cache: 'ok' });
      expect(signedIn).toContain('"token"');
      expect(await post(api, `{ movie(id: ${(next += 10)}) { title } }`)).toContain('"title":');
      expectTime(readyMs).toBeLessThan(SLOWER_BY_MS * 2);
      expectTime(percentile(locked, 0.5)).toBeLessThan(percentile(normal, 0.5) + SLOWER_BY_MS);
    },
  );
});
