import { pino } from 'pino';
import { startApi } from '../../src/start/api.js';
import { readConfig } from '../../src/config.js';
import { readTypeDefs } from '../../src/schema/read-type-defs.js';
import { seededDatabase } from '../../test/support/worlds/seeded-api.js';
import { LOCAL_SECONDS, loadsOf, type Copies, type Started } from './measured.js';

export interface MeasuredApi {
  readonly redisUrl: string;
  /** A database with the demo data; without it the API keeps one in the memory of its process. */
  readonly databaseUrl: string | undefined;
  /** Of films and people. */
  readonly copies: Copies;
  readonly hasMemo: boolean;
  readonly hasPlans: boolean;
}

/** This API on its demo data. Once it is warm, the database is not asked. */
export async function startMeasuredApi({
  redisUrl,
  databaseUrl,
  copies,
  hasMemo,
  hasPlans,
}: MeasuredApi): Promise<Started> {
  const config = readConfig({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'silent',
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `api-${hasMemo ? 'memo' : copies}${hasPlans ? '' : '-no-plans'}`,
    COMPILED_EXECUTION: hasPlans ? 'on' : 'off',
    CACHE_MEMO: hasMemo ? 'on' : 'off',
    CACHE_STRICT_COPIES: copies === 'strict' ? 'on' : 'off',
    // What no request asks for here would be among the loads that are counted.
    CACHE_PREFETCH: 'off',
    DATABASE_URL: databaseUrl,
  });
  const api = await startApi(config, {
    log: pino({ level: 'silent' }),
    ...(databaseUrl === undefined ? { openDatabase: seededDatabase } : {}),
    typeDefs: readTypeDefs().map((text) => withLocalCopies(text, copies === 'local' ? LOCAL_SECONDS : 0)),
  });
  return {
    url: `${api.url}/graphql`,
    loads: () => loadsOf(api.cache.stats.counters()),
    close: () => api.close(),
  };
}

/** The schema as it is, and for `local` seconds answered from copies: films and people by id. */
export function withLocalCopies(typeDefs: string, local: number): string {
  return typeDefs.replace(/(READ_THROUGH, key: "(?:Movie|Person):[^"]*")/g, `$1, local: ${local}`);
}
