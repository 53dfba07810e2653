import { CacheError } from '../errors.js';
import { namespaceOfSource } from '../keys/namespace.js';
import { nearestName } from '../nearest-name.js';
import { unknownOptions } from '../unknown-options.js';
import type { Table } from './read-tables.js';
import { parseRowTag, type RowTag } from './row-tag.js';
import { mappingOf, tableMappingOptions, type TableMapping, type Tables } from './tables.js';

/** A table whose changes are written down, and what a changed row of it means. */
export interface WatchedTable {
  readonly table: Table;
  readonly tags: readonly RowTag[];
  /** The columns by which a row before a change and after it are found to be one. */
  readonly rowIs: readonly string[];
  /** A column of whole numbers that every update raises. */
  readonly version: string | undefined;
  /** By column: what keys say in place of a text that the database has. */
  readonly values: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

export interface TriggerPlan {
  /** Of all schemas that the declarations name, and of the default one. */
  readonly tables: readonly Table[];
  readonly defaultSchema: string;
  readonly declared: Tables;
  /** The namespaces of the schema's keys and tags. */
  readonly namespaces: ReadonlySet<string>;
  /** All namespaces that entries use; undefined where that is not known. */
  readonly used?: ReadonlySet<string> | undefined;
}

export interface Planned {
  readonly watched: readonly WatchedTable[];
  /** Namespaces that are no table, and that no tag of a row names. */
  readonly unwatched: readonly string[];
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
const WHOLE: ReadonlySet<string> = new Set(['int2', 'int4', 'int8']);
const VERSION = 'version';

/** One namespace or list of tags, and the table it is about. */
interface Declaration {
  readonly name: string;
  readonly mapping: TableMapping;
  readonly table: Table;
}

/** Which tables need triggers, and for which tags. @throws CacheError naming every fault of the declarations. */
export function planTriggers(plan: TriggerPlan): Planned {
  const { declared, namespaces, used } = plan;
  const faults: string[] = [];
  const found = declarations(plan, faults);
  if (used !== undefined) faults.push(...unusedTags(declared, used));
  const watched = new Map<number, WatchedTable>();
  for (const declaration of found) {
    const before = watched.get(declaration.table.oid);
    const one = watchedBy(declaration, plan, faults);
    if (one.tags.length > 0)
      watched.set(declaration.table.oid, before === undefined ? one : both(before, one));
  }
  for (const { table, rowIs } of watched.values()) {
    if (rowIs.length === 0) {
      faults.push(
        `the table "${table.name}" has no primary key, which telling its rows apart needs; name the columns of its id: \`id: ['…']\``,
      );
    }
    if (table.partitionOf !== undefined) {
      faults.push(
        `the table "${table.name}" is a partition of ${table.partitionOf}; name that table instead`,
      );
    }
  }
  const tables = withInherited(withOthers([...watched.values()], found, declared), faults);
  if (faults.length > 0) {
    throw new CacheError(
      'CACHE_CONFIGURATION',
      `The tags of rows cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
  }
  return { watched: tables, unwatched: unwatchedOf(namespaces, declared, tables) };
}

/** What is declared, and each table of the default schema that bears the name of a namespace. */
function declarations(
  { tables, defaultSchema, declared, namespaces, used }: TriggerPlan,
  faults: string[],
): Declaration[] {
  const find = (schema: string, name: string): Table | undefined =>
    tables.find((table) => table.schema === schema && table.name === name);
  const given = Object.entries(declared).flatMap(([name, entry]): Declaration[] => {
    if (entry === false) return [];
    const mapping = mappingOf(entry);
    faults.push(...unknownOptions(mapping, tableMappingOptions, `tables.${name}`));
    const isUsed = namespaces.has(name) || (used?.has(name) ?? mapping.onlyIfUsed !== true);
    if (!isUsed && (mapping.tags ?? []).length === 0) {
      if (mapping.onlyIfUsed !== true) faults.push(unusedNamespace(name, used));
      return [];
    }
    const { schema = defaultSchema, table: tableName = name } = mapping;
    const table = find(schema, tableName);
    if (table !== undefined) return [{ name, mapping, table }];
    const where = mapping.schema === undefined ? `"${tableName}"` : `"${schema}"."${tableName}"`;
    const inSchema = tables.filter((other) => other.schema === schema).map((other) => other.name);
    const nearest = nearestName(tableName, inSchema);
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
    faults.push(
      mapping.table === undefined && mapping.schema === undefined
        ? `tags are declared for the table ${where}, which the database does not have${hint}`
        : `the namespace "${name}" is mapped to the table ${where}, which the database does not have${hint}`,
    );
    return [];
  });
  const implicit = [...namespaces].flatMap((name): Declaration[] => {
    const table = Object.hasOwn(declared, name) ? undefined : find(defaultSchema, name);
    return table === undefined ? [] : [{ name, mapping: {}, table }];
  });
  const byName = [...given, ...implicit];
  // The same order for every process, so that the same triggers have the same stamp.
  return byName.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function unusedNamespace(name: string, used: ReadonlySet<string> | undefined): string {
  const nearest = used && nearestName(name, used);
  const hint = nearest === undefined ? 'take the line away' : `did you mean "${nearest}"?`;
  return `no entry uses the namespace "${name}" of \`tables\`; ${hint}`;
}

function watchedBy(
  { name, mapping, table }: Declaration,
  { namespaces, used }: TriggerPlan,
  faults: string[],
): WatchedTable {
  const id = mapping.id ?? table.primaryKey;
  const written = mapping.tags ?? [];
  // Without tags it is declared for its own sake.
  const isNamespace = namespaces.has(name) || used?.has(name) === true || written.length === 0;
  const columnOf = (named: string): string =>
    Object.hasOwn(mapping.columns ?? {}, named) ? (mapping.columns?.[named] ?? named) : named;
  const tags = isNamespace ? impliedTags(name, id) : [];
  for (const tag of tags) faults.push(...columnFaults(tag, table));
  for (const source of written) {
    const tag = parseRowTag(source);
    if (typeof tag === 'string') {
      faults.push(`the tag "${source}" of the table "${table.name}" ${tag}`);
      continue;
    }
    const named = { ...tag, columns: tag.columns.map(columnOf) };
    faults.push(...columnFaults(named, table));
    tags.push(named);
  }
  faults.push(...mappingFaults(mapping, table));
  // Of two rows with one id more is told than needed; without a unique key nothing better is known.
  const rowIs = table.primaryKey.length > 0 ? table.primaryKey : id;
  const version = mapping.version ?? (WHOLE.has(table.columns.get(VERSION) ?? '') ? VERSION : undefined);
  return { table, tags, rowIs, version, values: new Map(Object.entries(mapping.values ?? {})) };
}

/** A namespace that bears the name of a table needs no declaration. */
function impliedTags(namespace: string, id: readonly string[]): RowTag[] {
  const source = `${namespace}:${id.map((column) => `{${column}}`).join(':')}`;
  const literals = [`${namespace}:`, ...id.slice(1).map(() => ':'), ''];
  return [
    { source: namespace, literals: [namespace], columns: [] },
    { source, literals, columns: id },
  ];
}

function columnFaults({ source, columns }: RowTag, table: Table): string[] {
  return columns.flatMap((column) => {
    const type = table.columns.get(column);
    if (type === undefined) {
      return [`the tag "${source}" names the column "${column}", which "${table.name}" does not have`];
    }
    const loose = table.looseCollations.get(column);
    if (loose !== undefined) {
      return [
        `the tag "${source}" names the column "${column}", whose collation "${loose}" takes different texts for one, but keys tell them apart`,
      ];
    }
    if (TYPES.has(type)) return [];
    return [
      `the tag "${source}" names the column "${column}" of type ${type}, but keys hold texts and whole numbers`,
    ];
  });
}

function mappingFaults(
  { id = [], columns = {}, values = {}, version }: TableMapping,
  table: Table,
): string[] {
  const missing = [...id, ...Object.values(columns), ...Object.keys(values)].filter(
    (column) => !table.columns.has(column),
  );
  const faults = [...new Set(missing)].map(
    (column) => `the table "${table.name}" is mapped with the column "${column}", which it does not have`,
  );
  if (version !== undefined && !WHOLE.has(table.columns.get(version) ?? '')) {
    faults.push(
      `the version of the table "${table.name}" must be a column of whole numbers, but is "${version}"`,
    );
  }
  return faults;
}

/** Two namespaces may be one table. */
function both(one: WatchedTable, other: WatchedTable): WatchedTable {
  const known = new Set(one.tags.map(({ source }) => source));
  return {
    ...one,
    tags: [...one.tags, ...other.tags.filter(({ source }) => !known.has(source))],
    version: one.version ?? other.version,
    values: new Map([...one.values, ...other.values]),
  };
}

/**
 * Marks tags of a table's rows that name rows of another one, or may: their version would be compared with one that it says nothing of.
 * A namespace that is not declared is of the only table that names rows of it, unless foreign keys say otherwise.
 */
function withOthers(
  watched: readonly WatchedTable[],
  found: readonly Declaration[],
  declared: Tables,
): readonly WatchedTable[] {
  const isOwn = (one: WatchedTable, tag: RowTag): boolean => {
    const namespace = namespaceOfSource(tag.source);
    const of = found.find(({ name }) => name === namespace);
    if (of !== undefined) return of.table.oid === one.table.oid;
    if (Object.hasOwn(declared, namespace) || tablesNamedBy(one.table, tag).length > 0) return false;
    return watched.every(
      (other) => other === one || tagsOf(other, namespace).every((their) => namesRowOf(one, other, their)),
    );
  };
  return watched.map((one) => ({
    ...one,
    // What could bear no version stays as it is, so that a new foreign key does not change it.
    tags: one.tags.map((tag): RowTag =>
      isOwn(one, tag) || !mayNameRow(one.table, tag) ? tag : { ...tag, isOfOther: true },
    ),
  }));
}

/** By its own primary key; where it has none, perhaps by that of a table that it inherits from. */
function mayNameRow({ primaryKey }: Table, { columns }: RowTag): boolean {
  return primaryKey.every((column) => columns.includes(column));
}

/** Those of one row; one without columns is of all of them. */
function tagsOf({ tags }: WatchedTable, namespace: string): readonly RowTag[] {
  return tags.filter(({ source, columns }) => columns.length > 0 && namespaceOfSource(source) === namespace);
}

/** The oids of tables of which the columns of a tag name a row, by a foreign key. */
function tablesNamedBy({ foreignKeys }: Table, { columns }: RowTag): readonly number[] {
  if (columns.length === 0) return [];
  return foreignKeys
    .filter((key) => columns.every((column) => key.columns.includes(column)))
    .map(({ of }) => of);
}

function namesRowOf({ table: { oid } }: WatchedTable, other: WatchedTable, tag: RowTag): boolean {
  return tablesNamedBy(other.table, tag).includes(oid);
}

/**
 * A row of a table that inherits from another one is a row of both, and a statement that names either changes it: a trigger of the one
 * that is named tells of it, so each tells all tags of both.
 */
function withInherited(watched: readonly WatchedTable[], faults: string[]): readonly WatchedTable[] {
  const isAbove = (other: WatchedTable, one: WatchedTable): boolean =>
    other !== one && other.table.relations.some(({ oid }) => oid === one.table.oid);
  return watched.map((one) => {
    const below = watched.filter((other) => isAbove(one, other));
    for (const { table, tags } of below) {
      const untold = tags.filter(({ columns }) => !columns.every((column) => one.table.columns.has(column)));
      for (const { source } of untold)
        faults.push(
          `the table "${table.name}" inherits from "${one.table.name}", and its tag "${source}" names a column that "${one.table.name}" does not have: a statement that names "${one.table.name}" could not tell it; name inherited columns, or map one of the two`,
        );
    }
    const theirs = new Set(below.flatMap(({ table }) => table.relations.map(({ oid }) => oid)));
    const relations = one.table.relations.filter(({ oid }) => !theirs.has(oid));
    const related = watched.filter((other) => isAbove(other, one) || below.includes(other));
    const whole = related.reduce(both, one);
    const version = related.every((other) => other.version === one.version) ? one.version : undefined;
    return { ...whole, version, table: { ...whole.table, relations } };
  });
}

/** Faults of tags that no entry can have: a changed row would mean nothing, and its entries would stay stale. */
function unusedTags(declared: Tables, used: ReadonlySet<string>): string[] {
  return Object.entries(declared).flatMap(([table, entry]) =>
    (entry === false ? [] : (mappingOf(entry).tags ?? [])).flatMap((source) => {
      const namespace = namespaceOfSource(source);
      if (namespace === '' || used.has(namespace)) return [];
      const nearest = nearestName(namespace, used);
      const hint = nearest === undefined ? 'correct it' : `did you mean "${nearest}"?`;
      return [`the tag "${source}" of the table "${table}" is of no namespace that entries use; ${hint}`];
    }),
  );
}

function unwatchedOf(
  namespaces: ReadonlySet<string>,
  declared: Tables,
  watched: readonly WatchedTable[],
): string[] {
  const seen = new Set(watched.flatMap(({ tags }) => tags.map(({ source }) => namespaceOfSource(source))));
  return [...namespaces].filter((name) => !seen.has(name) && declared[name] !== false).sort();
}
