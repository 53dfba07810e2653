import pg, { type ClientBase } from 'pg';
import { columnsBefore, type LogTable } from './log-plan.js';

/** A table or partition, and how its rows before a change get into the log. */
interface Identity {
  readonly where: string;
  readonly oid: number;
  readonly kind: 'd' | 'n' | 'f' | 'i';
  /** The columns that a change tells the value before it of. */
  readonly tells: readonly string[];
  /** A unique index that would tell what is needed, with less of the row than all of it. */
  readonly index: string | null;
}

/** A table or partition whose changed rows the log does not tell enough of. */
export interface InsufficientIdentity {
  readonly table: string;
  /** What is wrong, with the statement that makes it right. */
  readonly message: string;
  readonly sql: string;
}

/** Of the tables and all of their parts: those of which the log tells less before a change than tags name. */
export async function insufficientIdentities(
  client: ClientBase,
  tables: readonly Pick<LogTable, 'name' | 'oids' | 'tags'>[],
): Promise<readonly InsufficientIdentity[]> {
  const found: InsufficientIdentity[] = [];
  for (const { name, oids, tags } of tables) {
    const needed = columnsBefore({ tags });
    const { rows } = await client.query<Identity>(IDENTITIES, [oids, needed]);
    for (const identity of rows) {
      if (identity.kind === 'f' || needed.every((column) => identity.tells.includes(column))) {
        // Without any identity PostgreSQL refuses UPDATE and DELETE of a published table.
        if (identity.kind === 'f' || identity.tells.length > 0) continue;
      }
      const sql = identityFix(identity);
      const message = `the log does not tell what tags name of changed rows of ${identity.where}: ${sql}`;
      found.push({ table: name, message, sql });
    }
  }
  return found;
}

const COLUMNS_OF_INDEX = `ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))`;

const IDENTITIES = `
  SELECT format('%I.%I', n.nspname, c.relname) AS where, c.oid::int8::float8 AS oid, c.relreplident AS kind,
         coalesce((SELECT ${COLUMNS_OF_INDEX} FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid
           AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END LIMIT 1),
           '{}') AS tells,
         (SELECT own.relname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS own ON own.oid = i.indexrelid
          WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL
            AND i.indexprs IS NULL AND $2::text[] <@ ${COLUMNS_OF_INDEX}
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid
                            AND a.attnum = ANY (i.indkey::int2[]) AND NOT a.attnotnull)
          ORDER BY i.indisprimary DESC, i.indnkeyatts LIMIT 1) AS index
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p')
  ORDER BY c.relkind, 1`;

function identityFix({ where, index }: Identity): string {
  return `ALTER TABLE ${where} REPLICA IDENTITY ${index === null ? 'FULL' : `USING INDEX ${pg.escapeIdentifier(index)}`};`;
}
