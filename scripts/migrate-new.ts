import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { migrationsDirectory } from '../src/database/read-migrations.js';
import { packageRoot } from '../src/start/package-root.js';
import { migrationLock, schemaDrift } from './schema-drift.js';

const help = `Usage: npm run migrate:new -- <name>    write the migration that prisma/schema.prisma needs
       npm run migrate:check            exit code 1 when a migration is missing

Needs no database: the migrations are replayed in an embedded PostgreSQL, in memory.
Read the SQL before you commit it. Migrations are applied when the server starts.`;

await main(process.argv.slice(2));

async function main(parameters: string[]): Promise<void> {
  const [first] = parameters;
  if (first === '--help' || first === undefined) {
    console.log(help);
    process.exitCode = first === undefined ? 2 : 0;
    return;
  }
  await mkdir(migrationsDirectory, { recursive: true });
  const sql = await schemaDrift({
    schema: path.join(packageRoot, 'prisma', 'schema.prisma'),
    migrations: migrationsDirectory,
  });
  if (first === '--check') report(sql);
  else await writeMigration(parameters.join('_'), sql);
}

function report(sql: string | undefined): void {
  if (sql === undefined) {
    console.log('The migrations and prisma/schema.prisma agree.');
    return;
  }
  console.error(sql);
  console.error(
    'prisma/schema.prisma is ahead of prisma/migrations by the SQL above; run `npm run migrate:new -- <name>`.',
  );
  process.exitCode = 1;
}

async function writeMigration(name: string, sql: string | undefined): Promise<void> {
  if (sql === undefined) {
    console.log('The migrations and prisma/schema.prisma agree, so there is nothing to write.');
    return;
  }
  if (slug(name) === '')
    throw new Error(`The name of a migration needs a letter or a digit, but got "${name}".`);
  const folder = `${timestamp(new Date())}_${slug(name)}`;
  await mkdir(path.join(migrationsDirectory, folder));
  await writeFile(path.join(migrationsDirectory, folder, 'migration.sql'), sql);
  await writeFile(path.join(migrationsDirectory, migrationLock.name), migrationLock.content);
  console.log(`Wrote prisma/migrations/${folder}/migration.sql; read it before you commit it.`);
}

/** 20260131235959, in UTC, as Prisma names its folders: names sort by time. */
function timestamp(now: Date): string {
  return now.toISOString().replace(/\D/g, '').slice(0, 14);
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
}
