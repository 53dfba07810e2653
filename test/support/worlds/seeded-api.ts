import { postQuery, type PostOptions } from './post-query.js';
import { pino } from 'pino';
import { demoAccounts } from '../../../prisma/seed/demo-accounts.js';
import { seedDatabase } from '../../../prisma/seed/seed.js';
import { startApi, type Api } from '../../../src/start/api.js';
import type { Store } from '../../../src/cache/index.js';
import { readConfig } from '../../../src/config.js';
import { applyMigrations } from '../../../src/database/apply-migrations.js';
import { connectDatabase } from '../../../src/database/connect-database.js';
import type { Database } from '../../../src/database/database.js';
import { needsPostgres } from '../needs.js';
import { privatePostgres } from '../private-postgres.js';
import { copiedDatabase } from '../servers/copied-database.js';
import { testLog } from '../test-log.js';

/** An in-memory database with the whole demo data. */
export function seededDatabase(): Promise<Database> {
  return copiedDatabase('seeded', fill);
}

/** The same for many statements: on a server, which answers several times faster, where this machine has one. */
export async function seededServer(): Promise<Database> {
  if (!needsPostgres()) return seededDatabase();
  const server = await privatePostgres();
  const database = await connectDatabase({
    databaseUrl: server.url,
    dataDirectory: '',
    log: testLog(),
  });
  await fill(database);
  return {
    ...database,
    async close() {
      await database.close();
      await server.stop();
    },
  };
}

async function fill(database: Database): Promise<void> {
  await applyMigrations({ pool: database.pool, log: testLog() });
  await seedDatabase(database, { log: testLog() });
}

/** The API over a database that outlives it, on a free port. */
export function apiOver(
  database: Database,
  {
    store,
    redisUrl,
    environment = 'test',
    settings = {},
  }: {
    store?: Store;
    redisUrl?: string;
    settings?: Record<string, string>;
    environment?: 'test' | 'development' | 'production';
  } = {},
): Promise<Api> {
  const config = readConfig({
    NODE_ENV: environment,
    PORT: '0',
    LOG_LEVEL: 'silent',
    REDIS_URL: redisUrl,
    CACHE_PROBE: 'off',
    CACHE_PREFETCH: 'off',
    ...settings,
  });
  const shared: Database = { ...database, close: () => Promise.resolve() };
  return startApi(config, {
    log: pino({ level: 'silent' }),
    openDatabase: () => Promise.resolve(shared),
    ...(store === undefined ? {} : { store }),
  });
}

/** Sends one operation; the answer is the body as text, since bytes are what is compared. */
export async function post(api: Pick<Api, 'url'>, query: string, options: PostOptions = {}): Promise<string> {
  const response = await postQuery(api.url, query, options);
  return response.text();
}

/** A token for each demo account: a member, an editor and an admin. */
export async function signInAll(api: Pick<Api, 'url'>): Promise<string[]> {
  return Promise.all(
    demoAccounts.map(async ({ email, password }) => {
      const source =
        'mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { token } }';
      const body = await post(api, source, { variables: { email, password } });
      const token = /"token":"([^"]+)"/.exec(body)?.[1];
      if (token === undefined) throw new Error(`${email} could not sign in: ${body}`);
      return token;
    }),
  );
}
