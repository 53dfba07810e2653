import { createHash } from 'node:crypto';
import { CacheError } from '../../errors.js';
import type { WatchedTable } from '../plan-triggers.js';
import type { Table } from '../read-tables.js';
import type { RowTag } from '../row-tag.js';

/** A table of the publication, and what its rows mean: written into the publication itself, so that every version reads the same. */
export interface LogTable {
  readonly schema: string;
  readonly name: string;
  /** In a publication: of the table itself, and of those that inherit from it. While the log is read: of its partitions too. */
  readonly oids: readonly number[];
  readonly tags: readonly Pick<RowTag, 'literals' | 'columns' | 'isOfOther'>[];
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
  return stamped(
    watched.map(({ table, tags, version, values }) =>
      logTableOf(table, { tags, version: version ?? null, values: Object.fromEntries(values) }),
    ),
  );
}

/** A table of a plan, and what it is in the database now; undefined where it is gone. */
export interface PlannedTable {
  readonly said: LogTable;
  readonly now: Table | undefined;
}

/** The same plan for the tables as they are now, as a publication bears it. @throws CacheError where one is gone. */
export function renewedPlan(tables: readonly PlannedTable[]): LogPlan {
  return stamped(
    tables.map(({ said, now }) => {
      if (now !== undefined) return logTableOf(now, said);
      throw new CacheError(
        'CACHE_CONFIGURATION',
        `The table "${said.schema}"."${said.name}", which the log tells of, is gone; make it again, or take it out of \`tables\` and start again.`,
      );
    }),
  );
}

/** The plan as a reader of the log needs it, which names a partition by its own oid. */
export function planToRead(plan: LogPlan, tables: readonly PlannedTable[]): LogPlan {
  const present = tables.flatMap(({ said, now }) =>
    now === undefined ? [] : [{ ...logTableOf(now, said), oids: now.relations.map(({ oid }) => oid) }],
  );
  return { ...plan, tables: present };
}

/** What a publication has to name, so that it tells of the table and all of its parts. */
export function publishedOids({ kind, oid, relations }: Table): readonly number[] {
  return kind === 'p' ? [oid] : [oid, ...relations.map((part) => part.oid).filter((part) => part !== oid)];
}

function logTableOf(
  table: Table,
  { tags, version, values }: Pick<LogTable, 'tags' | 'version' | 'values'>,
): LogTable {
  return {
    schema: table.schema,
    name: table.name,
    oids: publishedOids(table),
    tags: tags.map(({ literals, columns, isOfOther }) => ({
      ...{ literals, columns },
      ...(isOfOther === true && { isOfOther }),
    })),
    primaryKey: table.primaryKey,
    version,
    values,
    booleans: [...table.columns].flatMap(([column, type]) => (type === 'bool' ? [column] : [])),
  };
}

function stamped(tables: readonly LogTable[]): LogPlan {
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
