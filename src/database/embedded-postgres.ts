import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import type pg from 'pg';
import { ConfigurationError } from '../start/configuration-error.js';
import { lockDataDirectory } from './lock/data-lock.js';
import { embeddedPool } from './embedded-pool.js';
import { loadDevelopmentPackage } from './load-development-package.js';

export interface EmbeddedPostgres {
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/** Opens the PostgreSQL that lives in this process and keeps its files in `dataDirectory`, locked against others. */
export async function openEmbeddedPostgres(dataDirectory: string): Promise<EmbeddedPostgres> {
  const lock = await lockDataDirectory(dataDirectory);
  try {
    const database = await openFiles(dataDirectory);
    const pool = embeddedPool(database);
    return {
      pool,
      async close() {
        try {
          await pool.end();
          await database.close();
        } finally {
          await lock.release();
        }
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The same PostgreSQL, gone when it is closed: for tests and for scripts. */
export async function openMemoryPostgres(): Promise<EmbeddedPostgres> {
  const database = await openPGlite();
  const pool = embeddedPool(database);
  return {
    pool,
    async close() {
      await pool.end();
      await database.close();
    },
  };
}

/**
 * A process that is killed while the files are made for the first time leaves half a database, which never opens
 * again. The mark stands only meanwhile, so losing it costs no data, and finding it says that there are none yet.
 */
async function openFiles(dataDirectory: string): Promise<PGlite> {
  const files = path.join(dataDirectory, 'postgres');
  const mark = path.join(dataDirectory, 'postgres-is-being-made');
  if (existsSync(mark)) await rm(files, { recursive: true, force: true });
  if (existsSync(files)) return openExisting(files);
  await writeFile(mark, '');
  const database = await openPGlite(files);
  await rm(mark);
  return database;
}

async function openExisting(files: string): Promise<PGlite> {
  try {
    return await openPGlite(files);
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    throw new ConfigurationError(
      `The embedded database in ${files} cannot be opened; restore it, or delete that folder to begin with new demo data.`,
      { cause },
    );
  }
}

async function openPGlite(files?: string): Promise<PGlite> {
  const { PGlite } = await loadDevelopmentPackage(
    () => import('@electric-sql/pglite'),
    'The embedded database needs @electric-sql/pglite, a development dependency: set DATABASE_URL to a PostgreSQL server, or run `npm install` without --omit=dev.',
  );
  return files === undefined ? PGlite.create() : PGlite.create(files);
}
