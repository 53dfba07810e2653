import pg from 'pg';
import type { WatchedTable } from '../plan-triggers.js';
import type { Relation } from '../read-tables.js';

const OTHERWISE = 'set source: "triggers"';

/** What of these tables the log would not tell of, each as a sentence with its fix. */
export function untoldByLog(watched: readonly WatchedTable[]): readonly string[] {
  return watched.flatMap(({ table, tags }) => [
    ...tags.flatMap(({ source, columns }) =>
      columns
        .filter((column) => table.generatedColumns.has(column))
        .map(
          (column) =>
            `The log tells of no generated column, and the tag "${source}" of the table "${table.name}" names "${column}"; take it out of the tag, or ${OTHERWISE}.`,
        ),
    ),
    ...table.relations.flatMap(untoldOf),
  ]);
}

function untoldOf({ schema, name, kind, isLogged }: Relation): string[] {
  const where = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
  if (kind === 'f')
    return [`Nothing that is written into the foreign table ${where} is in the log; ${OTHERWISE}.`];
  if (isLogged) return [];
  return [
    `Nothing that is written into the unlogged table ${where} is in the log; run ALTER TABLE ${where} SET LOGGED, or ${OTHERWISE}.`,
  ];
}
