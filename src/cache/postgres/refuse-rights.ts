import { CacheError } from '../errors.js';
import type { Home } from './home.js';
import { rightsOf } from './outbox-tables-sql.js';
import type { OutboxPool } from './pool-option.js';

/** Whether the user of this pool may use the outbox that another one made. @throws CacheError with the statements that let it. */
export async function refuseRights(pool: OutboxPool, home: Home): Promise<void> {
  const { rows } = await pool.query<{ role: string; may: boolean }>(
    // By oid: a name could not be looked up without the right that is asked about.
    `SELECT quote_ident(current_user) AS role, has_schema_privilege(n.oid, 'USAGE') AND bool_and(
       has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
       AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')) AS may
     FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
     WHERE n.nspname = $1 AND c.relname IN ('CacheOutbox', 'CacheStore') GROUP BY n.oid`,
    [home.schema],
  );
  const [found] = rows;
  if (found?.may === true) return;
  throw new CacheError(
    'CACHE_CONFIGURATION',
    `The database user lacks rights on the outbox; its owner runs:${rightsOf(home, found?.role ?? 'name')}`,
  );
}
