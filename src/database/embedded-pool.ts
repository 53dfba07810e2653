import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { PGliteStream } from './pglite-stream.js';

/**
 * A pool over a PGlite in this process. One connection, as PGlite is one session; it is never closed for
 * idleness, and callers wait for it without a limit, because a long statement here is work, not a fault.
 */
export function embeddedPool(database: PGlite): pg.Pool {
  return new pg.Pool({
    max: 1,
    idleTimeoutMillis: 0,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    stream: () => new PGliteStream(database),
  });
}
