import { pino } from 'pino';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { readConfig } from '../../../src/config.js';
import { connectDatabase } from '../../../src/database/connect-database.js';
import type { Database } from '../../../src/database/database.js';
import { startApi, type Api } from '../../../src/start/api.js';
import { privatePostgres, type PrivatePostgres } from '../private-postgres.js';
import { fillFixture } from './film-fixture.js';
import { addWatchers, type Watcher } from './playback-world.js';

/** What the database should be like after any trouble. */
export const NOTHING_WRONG = { lost: 0, invented: 0, steppedBack: 0 };

/** A PostgreSQL of this file, and databases in it with the fixture, and viewers who watch. */
export function useWatchedDatabases() {
  let postgres: PrivatePostgres;
  beforeAll(async () => {
    postgres = await privatePostgres();
  });
  afterAll(() => postgres.stop());
  return {
    postgres: () => postgres,
    async databaseWith(count: number): Promise<{ databaseUrl: string; watchers: readonly Watcher[] }> {
      const databaseUrl = await postgres.createDatabase();
      const api = await apiHere({ DATABASE_URL: databaseUrl });
      await fillFixture(api.database.prisma);
      await api.close();
      return { databaseUrl, watchers: await addWatchers(databaseUrl, count) };
    },
  };
}

/** The API in this process. */
export async function apiHere(
  settings: Record<string, string>,
  onStatement?: (sql: string) => void,
): Promise<Api> {
  const config = readConfig({ NODE_ENV: 'test', PORT: '0', CACHE_PROBE: 'off', ...settings });
  const log = pino({ level: 'silent' });
  const openDatabase = (): Promise<Database> => connectDatabase({ ...config, log, onStatement });
  const api = await startApi(config, { log, openDatabase });
  onTestFinished(() => api.close());
  return api;
}

export function report(what: string, figures: object): void {
  process.stdout.write(`${what}: ${JSON.stringify(figures)}\n`);
}
