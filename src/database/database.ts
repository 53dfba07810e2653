import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { PrismaClient } from '../generated/prisma/client.js';
import { countStatements } from './count-statements.js';
import { type DatabaseLimits, transactionLimits } from './database-limits.js';
import type { DatabaseLog } from './database-log.js';
import { type ForTable, unshared } from './share-pool.js';
import { watchDisk } from './watch-disk.js';

/** One database, reached in two ways that share their connections: Prisma for resolvers, SQL for the rest. */
export interface Database {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  /** Connections kept apart for the relay and for /readyz, with shorter limits; the same pool where there are too few. */
  readonly upkeep: pg.Pool;
  /** Has the transactions that work begins take their connections from the share of this table. */
  readonly forTable: ForTable;
  readonly kind: 'embedded' | 'postgresql';
  /** How many SQL statements were sent since the database was opened. */
  statements(): number;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  /** True where a statement was refused lately because the disk of the database is full. */
  diskIsFull(): boolean;
  /** Waits for statements on their way, then lets everything go; safe to call twice. */
  close(): Promise<void>;
}

export interface DatabaseParts {
  readonly pool: pg.Pool;
  /** Default: the same. */
  readonly upkeep?: pg.Pool;
  /** Default: connections are not shared between tables. */
  readonly forTable?: ForTable;
  readonly kind: Database['kind'];
  /** Those of its connections, which transactions must leave room for. Default: none. */
  readonly limits?: DatabaseLimits;
  /** Ends the pools and whatever stands behind them. */
  readonly close: () => Promise<void>;
  readonly log: DatabaseLog;
  /** Sees the text of every statement; for debugging. */
  readonly onStatement?: ((sql: string) => void) | undefined;
}

export function createDatabase(parts: DatabaseParts): Database {
  const { pool, upkeep = pool, forTable = unshared, kind, limits, close, log, onStatement } = parts;
  const statements = countStatements(pool, onStatement);
  const ofUpkeep = upkeep === pool ? () => 0 : countStatements(upkeep, onStatement);
  const diskIsFull = watchDisk(new Set([pool, upkeep]));
  for (const one of new Set([pool, upkeep])) {
    // Without a listener, a connection that breaks while idle would end the process.
    one.on('error', (error) => log.warn(`A database connection was lost while idle: ${error.message}`));
  }
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool),
    transactionOptions: transactionLimits(limits),
  });
  let closing: Promise<void> | undefined;
  return {
    prisma,
    pool,
    upkeep,
    forTable,
    kind,
    statements: () => statements() + ofUpkeep(),
    async ping() {
      await upkeep.query('SELECT 1');
    },
    diskIsFull,
    close() {
      closing ??= prisma.$disconnect().finally(close);
      return closing;
    },
  };
}
