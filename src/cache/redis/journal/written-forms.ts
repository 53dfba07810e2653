import type { BuriedWrite, ClaimedWrite, PendingWrite } from '../../journal/journal.js';
import { textOf } from '../connection/lua-script.js';

const BAR = '|'.charCodeAt(0);
const LINE_END = '\n'.charCodeAt(0);

/** Reads `{number}|{record}`; undefined for nothing, and for what this program did not write. */
export function readWrite(key: string, text: Buffer | null): PendingWrite | undefined {
  const bar = text?.indexOf(BAR) ?? -1;
  if (text === null || bar < 0) return undefined;
  const seq = Number(text.toString('latin1', 0, bar));
  return Number.isSafeInteger(seq) ? { key, seq, record: text.subarray(bar + 1) } : undefined;
}

/** Claims come as key, write and attempts in turn. */
export function claimedOf(parts: readonly unknown[]): ClaimedWrite[] {
  const claimed: ClaimedWrite[] = [];
  for (let index = 0; index + 2 < parts.length; index += 3) {
    const [name, text, attempts] = parts.slice(index, index + 3);
    const key = Buffer.isBuffer(name) ? name.toString('utf8') : '';
    const write = readWrite(key, Buffer.isBuffer(text) ? text : null);
    if (write !== undefined) claimed.push({ ...write, attempts: Number(textOf(attempts)) });
  }
  return claimed;
}

/** A dead letter: a line that a person can read, then the record. */
export function letterOf({ seq, attempts, error, buriedAtMs, record }: BuriedWrite): Buffer {
  const line = JSON.stringify({ seq, attempts, error, buriedAtMs });
  return Buffer.concat([Buffer.from(`${line}\n`, 'utf8'), record]);
}

/** None where it was not written by this program. */
export function readLetter(key: string, text: Buffer): readonly BuriedWrite[] {
  const end = text.indexOf(LINE_END);
  try {
    const line: unknown = JSON.parse(text.toString('utf8', 0, end));
    if (typeof line !== 'object' || line === null) return [];
    const { seq, attempts, error, buriedAtMs } = line as Record<string, unknown>;
    const numbers = { seq: Number(seq), attempts: Number(attempts), buriedAtMs: Number(buriedAtMs) };
    return [{ key, ...numbers, error: String(error), record: text.subarray(end + 1) }];
  } catch {
    return [];
  }
}
