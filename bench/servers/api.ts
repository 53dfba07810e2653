import { pino } from 'pino';
import { startApi } from '../../src/api.js';
import { readConfig } from '../../src/config.js';
import { readTypeDefs } from '../../src/schema/read-type-defs.js';
import { seededDatabase } from '../../test/support/seeded-api.js';
import { loadsOf } from './standalone.js';
import type { Started } from './program.js';

/** This API on its demo data, which it keeps in the memory of its process: once warm, it is not asked. */
export async function startMeasuredApi(redisUrl: string, local: number): Promise<Started> {
  const config = readConfig({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'silent',
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `api-${local}`,
  });
  const api = await startApi(config, {
    log: pino({ level: 'silent' }),
    openDatabase: seededDatabase,
    typeDefs: readTypeDefs().map((text) => withLocalCopies(text, local)),
  });
  return {
    url: `${api.url}/graphql`,
    loads: () => loadsOf(api.cache.counters()),
    close: () => api.close(),
  };
}

/** The schema as it is, and for `local` seconds answered from copies: films and people by id. */
function withLocalCopies(typeDefs: string, local: number): string {
  return typeDefs.replace(/(key: "(?:Movie|Person):[^"]*")/g, `$1, local: ${local}`);
}
