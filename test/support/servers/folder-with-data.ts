import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename } from 'node:fs/promises';
import path from 'node:path';
import { applyMigrations } from '../../../src/database/apply-migrations.js';
import { connectDatabase } from '../../../src/database/connect-database.js';
import { RUN_FOLDER } from '../run/run-folder-name.js';
import { temporaryFolder } from '../temporary-folder.js';
import { testLog } from '../test-log.js';

/**
 * A temporary folder in which the program has run before, so that `.data` has all tables and no rows. A start
 * that makes them takes seconds of a processor; this one copies what the first of a run has made.
 */
export async function folderWithData(files: Record<string, string> = {}): Promise<string> {
  const folder = await temporaryFolder(files);
  const runFolder = process.env[RUN_FOLDER];
  if (runFolder === undefined) throw new Error(`${RUN_FOLDER} is set where vitest runs`);
  const made = path.join(runFolder, 'data');
  if (!existsSync(made)) await makeData(made);
  await cp(made, path.join(folder, '.data'), { recursive: true });
  return folder;
}

/** It has its name only once it is whole; of two that are made together one remains. */
async function makeData(name: string): Promise<void> {
  const part = await mkdtemp(`${name}-`);
  const log = testLog();
  const database = await connectDatabase({ dataDirectory: part, log });
  await applyMigrations({ pool: database.pool, log });
  await database.close();
  await rename(part, name).catch((error: unknown) => {
    if (!existsSync(name)) throw error;
  });
}
