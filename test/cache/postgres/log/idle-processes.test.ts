import { setTimeout as passes } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { filmProcess } from '../../../support/processes/film-process.js';
import { countsStatements, countStatementsOf } from '../../../support/load/counted-statements.js';
import { needsPostgres, needsRedis } from '../../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-postgres.js';
import { monitorOf } from '../../../support/servers/redis-traffic.js';
import { workerRedis } from '../../../support/servers/worker-redis.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });

/** The long form is for a machine that does nothing else, and the figures that are promised. */
const isLong = process.env['ATTACKS'] === 'long';
const idleSeconds = isLong ? 60 : 3;
/** In a short while a look of each kind more or less is much. */
const slack = isLong ? 0 : 12;

describe.skipIf(!needsPostgres() || !needsRedis())('two processes that read one log', () => {
  let postgres: PrivatePostgres;
  beforeAll(async () => {
    postgres = await privatePostgres(
      'wal_level=logical',
      'max_wal_senders=40',
      'max_replication_slots=40',
      countsStatements,
    );
  });
  afterAll(() => postgres.stop());

  it('send Redis at most 3 commands a second each, and PostgreSQL one statement together, while they are idle', async () => {
    const redis = await workerRedis();
    const databaseUrl = await postgres.createDatabase();
    const pool = new pg.Pool({ connectionString: databaseUrl });
    onTestFinished(() => pool.end());
    await pool.query('CREATE TABLE films (id int PRIMARY KEY, seen int NOT NULL)');
    const statements = await countStatementsOf(databaseUrl);
    onTestFinished(() => statements.close());
    const settings = { databaseUrl, redisUrl: redis.url, source: 'log' } as const;
    const processes = [await filmProcess(settings), await filmProcess(settings)];
    const monitor = await monitorOf(redis.url);
    onTestFinished(() => monitor.disconnect());
    // What they do at their start is over.
    await passes(isLong ? 5000 : 500);
    let commands = 0;
    monitor.on('monitor', () => (commands += 1));
    await statements.reset();
    await passes(idleSeconds * 1000);
    const counted = await statements.read();
    const told = [...counted].map(([text, calls]) => `${calls} ${text.slice(0, 100)}`).join('\n');
    const sent = Array.from(counted.values()).reduce((sum, calls) => sum + calls, 0);
    if (isLong)
      process.stdout.write(`${commands} commands, ${sent} statements in ${idleSeconds} s\n${told}\n`);
    expect(commands).toBeLessThanOrEqual(3 * processes.length * idleSeconds + slack);
    expect(sent, told).toBeGreaterThan(0);
    expect(sent, told).toBeLessThanOrEqual(idleSeconds + slack / 4);
  });
});
