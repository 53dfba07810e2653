import { setTimeout as passes } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Outbox } from '../../../src/cache/index.js';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';
import { logWorld } from './log/log-world.js';
import { expectTime } from '../../support/run/expect-time.js';

const isLong = process.env['ATTACKS'] === 'long';
const seconds = isLong ? 600 : 3;
const tables = { Film: { table: 'films' } };
const sources = ['triggers', 'log'] as const;

describe.skipIf(!needsPostgres())('a transaction that stays open', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres('wal_level=logical');
  });
  afterAll(() => server.stop());

  it(
    `for ${seconds} s hides nothing and delays nothing that others write meanwhile, by triggers and by the log`,
    { timeout: 60_000 + seconds * 1500 },
    async () => {
      const { pool, url, open } = logWorld(await server.createDatabase());
      await pool.query('CREATE TABLE films (id int PRIMARY KEY)');
      const opened = await Promise.all(
        sources.map(async (source) => (await open({ tables, source, store: source, listen: false })).outbox),
      );
      const early = new pg.Client({ connectionString: url });
      await early.connect();
      onTestFinished(() => early.end());
      await early.query('BEGIN; INSERT INTO films VALUES (0)');
      const committed = new Map<string, number>();
      const told = sources.map(() => new Map<string, number>());
      let isOver = false;
      const relaying = opened.map(async (outbox: Outbox, index) => {
        for (let isLast = false; !isLast; await passes(20)) {
          isLast = isOver;
          await outbox
            .relay(
              (rows) => {
                for (const tag of rows.flatMap((row) => row.tags)) told[index]?.set(tag, performance.now());
                return Promise.resolve();
              },
              () => Promise.resolve(),
            )
            // A look that stands still on a busy machine loses its transaction; the next one takes the rows.
            .catch(() => undefined);
        }
      });
      const untilMs = performance.now() + seconds * 1000;
      let id = 1;
      for (; performance.now() < untilMs; id += 1) {
        await pool.query('INSERT INTO films VALUES ($1)', [id]);
        committed.set(`Film:${id}`, performance.now());
        await passes(isLong ? 50 : 10);
      }
      for (const tags of told) expect(tags.has('Film:0')).toBe(false);
      await early.query('COMMIT');
      await expect.poll(() => told.every((tags) => tags.has('Film:0'))).toBe(true);
      isOver = true;
      await Promise.all(relaying);
      const longestMs = told.map((tags) =>
        Math.max(...Array.from(committed, ([tag, atMs]) => (tags.get(tag) ?? Infinity) - atMs)),
      );
      if (isLong)
        process.stdout.write(`${id} writes, told within ${longestMs.map(Math.round).join(', ')} ms\n`);
      expectTime(Math.max(...longestMs)).toBeLessThan(2000);
    },
  );
});
