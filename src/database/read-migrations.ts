import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../start/package-root.js';
import { ConfigurationError } from '../start/configuration-error.js';

export const migrationsDirectory = path.join(packageRoot, 'prisma', 'migrations');

/** One folder of prisma/migrations; `checksum` is what Prisma stores, SHA-256 of migration.sql in hex. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** All migrations in the order in which they are applied, which is the order of their names. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(names.sort().map((name) => readMigration(directory, name)));
}

async function readMigration(directory: string, name: string): Promise<Migration> {
  const file = path.join(directory, name, 'migration.sql');
  try {
    const bytes = await readFile(file);
    const checksum = createHash('sha256').update(bytes).digest('hex');
    return { name, sql: bytes.toString('utf8'), checksum };
  } catch (cause) {
    throw new ConfigurationError(
      `Migration ${name} has no readable migration.sql; restore ${file} or delete its folder.`,
      { cause },
    );
  }
}
