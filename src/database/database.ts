import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { PrismaClient } from '../generated/prisma/client.js';
import { countStatements } from './count-statements.js';
import type { DatabaseLog } from './database-log.js';

/** One database, reached in two ways that share their connections: Prisma for resolvers, SQL for the rest. */
export interface Database {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  readonly kind: 'embedded' | 'postgresql';
  /** How many SQL statements were sent since the database was opened. */
  statements(): number;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  /** Waits for statements on their way, then lets everything go; safe to call twice. */
  close(): Promise<void>;
}

export interface DatabaseParts {
  readonly pool: pg.Pool;
  readonly kind: Database['kind'];
  /** Ends the pool and whatever stands behind it. */
  readonly close: () => Promise<void>;
  readonly log: DatabaseLog;
  /** Sees the text of every statement; for debugging. */
  readonly onStatement?: ((sql: string) => void) | undefined;
}

export function createDatabase({ pool, kind, close, log, onStatement }: DatabaseParts): Database {
  const statements = countStatements(pool, onStatement);
  // Without a listener, a connection that breaks while idle would end the process.
  pool.on('error', (error) => log.warn(`A database connection was lost while idle: ${error.message}`));
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  let closing: Promise<void> | undefined;
  return {
    prisma,
    pool,
    kind,
    statements,
    async ping() {
      await pool.query('SELECT 1');
    },
    close() {
      closing ??= prisma.$disconnect().finally(close);
      return closing;
    },
  };
}
