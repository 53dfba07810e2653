import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passes } from 'node:timers/promises';
import type pg from 'pg';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import { connectDatabase } from '../../src/database/connect-database.js';
import { apiProcess, type ApiProcess } from '../support/processes/api-process.js';
import { fillFixture, fixturePassword, fixtureUsers } from '../support/worlds/film-fixture.js';
import { freePort } from '../support/free-port.js';
import { privatePostgres } from '../support/private-postgres.js';
import { privateCluster } from '../support/servers/private-cluster.js';
import { isOnCluster } from '../support/servers/tested-redis.js';
import { privateRedisAt, type PrivateRedis } from '../support/private-redis.js';
import { post } from '../support/worlds/seeded-api.js';
import { testLog } from '../support/test-log.js';

/** The program in several processes, on one PostgreSQL and one Redis. */
export interface ApiWorld {
  readonly processes: readonly ApiProcess[];
  readonly database: pg.Pool;
  /** Of an editor. */
  readonly token: string;
  readonly redis: RestartableRedis;
  /** Takes every fault away, and resolves once all processes use Redis again. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

export interface RestartableRedis {
  readonly url: string;
  readonly ports: readonly number[];
  kill(): Promise<void>;
  /** Starts it on the same port, with nothing in it. */
  start(): Promise<void>;
  pause(): void;
  resume(): void;
}

const HEALS_WITHIN_MS = 15_000;

export interface ApiWorldOptions {
  readonly count?: number;
  /** What is planted into the store of every process, see `planted-api-program.ts`. */
  readonly plant?: string;
}

/** Starts everything. */
export async function apiWorld({ count = 3, plant }: ApiWorldOptions = {}): Promise<ApiWorld> {
  const ends: (() => Promise<unknown>)[] = [];
  const atEnd = (end: () => Promise<unknown>): void => void ends.push(end);
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const folder = await mkdtemp(path.join(tmpdir(), 'corral-api-world-'));
    atEnd(() => rm(folder, { recursive: true, force: true }));
    const startRedis = isOnCluster ? pausableCluster : restartableRedis;
    const [redis, { pool, url }] = await Promise.all([startRedis(atEnd), filmDatabase(atEnd)]);
    const environment = { NODE_ENV: 'test', DATABASE_URL: url, REDIS_URL: redis.url };
    const started = Array.from({ length: count }, () =>
      apiProcess({ folder, environment, redisPorts: redis.ports, plant, atEnd }),
    );
    const processes = await Promise.all(started);
    const heal = async (): Promise<void> => {
      redis.resume();
      await redis.start();
      await Promise.all(processes.map(mended));
    };
    await heal();
    return { processes, database: pool, token: await editorToken(processes), redis, heal, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type AtEnd = (end: () => Promise<unknown>) => void;

async function restartableRedis(atEnd: AtEnd): Promise<RestartableRedis> {
  const port = await freePort();
  let redis: PrivateRedis | undefined = await privateRedisAt(port);
  const kill = async (): Promise<void> => {
    await redis?.stop();
    redis = undefined;
  };
  const signal = (name: NodeJS.Signals): void => {
    if (redis !== undefined) process.kill(redis.pid, name);
  };
  atEnd(kill);
  return {
    url: `redis://127.0.0.1:${port}`,
    ports: [port],
    kill,
    start: async () => {
      redis ??= await privateRedisAt(port);
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

/** A cluster whose primaries stand still together, for less time than their replicas would take over after. */
async function pausableCluster(atEnd: AtEnd): Promise<RestartableRedis> {
  const { url, primaries, stop } = await privateCluster();
  atEnd(stop);
  const signal = (name: NodeJS.Signals): void => {
    for (const { pid } of primaries) process.kill(pid, name);
  };
  return {
    url,
    ports: primaries.map(({ port }) => port),
    kill: () => Promise.reject(new Error('a cluster that is killed is no part of this world')),
    start: () => Promise.resolve(),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

/** A server of its own with the fixture, whose titles are all "Take 0". */
async function filmDatabase(atEnd: AtEnd): Promise<{ pool: pg.Pool; url: string }> {
  const postgres = await privatePostgres();
  atEnd(() => postgres.stop());
  const url = await postgres.createDatabase();
  const database = await connectDatabase({ databaseUrl: url, dataDirectory: '.data', log: testLog() });
  atEnd(() => database.close());
  await applyMigrations({ pool: database.pool, log: testLog() });
  await fillFixture(database.prisma);
  await database.pool.query(`UPDATE "Movie" SET "title" = 'Take 0'`);
  return { pool: database.pool, url };
}

/** Without faults, running, and in use of Redis. */
async function mended(process: ApiProcess): Promise<void> {
  process.proxy.set({});
  process.resume();
  if (!process.isUp) await process.start();
  const usesRedis = JSON.stringify({ status: 'ready', database: 'ok', cache: 'ok' });
  const untilMs = performance.now() + HEALS_WITHIN_MS;
  for (;;) {
    const readiness = await (await fetch(`${process.url}/readyz`)).text();
    if (readiness === usesRedis) return;
    if (performance.now() > untilMs) throw new Error(`not healed: ${readiness}\n${process.printed()}`);
    await passes(20);
  }
}

async function editorToken(processes: readonly ApiProcess[]): Promise<string> {
  const { email } = fixtureUsers[1];
  const signIn = `mutation { signIn(email: "${email}", password: "${fixturePassword}") { token } }`;
  const [first] = processes;
  const answer = first === undefined ? '' : await post(first, signIn);
  const token = /"token":"([^"]+)"/.exec(answer)?.[1];
  if (token === undefined) throw new Error(`the editor could not sign in: ${answer}`);
  return token;
}
