import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createDatabase, type Database } from '../../../src/database/database.js';
import { embeddedPool } from '../../../src/database/embedded-pool.js';
import { RUN_FOLDER } from '../run/run-folder-name.js';
import { testLog } from '../test-log.js';

/**
 * A database in memory as `fill` leaves it. To make one takes seconds of a processor, so the first of a run is saved
 * under its name, and the others are copies of its files. Two test files that begin together may both make it.
 */
export async function copiedDatabase(
  name: string,
  fill: (database: Database) => Promise<unknown>,
): Promise<Database> {
  const folder = process.env[RUN_FOLDER];
  const saved = folder === undefined ? undefined : path.join(folder, `${name}.tar`);
  const isSaved = saved !== undefined && existsSync(saved);
  const embedded = await PGlite.create(isSaved ? { loadDataDir: new Blob([await readFile(saved)]) } : {});
  const database = overMemory(embedded);
  if (isSaved) return database;
  await fill(database);
  if (saved !== undefined) await save(embedded, saved);
  return database;
}

function overMemory(embedded: PGlite): Database {
  const pool = embeddedPool(embedded);
  return createDatabase({
    pool,
    kind: 'embedded',
    log: testLog(),
    async close() {
      await pool.end();
      await embedded.close();
    },
  });
}

/**
 * The file has its name only once it is whole. Without the checkpoint a copy begins as after a crash, which lets
 * sequences skip numbers.
 */
async function save(embedded: PGlite, file: string): Promise<void> {
  await embedded.exec('CHECKPOINT');
  const part = `${file}.${process.pid}`;
  const files = await embedded.dumpDataDir('none');
  await writeFile(part, Buffer.from(await files.arrayBuffer()));
  await rename(part, file);
}
