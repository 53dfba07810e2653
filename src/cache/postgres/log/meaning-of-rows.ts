import { escapeComponent } from '../../keys/component.js';
import {
  IS_NULL,
  IS_UNCHANGED,
  textOf,
  type ChangeMessage,
  type RelationMessage,
  type Tuple,
} from './decode-pgoutput.js';
import { columnsBefore, type LogTable } from './log-plan.js';

/** Adds a tag with the version of the row that it names, where that is known. */
type AddTag = (tag: string, version: number | null) => void;

/** Adds what a changed row means; false where the log does not tell enough of it. */
export type Meaning = (change: ChangeMessage, add: AddTag) => boolean;

interface Part {
  readonly literal: string;
  /** The place of the column before the literal. */
  readonly column: number;
  readonly isBoolean: boolean;
  readonly said: Readonly<Record<string, string>> | undefined;
}

interface CompiledTag {
  readonly begin: string;
  readonly parts: readonly Part[];
  /** It names the very row, so that the version of that is known. */
  readonly hasVersion: boolean;
}

/** What rows of a table mean, as the log has them now; undefined where the table lacks a column that a tag names. */
export function meaningOfRows(table: LogTable, relation: RelationMessage): Meaning | undefined {
  const places = new Map(relation.columns.map(({ name }, place) => [name, place]));
  const needed = columnsBefore(table);
  if (needed.some((column) => !places.has(column))) return undefined;
  const tags = table.tags.map((tag) => compiled(tag, table, places));
  const version = table.version === null ? undefined : places.get(table.version);
  const knowsBefore =
    relation.hasWholeRows ||
    needed.every((column) => relation.columns.some(({ name, isKey }) => isKey && name === column));
  const addAll = (
    { row, otherwise }: { row: Tuple; otherwise: Tuple | undefined },
    versionNow: number | null,
    add: AddTag,
  ): boolean => {
    for (const { begin, parts, hasVersion } of tags) {
      const tag = tagText(begin, parts, { row, otherwise });
      if (tag === undefined) return false;
      if (tag !== null) add(tag, hasVersion ? versionNow : null);
    }
    return true;
  };
  return ({ kind, before, after }, add) => {
    if (kind === 'insert' && after !== undefined)
      return addAll({ row: after, otherwise: undefined }, numberIn(after, version), add);
    if (!knowsBefore) return false;
    if (kind === 'delete' && before !== undefined)
      return addAll({ row: before, otherwise: undefined }, null, add);
    if (after === undefined) return false;
    // Without the row before the key stayed as it was, and the key is all that tags name.
    if (before === undefined) return addAll({ row: after, otherwise: undefined }, null, add);
    if (relation.hasWholeRows && isSame(before, after)) return true;
    // What does not raise the version could not be told from the change before it.
    const raised = relation.hasWholeRows ? raisedVersion(before, after, version) : null;
    return (
      addAll({ row: before, otherwise: undefined }, raised, add) &&
      addAll({ row: after, otherwise: before }, raised, add)
    );
  };
}

/** How many of the first columns of its rows are asked for; all, where rows before and after a change are compared. */
export function columnsToRead(table: LogTable, { hasWholeRows, columns }: RelationMessage): number {
  if (hasWholeRows) return columns.length;
  const asked = new Set<string | null>([...columnsBefore(table), table.version]);
  return columns.findLastIndex(({ name }) => asked.has(name)) + 1;
}

function compiled(
  { literals, columns, isOfOther }: LogTable['tags'][number],
  { primaryKey, values, booleans }: LogTable,
  places: ReadonlyMap<string, number>,
): CompiledTag {
  return {
    begin: literals[0] ?? '',
    parts: columns.map((column, index) => ({
      literal: literals[index + 1] ?? '',
      column: places.get(column) ?? -1,
      isBoolean: booleans.includes(column),
      said: Object.hasOwn(values, column) ? values[column] : undefined,
    })),
    hasVersion:
      isOfOther !== true && primaryKey.length > 0 && primaryKey.every((column) => columns.includes(column)),
  };
}

/** Null where a column is null: such a tag means nothing. Undefined where the log does not tell a value. */
function tagText(
  begin: string,
  parts: readonly Part[],
  { row, otherwise }: { row: Tuple; otherwise: Tuple | undefined },
): string | null | undefined {
  let tag = begin;
  for (const { literal, column, isBoolean, said } of parts) {
    let text = textOf(row, column);
    if (text === undefined && otherwise !== undefined) text = textOf(otherwise, column);
    if (text === undefined) return undefined;
    if (text === null) return null;
    if (isBoolean) text = text === 't' ? 'true' : 'false';
    if (said !== undefined && Object.hasOwn(said, text)) text = said[text] ?? text;
    tag += escapeComponent(text) + literal;
  }
  return tag;
}

function numberIn(row: Tuple, column: number | undefined): number | null {
  const text = column === undefined ? null : textOf(row, column);
  return typeof text === 'string' ? Number(text) : null;
}

function raisedVersion(before: Tuple, after: Tuple, column: number | undefined): number | null {
  const [was, is] = [numberIn(before, column), numberIn(after, column)];
  return was !== null && is !== null && is > was ? is : null;
}

function isSame(before: Tuple, after: Tuple): boolean {
  return after.starts.every((start, column) => {
    if (start === IS_UNCHANGED) return true;
    const startBefore = before.starts[column] ?? IS_UNCHANGED;
    if (start === IS_NULL || startBefore < 0) return start === startBefore;
    const [end, endBefore] = [after.ends[column], before.ends[column]];
    return after.bytes.compare(before.bytes, startBefore, endBefore, start, end) === 0;
  });
}
