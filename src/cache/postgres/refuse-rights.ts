import { CacheError } from '../errors.js';
import type { Home } from './home.js';
import { rightsOf } from './outbox-tables-sql.js';
import type { OutboxPool } from './pool-option.js';

/** Whether a role may use the outbox that another one made; default: the user of this pool. */
export async function mayUse(
  pool: Pick<OutboxPool, 'query'>,
  home: Home,
  asked?: string,
): Promise<{ readonly may: boolean; readonly role: string }> {
  const { rows } = await pool.query<{ role: string; may: boolean }>(
    // By oid: a name could not be looked up without the right that is asked about.
    `SELECT quote_ident(one.role) AS role, has_schema_privilege(one.role, n.oid, 'USAGE') AND bool_and(
       has_table_privilege(one.role, c.oid, 'SELECT') AND has_table_privilege(one.role, c.oid, 'INSERT')
       AND has_table_privilege(one.role, c.oid, 'UPDATE') AND has_table_privilege(one.role, c.oid, 'DELETE')) AS may
     FROM (SELECT coalesce($2, current_user)::name) AS one(role), pg_catalog.pg_namespace AS n
     JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
     WHERE n.nspname = $1 AND c.relname IN ('CacheOutbox', 'CacheStore') GROUP BY one.role, n.oid`,
    [home.schema, asked],
  );
  return rows[0] ?? { may: false, role: 'name' };
}

/** @throws CacheError with the statements that let the user of this pool use the outbox, where it may not. */
export async function refuseRights(pool: OutboxPool, home: Home): Promise<void> {
  const { may, role } = await mayUse(pool, home);
  if (may) return;
  throw new CacheError(
    'CACHE_CONFIGURATION',
    `The database user lacks rights on the outbox; its owner runs:${rightsOf(home, role)}`,
  );
}
