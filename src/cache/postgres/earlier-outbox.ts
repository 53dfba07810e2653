import pg, { type ClientBase } from 'pg';

/**
 * What takes the outbox away that a version before 0.1.0 was released made in the schema of the application's tables: its
 * triggers go with its functions. Empty where there is none. Its stores are new ones in the schema of their own, and forget
 * everything; a process of that version fails to look into it, and serves nothing for long. An outbox of this version that an
 * application keeps there has other columns, and is left alone.
 */
export async function earlierOutboxSql(
  client: ClientBase,
  schema: string | undefined,
): Promise<readonly string[]> {
  if (schema === undefined) return [];
  const { rowCount } = await client.query(
    `SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
     WHERE n.nspname = $1 AND c.relname = 'CacheOutbox' AND a.attname = 'doneAt'`,
    [schema],
  );
  if (rowCount === 0) return [];
  const { rows: routines } = await client.query<{ sql: string }>(
    `SELECT format('DROP ROUTINE %I.%I(%s) CASCADE;', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS sql
     FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname = $1 AND (starts_with(p.proname, 'cache_outbox_') OR p.proname = 'cache_key_component') ORDER BY p.proname`,
    [schema],
  );
  const quoted = pg.escapeIdentifier(schema);
  return [
    ...routines.map(({ sql }) => sql),
    `DROP TABLE IF EXISTS ${quoted}."CacheOutbox", ${quoted}."CacheStore";`,
  ];
}
