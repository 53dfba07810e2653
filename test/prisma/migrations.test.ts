import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { describe, expect, it } from 'vitest';
import { migrationList, schemaDrift } from '../../scripts/schema-drift.js';
import { createSchemaEngine } from '../../scripts/schema-engine.mjs';
import { scratchDatabase } from '../../scripts/scratch-database.js';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import { applyOutbox } from '../../src/cache/postgres/index.js';
import { embeddedPool } from '../../src/database/embedded-pool.js';
import { migrationsDirectory } from '../../src/database/read-migrations.js';
import { tagsOfRows } from '../../src/outbox/tags-of-rows.js';
import { packageRoot } from '../../src/start/package-root.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testLog } from '../support/test-log.js';

const schema = path.join(packageRoot, 'prisma', 'schema.prisma');

describe('the migrations', () => {
  it('make what schema.prisma describes', async () => {
    expect(await schemaDrift({ schema, migrations: migrationsDirectory })).toBeUndefined();
  });

  it('leave no drift once the outbox is made, in which its old place is empty', async () => {
    const driftWith = async (where?: string): Promise<string> => {
      const pglite = await PGlite.create();
      const pool = embeddedPool(pglite);
      await applyMigrations({ pool, log: testLog() });
      await applyOutbox({ pool, tables: tagsOfRows, ...(where !== undefined && { schema: where }) });
      const { adapters, close } = scratchDatabase(pglite);
      const { stdout } = await (
        await createSchemaEngine(adapters)
      ).diff({
        from: {
          tag: 'schemaDatasource',
          files: [{ path: schema, content: await readFile(schema, 'utf8') }],
          configDir: packageRoot,
        },
        to: { tag: 'schemaDatamodel', files: [{ path: schema, content: await readFile(schema, 'utf8') }] },
        ...{ script: true, exitCode: true, shadowDatabaseUrl: null, schema: null },
        filters: { externalTables: [], externalEnums: [] },
      });
      await pool.end();
      await close();
      return stdout ?? '';
    };
    expect(await driftWith()).toContain('This is an empty migration');
    expect(await driftWith('public')).toContain('DROP TABLE "CacheOutbox"');
  });

  it('are found wanting, with the SQL that is missing, when schema.prisma is ahead', async () => {
    const ahead = `${await readFile(schema, 'utf8')}\nmodel Award {\n  id Int @id\n}\n`;
    const folder = await temporaryFolder({ 'schema.prisma': ahead });
    await cp(migrationsDirectory, path.join(folder, 'migrations'), { recursive: true });
    const drift = await schemaDrift({
      schema: path.join(folder, 'schema.prisma'),
      migrations: path.join(folder, 'migrations'),
    });
    expect(drift).toContain('CREATE TABLE "Award"');
    expect(drift).not.toContain('"Movie"');
  });

  it("are in order for Prisma's own engine after we have applied them", async () => {
    const pglite = await PGlite.create();
    const pool = embeddedPool(pglite);
    await applyMigrations({ pool, log: testLog() });
    const { adapters, close } = scratchDatabase(pglite);
    const engine = await createSchemaEngine(adapters);
    const diagnosis = await engine.diagnoseMigrationHistory({
      migrationsList: await migrationList(migrationsDirectory),
      optInToShadowDatabase: false,
      filters: { externalTables: [], externalEnums: [] },
    });
    expect(diagnosis).toMatchObject({
      hasMigrationsTable: true,
      history: null,
      failedMigrationNames: [],
      editedMigrationNames: [],
    });
    await pool.end();
    await close();
  });
});
