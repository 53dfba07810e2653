/** One row of a message: where each column's text lies in the bytes, as far as columns were asked for. */
export interface Tuple {
  readonly bytes: Buffer;
  /** The first byte of each column, or IS_NULL, or IS_UNCHANGED. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Says in place of where a column begins that it is null. */
export const IS_NULL = -1;
/** The same of a long value that is kept apart and that the update left alone: the log does not repeat it. */
export const IS_UNCHANGED = -2;

interface RelationColumn {
  readonly name: string;
  /** A part of the replica identity: its value before a change is in the log. */
  readonly isKey: boolean;
}

/** A table as the messages that follow have it. */
export interface RelationMessage {
  readonly kind: 'relation';
  readonly oid: number;
  readonly name: string;
  /** The whole row before a change is in the log, not only its key. */
  readonly hasWholeRows: boolean;
  readonly columns: readonly RelationColumn[];
}

/** A changed row; `before` is the whole row or its key, and absent where the key stayed as it was. */
export interface ChangeMessage {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly oid: number;
  readonly before: Tuple | undefined;
  readonly after: Tuple | undefined;
}

export type LogMessage =
  | { readonly kind: 'begin'; readonly xid: number; readonly commit: bigint; readonly committedAtMs: number }
  | { readonly kind: 'commit'; readonly end: bigint }
  | RelationMessage
  | ChangeMessage
  | { readonly kind: 'truncate'; readonly oids: readonly number[] }
  | { readonly kind: 'message'; readonly prefix: string; readonly content: string }
  | { readonly kind: 'other' };

const [B, C, R, I, U, D, T, M] = [...'BCRIUDTM'].map((letter) => letter.charCodeAt(0));
const [NEW, WHOLE, TEXT, NULL, UNCHANGED] = [...'Nftnu'].map((letter) => letter.charCodeAt(0));
/** PostgreSQL's clock begins with the year 2000. */
export const EPOCH_MS = 946_684_800_000;
const OTHER = { kind: 'other' } as const;

/**
 * Reads one message of the plugin pgoutput, protocol version 1. Values stay the bytes that PostgreSQL wrote: types that a program
 * has registered with pg, such as numbers for bigint, must not change what a key says. Of a table's rows no more than the first
 * `columnsOf` columns are told, by default all.
 * @throws RangeError where the message ends too early.
 */
export function decodePgoutput(bytes: Buffer, columnsOf: (oid: number) => number = allColumns): LogMessage {
  switch (bytes[0]) {
    case B:
      return {
        kind: 'begin',
        xid: bytes.readUInt32BE(17),
        commit: bytes.readBigUInt64BE(1),
        committedAtMs: EPOCH_MS + Number(bytes.readBigInt64BE(9)) / 1000,
      };
    case C:
      return { kind: 'commit', end: bytes.readBigUInt64BE(10) };
    case R:
      return relation(bytes);
    case I:
    case U:
    case D:
      return change(bytes, columnsOf);
    case T: {
      const count = bytes.readUInt32BE(1);
      return {
        kind: 'truncate',
        oids: Array.from({ length: count }, (_, i) => bytes.readUInt32BE(6 + 4 * i)),
      };
    }
    case M: {
      const [prefix, at] = text(bytes, 10);
      const length = bytes.readUInt32BE(at);
      return { kind: 'message', prefix, content: bytes.toString('utf8', at + 4, at + 4 + length) };
    }
    case undefined:
    default:
      return OTHER;
  }
}

/** The text of a column; null, or undefined where the log does not have it. */
export function textOf({ bytes, starts, ends }: Tuple, column: number): string | null | undefined {
  const start = starts[column];
  if (start === undefined || start === IS_UNCHANGED) return undefined;
  return start === IS_NULL ? null : bytes.toString('utf8', start, ends[column]);
}

function text(bytes: Buffer, from: number): [string, number] {
  const end = bytes.indexOf(0, from);
  if (end < 0) throw new RangeError('a message of the log ends within a name');
  return [bytes.toString('utf8', from, end), end + 1];
}

function relation(bytes: Buffer): RelationMessage {
  const [, afterSchema] = text(bytes, 5);
  const [name, at] = text(bytes, afterSchema);
  const columns: RelationColumn[] = [];
  let next = at + 3;
  for (let left = bytes.readUInt16BE(at + 1); left > 0; left -= 1) {
    const [column, end] = text(bytes, next + 1);
    columns.push({ name: column, isKey: ((bytes[next] ?? 0) & 1) === 1 });
    next = end + 8;
  }
  return { kind: 'relation', oid: bytes.readUInt32BE(1), name, hasWholeRows: bytes[at] === WHOLE, columns };
}

function change(bytes: Buffer, columnsOf: (oid: number) => number): ChangeMessage {
  const oid = bytes.readUInt32BE(1);
  const columns = columnsOf(oid);
  if (bytes[0] === D) return { kind: 'delete', oid, before: tuple(bytes, 6, columns), after: undefined };
  const kind = bytes[0] === I ? 'insert' : 'update';
  if (bytes[5] === NEW) return { kind, oid, before: undefined, after: tuple(bytes, 6, columns) };
  // Where the second row begins is known once the first was read to its end.
  const before = tuple(bytes, 6, Infinity);
  return { kind, oid, before, after: tuple(bytes, before.end + 1, columns) };
}

function allColumns(): number {
  return Infinity;
}

function tuple(bytes: Buffer, from: number, columns: number): Tuple & { readonly end: number } {
  const starts: number[] = [];
  const ends: number[] = [];
  let at = from + 2;
  for (let left = Math.min(columns, bytes.readUInt16BE(from)); left > 0; left -= 1) {
    const kind = bytes[at];
    at += 1;
    if (kind === NULL || kind === UNCHANGED) {
      starts.push(kind === NULL ? IS_NULL : IS_UNCHANGED);
      ends.push(at);
    } else if (kind === TEXT) {
      const length = bytes.readUInt32BE(at);
      starts.push(at + 4);
      at += 4 + length;
      ends.push(at);
    } else throw new RangeError('a message of the log has a column of an unknown kind');
  }
  return { bytes, starts, ends, end: at };
}
