import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { Migration } from './read-migrations.js';

/** A row of Prisma's own table; rows that were rolled back are left out. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  readonly startedAt: Date;
  readonly isFinished: boolean;
}

// Word for word what Prisma creates, so that either can go on with a database the other began.
const tableSql = `
  CREATE TABLE _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
  )`;

/** `'absent'` when no migration was applied here yet. */
export async function readHistory(client: ClientBase): Promise<AppliedMigration[] | 'absent'> {
  const found = await client.query(`SELECT WHERE to_regclass('_prisma_migrations') IS NOT NULL`);
  if (found.rowCount === 0) return 'absent';
  const { rows } = await client.query<AppliedMigration>(`
    SELECT migration_name AS name, checksum, started_at AS "startedAt", finished_at IS NOT NULL AS "isFinished"
    FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`);
  return rows;
}

export async function createHistory(client: ClientBase): Promise<void> {
  await client.query(tableSql);
}

export async function recordStart(client: ClientBase, { name, checksum }: Migration): Promise<string> {
  const id = randomUUID();
  await client.query(`INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)`, [
    id,
    checksum,
    name,
  ]);
  return id;
}

export async function recordFinish(client: ClientBase, id: string): Promise<void> {
  await client.query(
    `UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1`,
    [id],
  );
}

export async function recordFailure(client: ClientBase, id: string, logs: string): Promise<void> {
  await client.query(`UPDATE _prisma_migrations SET logs = $2 WHERE id = $1`, [id, logs]);
}
