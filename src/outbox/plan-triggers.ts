import { nearestName } from '../cache/index.js';
import { ConfigurationError } from '../start/configuration-error.js';
import type { Table } from './read-tables.js';
import { parseRowTag, type RowTag } from './row-tag.js';
import type { TagsOfRows } from './tags-of-rows.js';

/** A table whose changes are written down, and what a changed row of it means. */
export interface WatchedTable {
  readonly table: Table;
  readonly tags: readonly RowTag[];
}

export interface TriggerPlan {
  readonly tables: ReadonlyMap<string, Table>;
  readonly declared: TagsOfRows;
  /** The namespaces of the schema's keys and tags. */
  readonly namespaces: ReadonlySet<string>;
  /** All namespaces that entries use; undefined where that is not known. */
  readonly used?: ReadonlySet<string> | undefined;
}

/** Types whose text in SQL is what the cache writes into a key. */
const TYPES: ReadonlySet<string> = new Set([
  'int2',
  'int4',
  'int8',
  'text',
  'varchar',
  'uuid',
  'bool',
  'enum',
]);

/** Which tables need triggers, and for which tags. @throws ConfigurationError naming every fault of the declarations. */
export function planTriggers({ tables, declared, namespaces, used }: TriggerPlan): readonly WatchedTable[] {
  const faults: string[] = [];
  for (const name of Object.keys(declared)) {
    if (!tables.has(name)) {
      faults.push(`tags are declared for the table "${name}", which the database does not have`);
    }
  }
  if (used !== undefined) faults.push(...unusedTags(declared, used));
  const watched = Array.from(tables.values(), (table): WatchedTable => {
    const implied = namespaces.has(table.name) ? impliedTags(table, faults) : [];
    const written = (declared[table.name] ?? []).flatMap((source) => writtenTag(table, source, faults));
    return { table, tags: [...implied, ...written] };
  }).filter(({ tags }) => tags.length > 0);
  for (const { table } of watched) {
    if (table.primaryKey.length === 0) {
      faults.push(`the table "${table.name}" has no primary key, which telling its rows apart needs`);
    }
  }
  if (faults.length > 0) {
    throw new ConfigurationError(
      `The tags of rows cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
  }
  return watched;
}

/** Faults of tags that no entry can have: a changed row would mean nothing, and its entries would stay stale. */
function unusedTags(declared: TagsOfRows, used: ReadonlySet<string>): string[] {
  return Object.entries(declared).flatMap(([table, sources]) =>
    sources.flatMap((source) => {
      const [namespace = ''] = source.split(/[:{]/);
      if (namespace === '' || used.has(namespace)) return [];
      const nearest = nearestName(namespace, used);
      const hint = nearest === undefined ? 'correct it' : `did you mean "${nearest}"?`;
      return [`the tag "${source}" of the table "${table}" is of no namespace that entries use; ${hint}`];
    }),
  );
}

/** A namespace that bears the name of a table needs no declaration. */
function impliedTags(table: Table, faults: string[]): RowTag[] {
  const id = table.primaryKey.map((column) => `{${column}}`).join(':');
  return [table.name, `${table.name}:${id}`].flatMap((source) => writtenTag(table, source, faults));
}

function writtenTag(table: Table, source: string, faults: string[]): RowTag[] {
  const tag = parseRowTag(source);
  if (typeof tag === 'string') {
    faults.push(`the tag "${source}" of the table "${table.name}" ${tag}`);
    return [];
  }
  for (const column of tag.columns) {
    const type = table.columns.get(column);
    if (type === undefined) {
      faults.push(`the tag "${source}" names the column "${column}", which "${table.name}" does not have`);
    } else if (!TYPES.has(type)) {
      faults.push(
        `the tag "${source}" names the column "${column}" of type ${type}, but keys hold texts and whole numbers`,
      );
    }
  }
  return [tag];
}
