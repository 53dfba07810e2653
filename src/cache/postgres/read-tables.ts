import type { ClientBase } from 'pg';

/** One relation that triggers can be made on: a table, a partitioned table, or one of its partitions. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As `pg_class.relkind`: r, p for a partitioned table, f for a foreign one. */
  readonly kind: string;
  /** False for one that is unlogged or temporary. */
  readonly isLogged: boolean;
}

/** Columns of a table that name a row of another one. */
interface ForeignKey {
  readonly columns: readonly string[];
  /** The oid of the table that they name a row of. */
  readonly of: number;
}

/** A table as the database describes it. */
export interface Table extends Relation {
  /** The type of each column: its name, or `enum`; of a domain that of the type below it. */
  readonly columns: ReadonlyMap<string, string>;
  /** Columns that cannot be compared by an operator of PostgreSQL's own. */
  readonly foreignColumns: ReadonlySet<string>;
  /** By column: the collation by which different texts are the same. */
  readonly looseCollations: ReadonlyMap<string, string>;
  readonly generatedColumns: ReadonlySet<string>;
  /** The columns of its primary key, in their order. */
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Itself, its partitions and what inherits from it. */
  readonly relations: readonly Relation[];
  /** The table of which it is a partition. */
  readonly partitionOf: string | undefined;
}

interface ColumnRow {
  readonly oid: number;
  readonly column: string;
  readonly type: string;
  readonly isForeign: boolean;
  readonly looseCollation: string | null;
  readonly isGenerated: boolean;
  readonly place: number | null;
}

interface ForeignKeyRow extends ForeignKey {
  readonly oid: number;
}

interface RelationRow extends Relation {
  /** The table of the asked schemas that it belongs to; its own oid for the table itself. */
  readonly root: number;
  readonly partitionOf: string | null;
}

// UNION, as one may inherit from a table in two ways.
const RELATIONS = `
  WITH RECURSIVE belonging AS (
    SELECT c.oid, c.oid AS root FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY($1::text[]) AND c.relkind IN ('r', 'p')
    UNION
    SELECT i.inhrelid, b.root FROM belonging AS b JOIN pg_catalog.pg_inherits AS i ON i.inhparent = b.oid
  )
  SELECT b.root::int8::float8 AS root, c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
         c.relpersistence = 'p' AS "isLogged",
         (SELECT i.inhparent::regclass::text FROM pg_catalog.pg_inherits AS i
          WHERE i.inhrelid = c.oid AND c.relispartition) AS "partitionOf"
  FROM belonging AS b JOIN pg_catalog.pg_class AS c ON c.oid = b.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  ORDER BY b.root <> c.oid, n.nspname, c.relname`;

const COLUMNS = `
  SELECT a.attrelid::int8::float8 AS oid, a.attname AS column,
         CASE WHEN base.typtype = 'e' THEN 'enum' ELSE base.typname END AS type,
         base.typtype <> 'e' AND base.typnamespace <> 'pg_catalog'::regnamespace AS "isForeign",
         (SELECT l.collname FROM pg_catalog.pg_collation AS l
          WHERE l.oid = a.attcollation AND NOT l.collisdeterministic) AS "looseCollation",
         a.attgenerated <> '' AS "isGenerated",
         array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum) AS place
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type AS own ON own.oid = a.atttypid
  JOIN pg_catalog.pg_type AS base ON base.oid = CASE WHEN own.typtype = 'd' THEN own.typbasetype ELSE own.oid END
  LEFT JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
  WHERE n.nspname = ANY($1::text[]) AND c.relkind IN ('r', 'p')
  ORDER BY a.attrelid, a.attnum`;

const FOREIGN_KEYS = `
  SELECT k.conrelid::int8::float8 AS oid, k.confrelid::int8::float8 AS of,
         ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
               WHERE a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey) ORDER BY a.attnum) AS columns
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_namespace AS n ON n.oid = k.connamespace
  WHERE n.nspname = ANY($1::text[]) AND k.contype = 'f'
  ORDER BY k.conrelid, k.conname`;

/** The tables of these schemas, with their partitions wherever those are. */
export async function readTables(client: ClientBase, schemas: readonly string[]): Promise<readonly Table[]> {
  const relations = await client.query<RelationRow>(RELATIONS, [schemas]);
  const columns = await client.query<ColumnRow>(COLUMNS, [schemas]);
  const foreignKeys = await client.query<ForeignKeyRow>(FOREIGN_KEYS, [schemas]);
  const columnsOf = grouped(columns.rows, ({ oid }) => oid);
  const relationsOf = grouped(relations.rows, ({ root }) => root);
  const keysOf = grouped(foreignKeys.rows, ({ oid }) => oid);
  return relations.rows
    .filter(({ oid, root }) => oid === root)
    .map((found) =>
      tableOf(found, {
        columns: columnsOf.get(found.oid) ?? [],
        relations: relationsOf.get(found.oid) ?? [],
        foreignKeys: keysOf.get(found.oid) ?? [],
      }),
    );
}

function tableOf(
  { oid, schema, name, kind, isLogged, partitionOf }: RelationRow,
  {
    columns,
    relations,
    foreignKeys,
  }: {
    readonly columns: readonly ColumnRow[];
    readonly relations: readonly RelationRow[];
    readonly foreignKeys: readonly ForeignKeyRow[];
  },
): Table {
  const keys = columns.filter(({ place }) => place !== null);
  keys.sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  return {
    oid,
    schema,
    name,
    kind,
    isLogged,
    columns: new Map(columns.map(({ column, type }) => [column, type])),
    foreignColumns: new Set(columns.filter(({ isForeign }) => isForeign).map(({ column }) => column)),
    looseCollations: new Map(
      columns.flatMap(({ column, looseCollation }): [string, string][] =>
        looseCollation === null ? [] : [[column, looseCollation]],
      ),
    ),
    generatedColumns: new Set(columns.filter(({ isGenerated }) => isGenerated).map(({ column }) => column)),
    primaryKey: keys.map(({ column }) => column),
    foreignKeys,
    relations,
    partitionOf: partitionOf ?? undefined,
  };
}

function grouped<T>(rows: readonly T[], by: (row: T) => number): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(by(row));
    if (group === undefined) groups.set(by(row), [row]);
    else group.push(row);
  }
  return groups;
}
