import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import { connectDatabase } from '../../src/database/connect-database.js';
import {
  type CountedStatements,
  countsStatements,
  countStatementsOf,
} from '../support/load/counted-statements.js';
import { fillFixture } from '../support/worlds/film-fixture.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { addWatchers, comparedWithDatabase, newTally, watchOn } from '../support/worlds/playback-world.js';
import { type PrivatePostgres, privatePostgres } from '../support/private-postgres.js';
import { monitorOf } from '../support/servers/redis-traffic.js';
import { type WorkerRedis, workerRedis } from '../support/servers/worker-redis.js';
import { apiOver } from '../support/worlds/seeded-api.js';
import { startProgram } from '../support/processes/program.js';
import { testLog } from '../support/test-log.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });

/** The long form is for a machine that does nothing else: real processes, and the figures that are promised. */
const isLong = process.env['ATTACKS'] === 'long';
const idleSeconds = isLong ? 60 : 3;
const [viewers, positionsEach] = isLong ? [100, 100] : [40, 10];
/** In a short while a look of each kind more or less is much. */
const slack = isLong ? 0 : 12;

const NAMES = ['one', 'two'] as const;
const OF_RELAYS = /CacheOutbox|CacheStore/;
/** What the relay does about rows, and the flush itself. */
const OF_FLUSHES = /CacheOutbox|INSERT INTO "public"."Playback"|FROM pg_catalog|^(BEGIN|COMMIT|SET LOCAL)/;

describe.skipIf(!needsPostgres() || !needsRedis())('two processes on one PostgreSQL and one Redis', () => {
  let postgres: PrivatePostgres;
  let redis: WorkerRedis;
  let databaseUrl: string;
  let admin: Redis;
  let statements: CountedStatements;
  let apis: readonly { readonly url: string }[];
  const ends: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([privatePostgres(countsStatements), workerRedis()]);
    ends.push(() => Promise.all([postgres.stop(), redis.stop()]));
    databaseUrl = await postgres.createDatabase();
    const database = await connectDatabase({ databaseUrl, dataDirectory: '.data', log: testLog() });
    await applyMigrations({ pool: database.pool, log: testLog() });
    await fillFixture(database.prisma);
    await database.close();
    statements = await countStatementsOf(databaseUrl);
    admin = new Redis(redis.url);
    ends.push(
      () => statements.close(),
      () => Promise.resolve(admin.disconnect()),
    );
    // By its user it can be told whose connection one is.
    for (const name of NAMES) await admin.acl('SETUSER', name, 'on', `>${name}`, '~*', '&*', '+@all');
    apis = await Promise.all(NAMES.map(isLong ? startedProgram : startedHere));
  });
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  const settingsOf = (name: string) => ({
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url.replace('//', `//${name}:${name}@`),
    CACHE_PROBE: 'on',
    CACHE_PREFETCH: 'on',
  });

  async function startedHere(name: string) {
    const database = await connectDatabase({ databaseUrl, dataDirectory: '.data', log: testLog() });
    const { REDIS_URL: redisUrl, ...settings } = settingsOf(name);
    const api = await apiOver(database, { redisUrl, settings });
    await api.cache.warm.ready();
    ends.push(async () => {
      await api.close();
      await database.close();
    });
    return api;
  }

  async function startedProgram(name: string) {
    const folder = await mkdtemp(path.join(tmpdir(), 'corral-quiet-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    const program = startProgram({
      folder,
      environment: { NODE_ENV: 'test', PORT: '0', ...settingsOf(name) },
      atEnd: (end) => void ends.push(end),
    });
    const [, url = ''] = await program.prints(/Corral is ready\.\n {2}API +(\S+)\/graphql/);
    return { url };
  }

  /** How many commands each of them sent meanwhile, and by which connections; what scripts call is not sent. */
  async function commandsWhile(work: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
    const monitor = await monitorOf(redis.url);
    const sent: string[] = [];
    monitor.on('monitor', (_time: string, _command: string[], by: string) => void sent.push(by));
    await work();
    const clients = String(await admin.client('LIST'));
    monitor.disconnect();
    const users = new Map(
      Array.from(clients.matchAll(/ addr=(\S+) .* user=(\S+)/g), ([, at = '', user = '']) => [at, user]),
    );
    return new Map(NAMES.map((name) => [name, sent.filter((by) => users.get(by) === name).length]));
  }

  it('send Redis at most 3 commands a second each, and PostgreSQL one statement together, while they are idle', async () => {
    // What they do at their start is over.
    await passes(isLong ? 5000 : 1000);
    await statements.reset();
    const commands = await commandsWhile(() => passes(idleSeconds * 1000));
    const counted = await statements.read();
    tell(`idle for ${idleSeconds} s`, [...commands, ...counted]);
    for (const name of NAMES) {
      expect(commands.get(name), name).toBeGreaterThan(0);
      expect(commands.get(name), name).toBeLessThanOrEqual(3 * idleSeconds + slack);
    }
    const ofRelays = [...counted].filter(([text]) => isLong || OF_RELAYS.test(text));
    expect(sum(ofRelays.map(([, calls]) => calls))).toBeLessThanOrEqual(idleSeconds + slack / 4);
  });

  it('flush many positions with few statements, those of the relay about them included', async () => {
    const watchers = await addWatchers(databaseUrl, viewers);
    const tally = newTally();
    await statements.reset();
    const beganAtMs = performance.now();
    await Promise.all(
      watchers.map(async (watcher, index) => {
        const api = apis[index % apis.length];
        for (let sent = 0; api && sent < positionsEach; sent += 1) await watchOn(api, watcher, tally);
      }),
    );
    const tookMs = performance.now() - beganAtMs;
    await expect
      .poll(() => comparedWithDatabase(databaseUrl, watchers), { timeout: 10_000, interval: 250 })
      .toEqual({ lost: 0, invented: 0, steppedBack: 0 });
    const counted = [...(await statements.read())].filter(([text]) => OF_FLUSHES.test(text));
    tell(`${tally.acknowledged} positions in ${Math.round(tookMs)} ms`, counted);
    expect(tally).toMatchObject({ acknowledged: viewers * positionsEach, others: [] });
    const atMost = isLong ? 500 : 50 + 45 * Math.ceil(tookMs / 1000);
    expect(sum(counted.map(([, calls]) => calls))).toBeLessThanOrEqual(atMost);
  });
});

function tell(what: string, figures: readonly unknown[]): void {
  if (isLong) process.stdout.write(`${what}: ${JSON.stringify(figures)}\n`);
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}
