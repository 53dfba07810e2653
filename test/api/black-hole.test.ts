import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startApi, type Api } from '../../src/start/api.js';
import { readConfig } from '../../src/config.js';
import { fillFixture } from '../support/worlds/film-fixture.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../support/private-postgres.js';
import { workerRedis, type WorkerRedis } from '../support/servers/worker-redis.js';
import { post } from '../support/worlds/seeded-api.js';
import { tcpProxy, type ProxyFaults, type TcpProxy } from '../support/servers/tcp-proxy.js';
import { expectTime } from '../support/run/expect-time.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const isLong = process.env['ATTACKS'] === 'long';
/** The long form has the defaults, and holes as long as the one of the attack. */
const limits = isLong
  ? { connectMs: 5000, statementMs: 10_000, blindAfterMs: 3000, holeMs: 28_000 }
  : { connectMs: 1000, statementMs: 800, blindAfterMs: 500, holeMs: 3500 };
/** A place is waited for, then a statement is given up by the server or, a second later, by us; then readers are told. */
const LONGEST_ANSWER_MS = limits.connectMs + limits.statementMs + 3000;
/** Until it is known that a process is blind, and its loads of just before have ended. */
const SEEN_WITHIN_MS = limits.blindAfterMs + 1500;
const HEALED_WITHIN_MS = 8000;

interface Answered {
  readonly by: Api;
  readonly askedAtMs: number;
  readonly tookMs: number;
  /** Undefined where it was an error. */
  readonly take: number | undefined;
}

const errors = (answers: readonly Answered[]): number =>
  answers.filter(({ take }) => take === undefined).length;
const longest = (answers: readonly Answered[]): number =>
  Math.round(Math.max(...answers.map(({ tookMs }) => tookMs)));

describe.skipIf(!needsPostgres() || !needsRedis())('a black hole', () => {
  let postgres: PrivatePostgres;
  let redis: WorkerRedis;
  let outside: pg.Client;
  const ends: (() => Promise<void>)[] = [];
  let proxies: { postgres: TcpProxy; redis: TcpProxy };
  let cutOff: Api;
  let other: Api;
  const logged: string[] = [];

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([privatePostgres(), workerRedis()]);
    const databaseUrl = await postgres.createDatabase();
    const atEnd = (end: () => Promise<void>): void => void ends.push(end);
    proxies = {
      postgres: await tcpProxy(Number(new URL(databaseUrl).port), atEnd),
      redis: await tcpProxy(redis.port, atEnd),
    };
    const through = new URL(databaseUrl);
    through.port = `${proxies.postgres.port}`;
    const start = (url: string): Promise<Api> =>
      startApi(
        readConfig({
          NODE_ENV: 'test',
          PORT: '0',
          DATABASE_URL: url,
          // One address for both, by which they share the rows of the outbox.
          REDIS_URL: `redis://127.0.0.1:${proxies.redis.port}`,
          DATABASE_CONNECT_MS: `${limits.connectMs}`,
          DATABASE_STATEMENT_MS: `${limits.statementMs}`,
          CACHE_BLIND_AFTER_MS: `${limits.blindAfterMs}`,
          CACHE_PROBE: 'off',
          CACHE_PREFETCH: 'off',
        }),
        { log: pino({ level: 'warn' }, { write: (line) => void logged.push(line) }) },
      );
    cutOff = await start(through.href);
    other = await start(databaseUrl);
    await fillFixture(other.database.prisma);
    outside = new pg.Client({ connectionString: databaseUrl });
    await outside.connect();
  });
  afterAll(async () => {
    await Promise.all([cutOff.close(), other.close()]);
    await outside.end();
    for (const end of ends) await end();
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  const readiness = async (): Promise<unknown> => (await fetch(`${cutOff.url}/readyz`)).json();
  const healthy = { status: 'ready', database: 'ok', cache: 'ok' };

  /** Reads and writes go on while the hole is there and until all is well again; says how it went. */
  async function through(which: keyof typeof proxies, hole: ProxyFaults) {
    const commits: { take: number; atMs: number }[] = [];
    const answers: Answered[] = [];
    const asked: Promise<void>[] = [];
    const readies: unknown[] = [];
    let isOver = false;
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const writing = async (): Promise<void> => {
      for (let take = 1; !isOver; take += 1) {
        await outside.query(`UPDATE "Movie" SET "title" = 'Take ${take}' WHERE "id" = 1`);
        commits.push({ take, atMs: performance.now() });
        await pause(100);
      }
    };
    const reading = async (api: Api): Promise<void> => {
      while (!isOver) {
        const askedAtMs = performance.now();
        // A few at once, as a client that waits for its answer asks for nothing else.
        const one = post(api, '{ movie(id: 1) { title } }').then((answer) => {
          const take = /"title":"Take (\d+)"/.exec(answer)?.[1];
          const tookMs = performance.now() - askedAtMs;
          answers.push({ by: api, askedAtMs, tookMs, take: take === undefined ? undefined : Number(take) });
        });
        asked.push(one);
        await Promise.race([one, pause(100)]);
        await pause(20);
      }
    };
    const asking = async (): Promise<void> => {
      while (!isOver) {
        readies.push(await readiness());
        await pause(100);
      }
    };
    const all = [writing(), reading(cutOff), reading(other), asking()];
    await pause(300);
    proxies[which].set(hole);
    await pause(limits.holeMs);
    if (hole.blackHoleOf !== 'open') proxies[which].set({});
    const healedFromMs = performance.now();
    await expect.poll(readiness, { timeout: 20_000, interval: 20 }).toEqual(healthy);
    await expect
      .poll(() => post(cutOff, '{ person(id: 1) { name } movie(id: 2) { title } }'), { timeout: 20_000 })
      .toContain('"data"');
    const healedAfterMs = performance.now() - healedFromMs;
    isOver = true;
    await Promise.all(all);
    await Promise.all(asked);
    proxies[which].set({});
    const isStale = ({ askedAtMs, take }: Answered): boolean =>
      take !== undefined &&
      commits.some((commit) => commit.take > take && commit.atMs < askedAtMs - SEEN_WITHIN_MS);
    const ofOther = answers.filter(({ by }) => by === other);
    const report = {
      answers: answers.length,
      errors: errors(answers),
      stale: answers.filter(isStale).length,
      longestMs: longest(answers),
      healedAfterMs: Math.round(healedAfterMs),
      ofOther: { errors: errors(ofOther), longestMs: longest(ofOther) },
    };
    process.stdout.write(`${which}, ${JSON.stringify(hole)}: ${JSON.stringify(report)}\n`);
    return { ...report, readies: readies.map((one) => JSON.stringify(one)) };
  }

  const holes: readonly [string, keyof typeof proxies, ProxyFaults][] = [
    ['all connections to PostgreSQL', 'postgres', { blackHole: 'both' }],
    ['connections to PostgreSQL that are open', 'postgres', { blackHole: 'both', blackHoleOf: 'open' }],
    ['answers of PostgreSQL', 'postgres', { blackHole: 'answers' }],
    ['connections to Redis that are open', 'redis', { blackHole: 'both', blackHoleOf: 'open' }],
    ['all connections to Redis', 'redis', { blackHole: 'both' }],
  ];

  it.each(isLong ? holes : holes.slice(0, 1))('of %s', async (title, which, hole) => {
    // Where new connections work, the relay has one of them before it is blind.
    const isBlinding = which === 'postgres' && hole.blackHoleOf === undefined;
    const { stale, longestMs, healedAfterMs, ofOther, readies } = await through(which, hole);
    expect(stale, `stale reads, ${title}`).toBe(0);
    expect(ofOther.errors, 'errors of the process that is not cut off').toBe(0);
    if (isBlinding) {
      expect(readies.join()).toContain('"relay":"blind"');
      expect(logged.join()).toContain('the outbox could not be looked into for longer than it should');
    }
    expectTime(longestMs).toBeLessThan(LONGEST_ANSWER_MS);
    expectTime(healedAfterMs).toBeLessThan(HEALED_WITHIN_MS);
  });
});
