import { createHash } from 'node:crypto';
import { verify } from '@node-rs/argon2';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { demoAccounts } from '../../prisma/seed/demo-accounts.js';
import { demoData } from '../../prisma/seed/demo-data.js';
import { seedDatabase } from '../../prisma/seed/seed.js';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import { connectDatabase } from '../../src/database/connect-database.js';
import type { Database } from '../../src/database/database.js';
import { childProcess } from '../support/processes/child-process.js';
import { memoryDatabase } from '../support/servers/memory-database.js';
import { needsPostgres } from '../support/needs.js';
import { privatePostgres } from '../support/private-postgres.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testLog } from '../support/test-log.js';

const tables = ['Person', 'Movie', 'User', 'Credential', 'Session', 'Rating', 'Playback'];

/** One hash over every column of every row. */
async function contentsOf({ pool }: Database): Promise<Record<string, unknown>> {
  const entries = tables.map(async (table): Promise<[string, unknown]> => {
    const row = `to_jsonb(t)::text`;
    const sql = `SELECT count(*)::int AS rows, md5(string_agg(${row}, ',' ORDER BY ${row} COLLATE "C")) AS hash`;
    return [table, (await pool.query(`${sql} FROM "${table}" t`)).rows[0]];
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe('the demo data', () => {
  it('is the same each time', async () => {
    const digest = async () =>
      createHash('sha256')
        .update(JSON.stringify(await demoData()))
        .digest('hex');
    expect(await digest()).toBe(await digest());
  });
});

describe('a seeded database', () => {
  let database: Database;
  const log = testLog();
  const select = async (sql: string) => (await database.pool.query(sql)).rows;

  beforeAll(async () => {
    database = await memoryDatabase();
    expect(await seedDatabase(database, { log })).toBe(true);
  });
  afterAll(() => database.close());

  it('was filled with progress in the log', () => {
    const percents = [25, 50, 75, 100].map((percent) => `info Loading demo data: ${percent} %`);
    expect(log.lines).toEqual(percents);
  });

  it('has films, directors, viewers, at least 100,000 ratings and 20,000 playback positions', async () => {
    const [counts] = await select(`SELECT
      (SELECT count(*)::int FROM "Movie") AS films, (SELECT count(*)::int FROM "Person") AS people,
      (SELECT count(*)::int FROM "User") AS users, (SELECT count(*)::int FROM "Credential") AS credentials,
      (SELECT count(*)::int FROM "Rating") AS ratings, (SELECT count(*)::int FROM "Playback") AS playbacks`);
    expect(counts).toEqual({
      films: 3_200,
      people: 550,
      users: 2_000,
      credentials: 3,
      ratings: expect.toSatisfy((count: number) => count >= 100_000),
      playbacks: expect.toSatisfy((count: number) => count >= 20_000),
    });
  });

  it('is not seeded twice, which takes one statement to see', async () => {
    const before = database.statements();
    expect(await seedDatabase(database, { log: testLog() })).toBe(false);
    expect(database.statements() - before).toBe(1);
  });

  it('lets one account per role sign in, and they are the first users', async () => {
    const users = await select(`SELECT u."email", u."role", c."passwordHash" AS hash
      FROM "User" u JOIN "Credential" c ON c."userId" = u."id" ORDER BY u."id"`);
    expect(users.map(({ email, role }) => ({ email, role }))).toEqual(
      demoAccounts.map(({ email, role }) => ({ email, role })),
    );
    for (const { hash } of users) expect(await verify(hash, 'corral-demo')).toBe(true);
    expect(
      await select('SELECT max("id") AS id FROM "User" WHERE "id" IN (SELECT "userId" FROM "Credential")'),
    ).toEqual([{ id: 3 }]);
  });

  it('has one to five stars, more of them for better films', async () => {
    const [row] = await select(`SELECT min(stars) AS least, max(stars) AS most,
      avg(stars) FILTER (WHERE "imdbRating" >= 8)::float AS good,
      avg(stars) FILTER (WHERE "imdbRating" <= 4)::float AS bad
      FROM "Rating" r JOIN "Movie" m ON m."id" = r."movieId"`);
    expect(row).toMatchObject({ least: 1, most: 5 });
    expect(row.good).toBeGreaterThan(row.bad + 1.5);
  });

  it('has most of its ratings on popular films', async () => {
    const [row] =
      await select(`WITH counts AS (SELECT count(*) AS n FROM "Rating" GROUP BY "movieId" ORDER BY n DESC)
      SELECT (SELECT sum(n) FROM (SELECT n FROM counts LIMIT 320) AS top) / sum(n) AS share FROM counts`);
    expect(Number(row.share)).toBeGreaterThan(0.3);
  });

  it('gives the next new row the next id', async () => {
    const movie = await database.prisma.movie.create({ data: { title: 'New' } });
    const user = await database.prisma.user.create({
      data: { email: 'new@corral.example', displayName: 'New' },
    });
    const person = await database.prisma.person.create({ data: { name: 'New' } });
    expect([movie.id, user.id, person.id]).toEqual([3_201, 2_001, 551]);
  });

  it('keeps what it has when it is not ours', async () => {
    await database.pool.query('TRUNCATE "Movie", "User" CASCADE');
    await database.prisma.movie.create({ data: { title: 'The only one' } });
    expect(await seedDatabase(database, { log: testLog() })).toBe(false);
    expect(await database.prisma.movie.count()).toBe(1);
  });
});

describe.skipIf(!needsPostgres())('a seed that was killed half-way', () => {
  const log = testLog();
  const open = async (dataDirectory: string, databaseUrl?: string): Promise<Database> => {
    const database = await connectDatabase({ databaseUrl, dataDirectory, log });
    onTestFinished(() => database.close());
    await applyMigrations({ pool: database.pool, log });
    return database;
  };

  const title = 'is done again at the next start, and ends with the very rows that a PostgreSQL server gets';
  it(title, { timeout: 300_000 }, async () => {
    const directory = await temporaryFolder();
    const child = childProcess('seed-data-directory.ts', directory);
    await child.printed('Loading demo data: 25 %');
    await child.kill();

    const embedded = await open(directory);
    expect(await embedded.prisma.movie.count()).toBe(0);
    expect(await seedDatabase(embedded, { log })).toBe(true);

    const server = await privatePostgres();
    onTestFinished(() => server.stop());
    const served = await open(directory, server.url);
    const seeds = [seedDatabase(served, { log }), seedDatabase(served, { log })];
    expect((await Promise.all(seeds)).sort()).toEqual([false, true]);
    expect(await contentsOf(embedded)).toEqual(await contentsOf(served));
  });
});
