import pg from 'pg';
import { CacheError, textOf } from '../errors.js';
import type { FlushedWrite } from '../journal/flush-target.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import type { OutboxPool } from './pool-option.js';
import { isPermanentSqlError, sqlstateOf } from './sqlstate.js';

const { escapeIdentifier } = pg;

/** A table that a row belongs to, as by a foreign key. */
export interface FlushParent {
  readonly table: string;
  /** Default: that of the rows. */
  readonly schema?: string;
  /** The columns of the parent, and those of the row that equal them: `{ id: 'userId' }`. */
  readonly on: Readonly<Record<string, string>>;
}

export interface FlushIntoOptions<Context = unknown> {
  /** A pool of the package pg, or a function that finds one in the context of the flush, or a promise of one. */
  readonly pool: OutboxPool | ((context: Context) => OutboxPool | Promise<OutboxPool>);
  readonly table: string;
  /** Default: the one in which the connection finds the table. */
  readonly schema?: string;
  /** The columns of a unique key, by which rows are found; each is in the written state under the same name. */
  readonly id: readonly string[];
  /** Further columns that are written. */
  readonly columns: readonly string[];
  /** The column that keeps the number of the last write, a bigint: a row with a higher one stays as it is. */
  readonly seq: string;
  /** Columns that are set when a row is made, and which property of the state they get: `{ createdAt: 'updatedAt' }`. Default: none. */
  readonly onInsert?: Readonly<Record<string, string>>;
  /** A column of whole numbers that each update raises by one. Default: none. */
  readonly version?: string;
  /** Rows without one of these are left out, for good: nothing could make them right. Found ones stay until the commit. Default: none. */
  readonly parents?: readonly FlushParent[];
  /** Properties of the written state by column; a state that it throws for goes to the dead letters. Default: the state itself. */
  readonly row?: (state: unknown) => Readonly<Record<string, unknown>>;
}

const knownOptions = {
  pool: true,
  table: true,
  schema: true,
  id: true,
  columns: true,
  seq: true,
  onInsert: true,
  version: true,
  parents: true,
  row: true,
} satisfies Record<keyof FlushIntoOptions, true>;

/** Of SQLSTATE: data that does not fit its type, and names or types that do not fit the table. */
const NAMES_TYPES = /^(22|42)/;
/** What has no room for the number of a write, which is one of microseconds. */
const TOO_SMALL: readonly (string | undefined)[] = ['smallint', 'integer', 'real'];

type Columns = Omit<FlushIntoOptions, 'pool'>;

/** The part of an origin that WRITE_BEHIND needs. */
export interface FlushingOrigin<Context = unknown> {
  flush(writes: readonly Pick<FlushedWrite, 'seq' | 'state'>[], context: Context): Promise<void>;
  isPermanent(error: unknown): boolean | undefined;
}

/** A state that is no row of the table: writing it again would not help. */
class UnfitState extends Error {}

/**
 * Writes accepted writes into a table: one statement, hence one transaction, inserts or updates all of them, and leaves rows
 * with a higher number as they are, so that a write that comes late or twice changes nothing. A state that is null, a deletion, becomes
 * a dead letter: where there are deletions, write a `flush` of your own.
 * @throws CacheError CACHE_CONFIGURATION for options that do not exist; from `flush` where the table does not have a column.
 */
export function flushInto<Context = unknown>(options: FlushIntoOptions<Context>): FlushingOrigin<Context> {
  const { row = asRow } = options;
  const faults = unknownOptions(options, knownOptions);
  if (options.id.length === 0) faults.push('id must name the columns of a unique key');
  refuseFaults('flushInto', faults);
  let prepared: Promise<string> | undefined;
  const statement = (given: OutboxPool): Promise<string> => {
    // Where the database was away, it is asked again.
    prepared ??= flushSql(given, options).catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };
  return {
    async flush(writes, context) {
      const rows = writes.map(({ seq, state }) => ({
        ...withBytes(stateOf(state, row)),
        [options.seq]: seq,
      }));
      const pool = typeof options.pool === 'function' ? await options.pool(context) : options.pool;
      const values = [JSON.stringify(rows, asJson)];
      const sql = await statement(pool);
      try {
        await pool.query(sql, values);
      } catch (error) {
        if (!NAMES_TYPES.test(sqlstateOf(error) ?? '')) throw error;
        // The table may have been changed since its types were read.
        const anew = await flushSql(pool, options).catch((cause: unknown) => {
          throw cause instanceof CacheError ? cause : error;
        });
        if (anew === sql) throw error;
        prepared = Promise.resolve(anew);
        await pool.query(anew, values);
      }
    },
    isPermanent: (error) => (error instanceof UnfitState ? true : isPermanentSqlError(error)),
  };
}

function stateOf(state: unknown, row: (state: unknown) => Readonly<Record<string, unknown>>): object {
  try {
    return row(state);
  } catch (cause) {
    throw new UnfitState(cause instanceof Error ? cause.message : textOf(cause), { cause });
  }
}

function asRow(state: unknown): Readonly<Record<string, unknown>> {
  if (state === null) {
    throw new UnfitState('the written state is null, a deletion, which needs a flush of its own');
  }
  if (typeof state !== 'object') throw new UnfitState('the written state is no object');
  return Object.fromEntries(Object.entries(state));
}

/** JSON has no whole numbers of that size; PostgreSQL reads them from a text. */
function asJson(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Bytes as PostgreSQL reads them from a text; a Buffer would write itself as an object first. */
function withBytes(state: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(state).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value,
    ]),
  );
}

interface ColumnType {
  readonly name: string;
  readonly type: string;
}

interface FoundTable {
  readonly schema: string;
  readonly columns: readonly ColumnType[];
}

async function flushSql(pool: OutboxPool, options: Columns): Promise<string> {
  const { table, id, columns, seq, onInsert = {}, version, parents = [] } = options;
  const found = await readColumns(pool, options);
  const written = [...id, ...columns, seq];
  const inserted = Object.entries(onInsert);
  const properties = [...new Set([...written, ...inserted.map(([, property]) => property)])];
  const needed = [
    ...written,
    ...inserted.map(([column]) => column),
    ...(version === undefined ? [] : [version]),
  ];
  const missing = [...new Set(needed)].filter(
    (name) => !found.columns.some((column) => column.name === name),
  );
  if (missing.length > 0) {
    const names = missing.map((name) => `"${name}"`).join(', ');
    throw new CacheError('CACHE_CONFIGURATION', `flushInto: the table "${table}" does not have ${names}.`);
  }
  const typeOfSeq = found.columns.find((column) => column.name === seq)?.type;
  if (TOO_SMALL.includes(typeOfSeq)) {
    throw new CacheError(
      'CACHE_CONFIGURATION',
      `flushInto: the column "${seq}" of the table "${table}" must be a bigint, to keep the numbers of writes, but is of type ${typeOfSeq}.`,
    );
  }
  // A property that is no column has the type of the column that it is for.
  const typeOf = (property: string): string => {
    const name = found.columns.some((column) => column.name === property)
      ? property
      : inserted.find(([, from]) => from === property)?.[0];
    return found.columns.find((column) => column.name === name)?.type ?? 'text';
  };
  const target = `${escapeIdentifier(found.schema)}.${escapeIdentifier(table)}`;
  const own = (name: string): string => `written.${escapeIdentifier(name)}`;
  const joins = parents.map((parent, index) => joined(parent, found.schema, `parent${index}`));
  const locks = parents.map((_, index) => `parent${index}`);
  const list = (names: readonly string[]): string => names.map((name) => escapeIdentifier(name)).join(', ');
  const updates = [...columns, seq].map(
    (name) => `${escapeIdentifier(name)} = EXCLUDED.${escapeIdentifier(name)}`,
  );
  if (version !== undefined) {
    updates.push(`${escapeIdentifier(version)} = target.${escapeIdentifier(version)} + 1`);
  }
  const number = escapeIdentifier(seq);
  return `
  INSERT INTO ${target} AS target (${list([...written, ...inserted.map(([column]) => column)])})
  SELECT ${[...written, ...inserted.map(([, property]) => property)].map(own).join(', ')}
  FROM (
    -- Of two writes of one row the later one counts.
    SELECT DISTINCT ON (${list(id)}) * FROM jsonb_to_recordset($1::jsonb) AS given
      (${properties.map((property) => `${escapeIdentifier(property)} ${typeOf(property)}`).join(', ')})
    ORDER BY ${list(id)}, ${number} DESC
  ) AS written${joins.join('')}${
    locks.length === 0
      ? ''
      : `
  FOR KEY SHARE OF ${locks.join(', ')}`
  }
  ON CONFLICT (${list(id)}) DO UPDATE SET ${updates.join(', ')}
  WHERE target.${number} IS NULL OR target.${number} < EXCLUDED.${number}`;
}

function joined({ table, schema, on }: FlushParent, defaultSchema: string, alias: string): string {
  const same = Object.entries(on).map(
    ([theirs, ours]) => `${alias}.${escapeIdentifier(theirs)} = written.${escapeIdentifier(ours)}`,
  );
  const where = `${escapeIdentifier(schema ?? defaultSchema)}.${escapeIdentifier(table)}`;
  return `\n  JOIN ${where} AS ${alias} ON ${same.join(' AND ')}`;
}

async function readColumns(pool: OutboxPool, { table, schema }: Columns): Promise<FoundTable> {
  const { rows } = await pool.query<ColumnType & { schema: string }>(
    `SELECT n.nspname AS schema, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
     FROM pg_catalog.pg_class AS c
     JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relname = $1 AND c.relkind IN ('r', 'p')
       AND CASE WHEN $2::text IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = $2 END
     ORDER BY a.attnum`,
    [table, schema ?? null],
  );
  const [first] = rows;
  if (first !== undefined) return { schema: first.schema, columns: rows };
  const where = schema === undefined ? `"${table}"` : `"${schema}"."${table}"`;
  throw new CacheError('CACHE_CONFIGURATION', `flushInto: the database does not have the table ${where}.`);
}
