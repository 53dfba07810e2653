import { createHash } from 'node:crypto';
import type { WatchedTable } from '../plan-triggers.js';

/** A table of the publication, and what its rows mean: written into the publication itself, so that every version reads the same. */
export interface LogTable {
  readonly schema: string;
  readonly name: string;
  /** Of the table itself, and of those that inherit from it: as messages of the log name them. */
  readonly oids: readonly number[];
  readonly tags: readonly { readonly literals: readonly string[]; readonly columns: readonly string[] }[];
  readonly primaryKey: readonly string[];
  readonly version: string | null;
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Columns that the log writes as t and f. */
  readonly booleans: readonly string[];
}

export interface LogPlan {
  readonly format: 1;
  readonly stamp: string;
  readonly tables: readonly LogTable[];
}

export function logPlanOf(watched: readonly WatchedTable[]): LogPlan {
  const tables = watched.map(({ table, tags, version, values }): LogTable => ({
    schema: table.schema,
    name: table.name,
    // A partition is told of by the name of its table; what inherits otherwise, by its own.
    oids: [
      table.oid,
      ...(table.kind === 'p' ? [] : table.relations.map(({ oid }) => oid).filter((oid) => oid !== table.oid)),
    ],
    tags: tags.map(({ literals, columns }) => ({ literals, columns })),
    primaryKey: table.primaryKey,
    version: version ?? null,
    values: Object.fromEntries(values),
    booleans: [...table.columns].flatMap(([column, type]) => (type === 'bool' ? [column] : [])),
  }));
  const stamp = createHash('sha256').update(JSON.stringify(tables)).digest('hex');
  return { format: 1, stamp, tables };
}

/** What a publication says of itself; undefined where that is nothing that this version can read. */
export function readLogPlan(text: string | null): LogPlan | undefined {
  if (text === null || !text.startsWith('{')) return undefined;
  try {
    const plan: unknown = JSON.parse(text);
    return isLogPlan(plan) ? plan : undefined;
  } catch {
    // A comment by hand.
    return undefined;
  }
}

/** This module wrote it, where it bears the format's number. */
function isLogPlan(plan: unknown): plan is LogPlan {
  return (
    typeof plan === 'object' &&
    plan !== null &&
    'format' in plan &&
    plan.format === 1 &&
    'stamp' in plan &&
    typeof plan.stamp === 'string' &&
    'tables' in plan &&
    Array.isArray(plan.tables)
  );
}

/** The columns of which the log must tell the value before a change. */
export function columnsBefore({ tags }: Pick<LogTable, 'tags'>): readonly string[] {
  return [...new Set(tags.flatMap(({ columns }) => columns))];
}
