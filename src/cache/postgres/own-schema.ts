import type { ClientBase } from 'pg';
import { CacheError } from '../errors.js';
import { DEFAULT_SCHEMA, type Home } from './home.js';

/** @throws CacheError CACHE_CONFIGURATION where the user may not make it, or where it would hide the tables of the application. */
export async function makeSchema(client: ClientBase, { schema, quoted }: Home): Promise<void> {
  const { rows } = await client.query<{ may: boolean; role: string; before: string | null }>(
    `SELECT has_database_privilege(current_database(), 'CREATE') AS may, quote_ident(current_user) AS role,
            current_schema() AS before`,
  );
  const { may = false, role = 'name', before = null } = rows[0] ?? {};
  if (!may) {
    throw new CacheError(
      'CACHE_CONFIGURATION',
      `The outbox needs the schema "${schema}", which is not there, and the database user ${role} may not make it. Someone who may runs ` +
        `the SQL that \`npx graphql-corral outbox sql --role ${role}\` writes; or \`schema\` names one that is there.`,
    );
  }
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoted}`);
  const { rows: after } = await client.query<{ schema: string | null }>('SELECT current_schema() AS schema');
  if (after[0]?.schema === before) return;
  // The search_path begins with "$user", and the user has the name of the schema: new tables of the application would go there.
  throw new CacheError(
    'CACHE_CONFIGURATION',
    `The schema "${schema}" of the outbox would come before "${before ?? ''}" in the search_path of the database user ${role}, whose name it ` +
      `has; name another one with \`schema\`, or run: ALTER ROLE ${role} SET search_path = public`,
  );
}

/** Takes the schema away that is made by default, where nothing is left in it. */
export async function removeEmptySchema(client: ClientBase, { schema, quoted }: Home): Promise<void> {
  if (schema !== DEFAULT_SCHEMA) return;
  const { rowCount } = await client.query(
    `SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = $1 AND pg_has_role(n.nspowner, 'USAGE') AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_depend AS d WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = n.oid)`,
    [schema],
  );
  if (rowCount === 1) await client.query(`DROP SCHEMA ${quoted}`);
}
