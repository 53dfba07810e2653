import { Redis } from 'ioredis';
import { pino } from 'pino';
import { readConfig } from '../../src/config.js';
import type { Database } from '../../src/database/database.js';
import type { Resolvers } from '../../src/generated/graphql.js';
import { warmLists, type WarmLists } from '../../src/origins/warm-lists.js';
import { resolvers } from '../../src/resolvers/resolvers.js';
import { readTypeDefs } from '../../src/schema/read-type-defs.js';
import { startApi, type Api } from '../../src/start/api.js';
import { seededDatabase } from '../../test/support/worlds/seeded-api.js';
import { apiSettings, type ApiSettings, type ApiUsage, type RatingCounts } from './api-settings.js';
import { arrangeTypeDefs, cachedReads } from './contestants/arrange-type-defs.js';
import type { ContestantName } from './contestants/names.js';
import { naiveCache, type NaiveCache } from './contestants/naive-cache.js';
import { naiveResolvers } from './contestants/naive-resolvers.js';
import { plainResolvers, straightResolvers } from './contestants/plain-resolvers.js';
import { addViewers } from './viewers.js';

/** The API of one contestant in a process of its own, which the bench commands by messages: usage, ratings, stop. */
async function main(settings: ApiSettings): Promise<void> {
  const { contestant, databaseUrl, redisUrl, prefix, timesFaster } = settings;
  const isWarm = contestant === 'prefetch' || contestant === 'configured';
  const typeDefs = arrangeTypeDefs(readTypeDefs(), { contestant, timesFaster });
  const config = readConfig({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'silent',
    // What is kept by hand is kept beside the engine, which has the sessions of its viewers in its own memory.
    REDIS_URL: contestant === 'naive' ? undefined : redisUrl,
    REDIS_PREFIX: prefix,
    DATABASE_URL: databaseUrl,
    CACHE_DISABLED: disabledFor(contestant, typeDefs),
    CACHE_MEMO: contestant === 'configured' ? 'on' : 'off',
    CACHE_PREFETCH: isWarm ? 'on' : 'off',
  });
  const naive = contestant === 'naive' ? openNaive(redisUrl, prefix) : undefined;
  const api = await startApi(config, {
    log: pino({ level: 'silent' }),
    ...(databaseUrl === undefined ? { openDatabase: databaseWithViewers } : {}),
    typeDefs,
    resolvers: resolversOf(contestant, naive?.cache, timesFaster),
    warm: isWarm ? warmLists : noLists,
  });
  answerMessages(api, naive);
}

/** Without a cache there is none for sessions either. */
function disabledFor(contestant: ContestantName, typeDefs: readonly string[]): string {
  if (contestant === 'none') return 'all';
  return contestant === 'naive' ? cachedReads(typeDefs).join() : '';
}

const noLists: WarmLists = {};

async function databaseWithViewers(): Promise<Database> {
  const database = await seededDatabase();
  await addViewers(database.pool);
  return database;
}

interface Naive {
  readonly cache: NaiveCache;
  close(): void;
}

function openNaive(redisUrl: string | undefined, prefix: string): Naive {
  if (redisUrl === undefined) throw new Error('the naive cache needs a Redis');
  const redis = new Redis(redisUrl);
  return { cache: naiveCache(redis, prefix), close: () => redis.disconnect() };
}

function resolversOf(
  contestant: ContestantName,
  naive: NaiveCache | undefined,
  timesFaster: number,
): Resolvers {
  if (naive !== undefined) return naiveResolvers(naive, timesFaster);
  if (contestant === 'configured' || contestant === 'write-behind') return resolvers;
  return contestant === 'none' || contestant === 'cache-aside' ? plainResolvers : straightResolvers;
}

function answerMessages(api: Api, naive: Naive | undefined): void {
  const tell = (message: object): void => void process.send?.(message);
  process.on('message', (message) => {
    if (message === 'usage') tell(usageOf(api, naive?.cache));
    else if (message === 'ratings') void countRatings(api.database).then(tell);
    else {
      naive?.close();
      void api.close().finally(() => process.exit(0));
    }
  });
  process.on('disconnect', () => process.exit(1));
  tell({ url: `${api.url}/graphql` });
}

function usageOf({ cache, database }: Api, naive: NaiveCache | undefined): ApiUsage {
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1000;
  if (naive !== undefined) return { cpuMs, statements: database.statements(), ...naive.counts() };
  const fields = Object.entries(cache.stats.counters()).flatMap(([coordinate, counters]) =>
    coordinate.includes('.') ? [counters] : [],
  );
  const hits = fields.reduce((sum, { hits, stale }) => sum + hits + stale, 0);
  const others = fields.reduce((sum, { misses, joined, waited }) => sum + misses + joined + waited, 0);
  // An operation that is answered from the memo reads no field: it counts as one hit.
  const ofMemo = cache.stats.memo().hits;
  return {
    cpuMs,
    statements: database.statements(),
    hits: hits + ofMemo,
    reads: hits + others + ofMemo,
  };
}

async function countRatings({ pool }: Database): Promise<RatingCounts> {
  const { rows } = await pool.query<{ id: number; count: number }>(
    'SELECT "movieId" AS id, count(*)::int AS count FROM "Rating" GROUP BY "movieId"',
  );
  return Object.fromEntries(rows.map(({ id, count }) => [id, count]));
}

await main(apiSettings.parse(JSON.parse(process.argv[2] ?? '{}')));
