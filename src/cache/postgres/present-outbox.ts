import type { ClientBase } from 'pg';
import type { Home } from './home.js';
import { lacksRightsSql } from './outbox-standing-sql.js';
import { OUTBOX_COLUMNS } from './outbox-tables-sql.js';
import { EARLIER_FUNCTIONS, FUNCTION_PREFIX, type WantedFunction } from './trigger-sql.js';

interface PresentFunction {
  readonly name: string;
  readonly arguments: string;
  readonly body: string;
  readonly stamp: string | null;
}

interface PresentTrigger {
  readonly function: string;
  readonly name: string;
  /** As SQL names it, with its schema. */
  readonly where: string;
  readonly oid: number;
  readonly fires: string;
}

/** What a database has of an outbox. */
export interface PresentOutbox {
  readonly hasSchema: boolean;
  /** Both, with every column of this version. */
  readonly hasTables: boolean;
  /** The owner of functions that may not write into the outbox, so that their triggers tell nothing. */
  readonly lacksRights: string | undefined;
  readonly functions: readonly PresentFunction[];
  readonly triggers: readonly PresentTrigger[];
}

export async function presentOutbox(
  client: ClientBase,
  home: Home,
  shared: readonly WantedFunction[],
): Promise<PresentOutbox> {
  const { schema } = home;
  const columns = Object.entries(OUTBOX_COLUMNS).flatMap(([table, names]) =>
    names.map((name) => `('${table}', '${name}')`),
  );
  // By name and never by `::regclass`, which a user without rights on the schema is refused.
  const { rows: there } = await client.query<{ hasSchema: boolean; hasTables: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1) AS "hasSchema",
            (SELECT count(*) = ${columns.length} FROM pg_catalog.pg_class AS c
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
             WHERE n.nspname = $1
               AND (c.relname, a.attname) IN (${columns.join(', ')})) AS "hasTables"`,
    [schema],
  );
  const { rows: functions } = await client.query<PresentFunction>(
    `SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments, p.prosrc AS body,
            obj_description(p.oid, 'pg_proc') AS stamp
     FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname = $1 AND (starts_with(p.proname, $2) OR starts_with(p.proname, $3) OR p.proname = ANY($4::text[]))
     ORDER BY p.proname`,
    [
      ...[schema, FUNCTION_PREFIX, EARLIER_FUNCTIONS.prefix],
      [...shared.map(({ name }) => name), EARLIER_FUNCTIONS.shared],
    ],
  );
  const { rows: triggers } = await client.query<PresentTrigger>(
    `SELECT p.proname AS function, t.tgname AS name, format('%I.%I', own.nspname, c.relname) AS where,
            c.oid::int8::float8 AS oid, t.tgenabled AS fires
     FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
     JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
     JOIN pg_catalog.pg_namespace AS own ON own.oid = c.relnamespace
     WHERE n.nspname = $1 AND starts_with(p.proname, $2) AND NOT t.tgisinternal
     ORDER BY c.relname, t.tgname`,
    [schema, FUNCTION_PREFIX],
  );
  const { hasSchema = false, hasTables = false } = there[0] ?? {};
  const lacksRights = hasTables ? await whoLacksRights(client, home) : undefined;
  return { hasSchema, hasTables, lacksRights, functions, triggers };
}

export async function whoLacksRights(
  client: Pick<ClientBase, 'query'>,
  home: Home,
): Promise<string | undefined> {
  const { rows } = await client.query<{ role: string | null }>(`SELECT ${lacksRightsSql(home)} AS role`);
  return rows[0]?.role ?? undefined;
}
