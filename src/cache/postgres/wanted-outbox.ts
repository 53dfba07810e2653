import type { ClientBase } from 'pg';
import { CacheError } from '../errors.js';
import { DEFAULT_SCHEMA, homeOf, type Home } from './home.js';
import { planTriggers, type WatchedTable } from './plan-triggers.js';
import { readTables, type Relation } from './read-tables.js';
import { mappingOf, type Tables } from './tables.js';
import { cannotBeWatched, sharedFunctions, tableFunction, type WantedFunction } from './trigger-sql.js';

export interface WantedOptions {
  readonly tables: Tables;
  readonly schema: string | undefined;
  readonly namespaces: ReadonlySet<string>;
  readonly used?: ReadonlySet<string> | undefined;
}

/** What a database should have. */
export interface WantedOutbox {
  readonly home: Home;
  /** Where earlier versions kept the outbox; undefined where the application says where it is. */
  readonly earlier: string | undefined;
  readonly shared: readonly WantedFunction[];
  readonly functions: readonly WantedFunction[];
  readonly watched: readonly WatchedTable[];
  readonly unwatched: readonly string[];
  /** Partitions that are foreign tables: what is written into them directly is not seen. */
  readonly unseen: readonly Relation[];
}

/** Reads the tables, and works out the functions and triggers that they need. @throws CacheError with every fault of the mapping. */
export async function wantedOutbox(
  client: ClientBase,
  { tables, schema, namespaces, used }: WantedOptions,
): Promise<WantedOutbox> {
  const defaultSchema = await currentSchema(client);
  const home = homeOf(schema ?? DEFAULT_SCHEMA);
  const named = Object.values(tables).flatMap((entry) => {
    const other = entry === false ? undefined : mappingOf(entry).schema;
    return other === undefined ? [] : [other];
  });
  const { watched, unwatched } = planTriggers({
    tables: await readTables(client, [...new Set([defaultSchema, ...named])]),
    defaultSchema,
    declared: tables,
    namespaces,
    used,
  });
  return {
    home,
    earlier: schema === undefined ? defaultSchema : undefined,
    shared: sharedFunctions(home),
    functions: watched.map((table) => tableFunction(home, table)),
    watched,
    unwatched,
    unseen: watched.flatMap(({ table }) => table.relations.filter(cannotBeWatched)),
  };
}

async function currentSchema(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ schema: string | null }>('SELECT current_schema() AS schema');
  const schema = rows[0]?.schema ?? undefined;
  if (schema !== undefined) return schema;
  throw new CacheError(
    'CACHE_CONFIGURATION',
    'The search_path of the database connection names no schema that is there; correct it, as with ?options=-csearch_path%3Dname in the URL.',
  );
}
