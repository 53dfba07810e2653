/** What a namespace is in the database. Names are as the database has them, without quotes. */
export interface TableMapping {
  /** The table whose rows are meant. Default: the namespace itself. */
  readonly table?: string;
  /** The schema that the table is in. Default: `current_schema()` of the connection, mostly "public". */
  readonly schema?: string;
  /** The columns whose values are the id, in the order of the key: `Movie:{id}`. Default: those of the primary key. */
  readonly id?: readonly string[];
  /** The columns behind names that tags use, where they differ: `{ movieId: 'movie_id' }`. */
  readonly columns?: Readonly<Record<string, string>>;
  /** By column: what keys say in place of what the database has, as with a mapped enum: `{ role: { admin: 'ADMIN' } }`. */
  readonly values?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /**
   * What else a changed row means, such as `RatingSummary:{movieId}`: `{name}` is a column's value, before and after the change.
   * A tag of which a column is null means nothing. Default: nothing else.
   */
  readonly tags?: readonly string[];
  /** A column of whole numbers that every update raises; with it a HYBRID row keeps what is newer. Default: "version", where there is one. */
  readonly version?: string;
  /** True where it is no fault that no entry uses the namespace, and the table is not watched then. Default: false. */
  readonly onlyIfUsed?: boolean;
}

/**
 * Tables by namespace. A list of texts stands for `{ tags }`; false for a namespace that has no table and needs none.
 * A table in the default schema whose name is a namespace needs no line.
 */
export type Tables = Readonly<Record<string, TableMapping | readonly string[] | false>>;

export const tableMappingOptions = {
  table: true,
  schema: true,
  id: true,
  columns: true,
  values: true,
  tags: true,
  version: true,
  onlyIfUsed: true,
} satisfies Record<keyof TableMapping, true>;

/** A mapping in its long form; false is no mapping. */
export function mappingOf(declared: Exclude<Tables[string], false>): TableMapping {
  return isTags(declared) ? { tags: declared } : declared;
}

function isTags(declared: TableMapping | readonly string[]): declared is readonly string[] {
  return Array.isArray(declared);
}
