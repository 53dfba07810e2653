import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connectDatabase } from '../../src/database/connect-database.js';
import type { Database } from '../../src/database/database.js';
import { findLostAnswers } from '../../src/database/find-lost-answers.js';
import { giveUpClient, liftLimits, watchClients } from '../../src/database/watch-clients.js';
import { needsPostgres } from '../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../support/private-postgres.js';
import { tcpProxy, type TcpProxy } from '../support/servers/tcp-proxy.js';
import { testLog } from '../support/test-log.js';
import { expectTime } from '../support/run/expect-time.js';

const limits = { connectMs: 400, statementMs: 300 };
/** The limit of a statement, the moment that the word of its end may take, and some time of this machine. */
const GIVEN_UP_WITHIN_MS = 300 + 1000 + 500;
const GIVEN_UP_FROM_MS = 300 + 1000 + 50;

describe.skipIf(!needsPostgres())('a database behind connections that forward nothing', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres();
  });
  afterAll(() => server.stop());

  async function behindProxy(connections = 10): Promise<{ proxy: TcpProxy; database: Database }> {
    const url = new URL(server.url);
    url.searchParams.set('connection_limit', `${connections}`);
    const proxy = await tcpProxy(Number(url.port));
    url.port = `${proxy.port}`;
    const database = await connectDatabase({
      databaseUrl: url.href,
      dataDirectory: '/nowhere',
      log: testLog(),
      limits,
    });
    onTestFinished(() => database.close());
    return { proxy, database };
  }

  const afterMs = async (work: Promise<unknown>): Promise<number> => {
    const sinceMs = performance.now();
    await work.catch(() => undefined);
    return performance.now() - sinceMs;
  };

  it('ends statements and transactions, and uses none of those connections again', async () => {
    const { proxy, database } = await behindProxy();
    const { pool, prisma } = database;
    await Promise.all([1, 2, 3].map(() => pool.query('SELECT pg_sleep(0.01)')));
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const transaction = prisma.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1`;
      begin();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await tx.$queryRaw`SELECT 1`;
    });
    transaction.catch(() => undefined);
    await begun;
    proxy.set({ blackHole: 'both', blackHoleOf: 'open' });
    const [alone, within] = await Promise.all([afterMs(pool.query('SELECT 1')), afterMs(transaction)]);
    await expect(transaction).rejects.toThrow();
    // Ten at once would meet every connection of before, had they been kept.
    const longest = Math.max(
      ...(await Promise.all(Array.from({ length: 10 }, () => afterMs(pool.query('SELECT 1'))))),
    );
    expectTime(Math.max(alone, within)).toBeLessThan(GIVEN_UP_WITHIN_MS);
    expectTime(longest).toBeLessThan(300);
  });

  it('ends connecting where nothing is forwarded at all, and is there again with it', async () => {
    const { proxy, database } = await behindProxy();
    proxy.set({ blackHole: 'both' });
    const all = Array.from({ length: 20 }, () => afterMs(database.pool.query('SELECT 1')));
    const longest = Math.max(...(await Promise.all(all)));
    proxy.set({});
    const again = await afterMs(database.pool.query('SELECT 1'));
    await database.ping();
    expectTime(longest).toBeLessThan(GIVEN_UP_WITHIN_MS + limits.connectMs);
    expectTime(again).toBeLessThan(300);
  });

  it('is asked about statements that are late: what was lost is not waited for, what is at work is', async () => {
    const url = new URL(server.url);
    const upkeep = new pg.Pool({ connectionString: url.href });
    const proxy = await tcpProxy(Number(url.port));
    url.port = `${proxy.port}`;
    const pool = new pg.Pool({ connectionString: url.href, application_name: 'corral' });
    pool.on('connect', (client) => client.on('error', () => undefined));
    const watch = watchClients(pool, { statementMs: 60_000, onSilent: () => undefined });
    const stop = findLostAnswers({ watch, upkeep, everyMs: 100, lateMs: 100 });
    onTestFinished(async () => {
      stop();
      await Promise.all([pool.end(), upkeep.end()]);
    });
    await pool.query('SELECT 1');
    proxy.set({ blackHole: 'both', blackHoleOf: 'open' });
    const lost = afterMs(pool.query('SELECT 1'));
    const slow = pool.query('SELECT pg_sleep(0.7) IS NOT NULL AS slept');
    expect((await slow).rows).toEqual([{ slept: true }]);
    expectTime(await lost).toBeLessThan(2000);
  });

  it('keeps connections that answer, however long others wait for them', async () => {
    const { database } = await behindProxy(1);
    const untilMs = performance.now() + GIVEN_UP_FROM_MS;
    const ask = async (): Promise<void> => {
      while (performance.now() < untilMs) await database.pool.query('SELECT pg_sleep(0.02)');
    };
    // The connection goes from one to the next without a moment in between.
    await Promise.all([ask(), ask(), ask()]);
  });

  it('keeps connections that answered while this process stood still', async () => {
    const pool = new pg.Pool({ connectionString: server.url });
    pool.on('connect', (client) => client.on('error', () => undefined));
    watchClients(pool, { statementMs: limits.statementMs, onSilent: () => undefined });
    onTestFinished(() => pool.end());
    await pool.query('SELECT 1');
    const answer = pool.query('SELECT 1 AS one');
    // It is sent then.
    await new Promise((resolve) => setImmediate(resolve));
    const untilMs = performance.now() + GIVEN_UP_FROM_MS;
    while (performance.now() < untilMs);
    expect((await answer).rows).toEqual([{ one: 1 }]);
  });

  it('leaves statements alone of which the server does not say whether it is at work', async () => {
    const upkeep = new pg.Pool({ connectionString: server.url });
    const options = '-c track_activities=off';
    const pool = new pg.Pool({ connectionString: server.url, application_name: 'corral', options });
    const watch = watchClients(pool, { statementMs: 60_000, onSilent: () => undefined });
    const stop = findLostAnswers({ watch, upkeep, everyMs: 50, lateMs: 50 });
    onTestFinished(async () => {
      stop();
      await Promise.all([pool.end(), upkeep.end()]);
    });
    await pool.query('SELECT pg_sleep(0.4)');
  });

  it('keeps nothing of a connection that ends while its limits are lifted', async () => {
    const pool = new pg.Pool({ connectionString: server.url });
    pool.on('connect', (client) => client.on('error', () => undefined));
    watchClients(pool, { statementMs: 60_000, onSilent: () => undefined });
    const client = await pool.connect();
    giveUpClient(client, 'it ends');
    await expect(liftLimits(client)).rejects.toThrow();
    await pool.end();
  }, 2000);

  it('has slow statements ended by the server', async () => {
    const { database } = await behindProxy();
    await expect(database.pool.query('SELECT pg_sleep(5)')).rejects.toThrow('statement timeout');
  });
});
