import type { ClaimedWrite, Journal } from '../../journal/journal.js';
import { expect } from '../expect.js';

/** A new, empty journal with room for so many keys as it was made with, and how its time passes. */
export interface TestedJournal {
  readonly journal: Journal;
  /** Lets so many milliseconds pass for the journal; on the machine's clock it waits for them. */
  pass(ms: number): void | Promise<void>;
}

/** One promise of every journal: a true sentence, and the check that throws where it is not kept. */
export interface JournalCheck {
  readonly title: string;
  check(tested: TestedJournal): Promise<void>;
}

/** Four of them, one for each shard at least. */
export const ROOM = 400;
/** Long enough that a process which stands still for a moment does not find a write due too soon. */
export const DELAY_MS = 250;
export const record = (text: string): Uint8Array => Buffer.from(text, 'utf8');
export const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString('utf8');

export async function accept(journal: Journal, key: string, text: string, delayMs = 0): Promise<number> {
  const { outcome, seq } = await journal.accept({ key, record: record(text), delayMs });
  expect(outcome).toBe('accepted');
  return seq;
}

/** Accepts a write and has it buried. */
export async function buried(journal: Journal, key: string, text: string): Promise<void> {
  await accept(journal, key, text);
  const claimed = (await claim(journal)).find((write) => write.key === key);
  if (claimed === undefined) throw new Error(`${key} was not claimed`);
  await journal.bury({ ...claimed, attempts: 1, error: 'refused', buriedAtMs: 1000 });
}

export async function claim(journal: Journal, all = false, forMs = 60_000): Promise<readonly ClaimedWrite[]> {
  return journal.claim({ limit: 100, forMs, all });
}

export async function pending(journal: Journal, key: string): Promise<string | undefined> {
  const [write] = await journal.pending([key]);
  return textOf(write?.record);
}

export const summaryOf = (writes: readonly ClaimedWrite[]): unknown[] =>
  writes.map(({ key, record: bytes, attempts }) => [key, textOf(bytes), attempts]).sort();

export function check(title: string, run: (tested: TestedJournal) => Promise<void>): JournalCheck {
  return { title, check: run };
}
