import { describe, expect, it } from 'vitest';
import type { ClaimedWrite, Journal } from '../../src/cache/index.js';

/** A new, empty journal with room for few keys, and how its time passes. */
export interface TestedJournal {
  readonly journal: Journal;
  pass(ms: number): void | Promise<void>;
}

export interface JournalHarness {
  /** Makes a journal with room for `maxPending` keys that shares nothing with those made before. The suite closes it. */
  create(maxPending: number): Promise<TestedJournal>;
}

export interface JournalCheck {
  readonly title: string;
  check(tested: TestedJournal): Promise<void>;
}

/** Four of them, one for each shard at least. */
export const ROOM = 400;
const DELAY_MS = 30;
const record = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString('utf8');

async function accept(journal: Journal, key: string, text: string, delayMs = 0): Promise<number> {
  const { outcome, seq } = await journal.accept({ key, record: record(text), delayMs });
  expect(outcome).toBe('accepted');
  return seq;
}

/** Accepts a write and has it buried. */
async function buried(journal: Journal, key: string, text: string): Promise<void> {
  await accept(journal, key, text);
  const claimed = (await claim(journal)).find((write) => write.key === key);
  if (claimed === undefined) throw new Error(`${key} was not claimed`);
  await journal.bury({ ...claimed, attempts: 1, error: 'refused', buriedAtMs: 1000 });
}

async function claim(journal: Journal, all = false, forMs = 60_000): Promise<readonly ClaimedWrite[]> {
  return journal.claim({ limit: 100, forMs, all });
}

async function pending(journal: Journal, key: string): Promise<string | undefined> {
  const [write] = await journal.pending([key]);
  return textOf(write?.record);
}

const summaryOf = (writes: readonly ClaimedWrite[]): unknown[] =>
  writes.map(({ key, record: bytes, attempts }) => [key, textOf(bytes), attempts]).sort();

function check(title: string, run: (tested: TestedJournal) => Promise<void>): JournalCheck {
  return { title, check: run };
}

export const journalChecks: readonly JournalCheck[] = [
  check('an accepted write is pending until the database has it', async ({ journal }) => {
    const seq = await accept(journal, 'Row:1', 'one');
    expect(await pending(journal, 'Row:1')).toBe('one');
    expect(await pending(journal, 'Row:2')).toBeUndefined();
    await journal.settle([{ key: 'Row:1', seq }]);
    expect(await pending(journal, 'Row:1')).toBeUndefined();
    expect(await journal.size()).toEqual({ pending: 0, dead: 0, overdueMs: 0 });
  }),
  check(
    'later writes of a key have higher numbers, and the latest is what is pending',
    async ({ journal }) => {
      const seqs: number[] = [];
      for (const text of ['one', 'two', 'three']) seqs.push(await accept(journal, 'Row:1', text));
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
      expect(new Set(seqs).size).toBe(3);
      expect(await pending(journal, 'Row:1')).toBe('three');
      expect(summaryOf(await claim(journal))).toEqual([['Row:1', 'three', 0]]);
      expect(journal.laterSeq()).toBeGreaterThan(seqs.at(-1) ?? 0);
    },
  ),
  check(
    'a write is due after its delay, and a key that is written all the time as well',
    async ({ journal, pass }) => {
      await accept(journal, 'Row:1', 'one', DELAY_MS);
      expect(await claim(journal)).toEqual([]);
      await pass(DELAY_MS + 10);
      await accept(journal, 'Row:1', 'two', 60_000);
      expect(summaryOf(await claim(journal))).toEqual([['Row:1', 'two', 0]]);
    },
  ),
  check('what one has claimed nobody else gets for a while, and then again', async ({ journal, pass }) => {
    await accept(journal, 'Row:1', 'one');
    expect(await claim(journal, false, DELAY_MS)).toHaveLength(1);
    expect(await claim(journal)).toEqual([]);
    await pass(DELAY_MS + 10);
    expect(summaryOf(await claim(journal))).toEqual([['Row:1', 'one', 0]]);
  }),
  check('whoever ends claims what is not due as well', async ({ journal }) => {
    await accept(journal, 'Row:1', 'one', 60_000);
    await accept(journal, 'Row:2', 'two', 60_000);
    expect(await claim(journal)).toEqual([]);
    expect(summaryOf(await claim(journal, true))).toEqual([
      ['Row:1', 'one', 0],
      ['Row:2', 'two', 0],
    ]);
  }),
  check('a write that came while an earlier one was flushed stays, and is due', async ({ journal }) => {
    await accept(journal, 'Row:1', 'one');
    const claimed = await claim(journal);
    await accept(journal, 'Row:1', 'two');
    await journal.settle(claimed);
    expect(await pending(journal, 'Row:1')).toBe('two');
    expect(summaryOf(await claim(journal))).toEqual([['Row:1', 'two', 0]]);
  }),
  check(
    'what failed is due again after its pause, and knows how often it failed',
    async ({ journal, pass }) => {
      await accept(journal, 'Row:1', 'one');
      await journal.retry(await claim(journal), DELAY_MS);
      expect(await claim(journal)).toEqual([]);
      await pass(DELAY_MS + 10);
      const again = await claim(journal);
      expect(summaryOf(again)).toEqual([['Row:1', 'one', 1]]);
      await journal.retry(again, 0);
      expect(summaryOf(await claim(journal))).toEqual([['Row:1', 'one', 2]]);
    },
  ),
  check(
    'what is due soon is taken with what is due, unless it has failed before',
    async ({ journal, pass }) => {
      const [soonMs, aheadMs] = [10_000, 20_000];
      const ahead = async (): Promise<unknown[]> =>
        summaryOf(await journal.claim({ limit: 100, forMs: 60_000, aheadMs }));
      await accept(journal, 'Row:failed', 'one');
      await journal.retry(await claim(journal), soonMs);
      const soon = Array.from({ length: 8 }, (_, index) => `Row:${index}`);
      for (const key of soon) await accept(journal, key, 'one', soonMs);
      await accept(journal, 'Row:later', 'one', aheadMs + soonMs);
      expect(await ahead()).toEqual([]);
      await accept(journal, 'Row:due', 'one', DELAY_MS);
      await pass(DELAY_MS + 10);
      expect(await ahead()).toEqual([...soon, 'Row:due'].sort().map((key) => [key, 'one', 0]));
      expect(await ahead()).toEqual([]);
    },
  ),
  check(
    'a later write than the one that was flushed is due when it is said to be',
    async ({ journal, pass }) => {
      for (const laterAfterMs of [undefined, DELAY_MS]) {
        await accept(journal, 'Row:1', 'one');
        const claimed = await claim(journal);
        await accept(journal, 'Row:1', 'two');
        await journal.settle(claimed, laterAfterMs);
        if (laterAfterMs !== undefined) expect(await claim(journal)).toEqual([]);
        await pass((laterAfterMs ?? 0) + 10);
        const later = await claim(journal);
        expect(summaryOf(later)).toEqual([['Row:1', 'two', 0]]);
        await journal.settle(later);
      }
    },
  ),
  check('a later write begins without failures', async ({ journal }) => {
    await accept(journal, 'Row:1', 'one');
    await journal.retry(await claim(journal), 0);
    await accept(journal, 'Row:1', 'two');
    expect(summaryOf(await claim(journal))).toEqual([['Row:1', 'two', 0]]);
  }),
  check('a full journal takes no other key, and goes on with those it has', async ({ journal }) => {
    const outcomes = new Map<string, string>();
    for (let number = 0; number < ROOM * 2; number += 1) {
      const key = `Row:${number}`;
      const { outcome, seq } = await journal.accept({ key, record: record('one'), delayMs: 0 });
      expect(seq).toBeGreaterThan(0);
      outcomes.set(key, outcome);
    }
    const [first = ''] = [...outcomes].flatMap(([key, outcome]) => (outcome === 'accepted' ? [key] : []));
    expect([...outcomes.values()].filter((outcome) => outcome === 'full').length).toBeGreaterThanOrEqual(
      ROOM,
    );
    expect((await journal.size()).pending).toBeLessThanOrEqual(ROOM);
    await accept(journal, first, 'two');
    expect(await pending(journal, first)).toBe('two');
  }),
  check('a buried write is a dead letter, and pending no more', async ({ journal }) => {
    await accept(journal, 'Row:1', 'one');
    const [claimed] = await claim(journal);
    if (claimed === undefined) throw new Error('nothing was claimed');
    await journal.bury({ ...claimed, attempts: 1, error: 'refused\nfor good', buriedAtMs: 1000 });
    expect(await pending(journal, 'Row:1')).toBeUndefined();
    const letters = await journal.deadLetters();
    expect(letters).toMatchObject([
      { key: 'Row:1', seq: claimed.seq, attempts: 1, error: 'refused\nfor good', buriedAtMs: 1000 },
    ]);
    expect(textOf(letters[0]?.record)).toBe('one');
    expect(await journal.size()).toMatchObject({ pending: 0, dead: 1 });
  }),
  check('a write that was overtaken is not buried', async ({ journal }) => {
    await accept(journal, 'Row:1', 'one');
    const [claimed] = await claim(journal);
    await accept(journal, 'Row:1', 'two');
    if (claimed !== undefined) await journal.bury({ ...claimed, error: 'refused', buriedAtMs: 1000 });
    expect(await journal.deadLetters()).toEqual([]);
    expect(await pending(journal, 'Row:1')).toBe('two');
  }),
  check('a replayed letter is pending with the number it had', async ({ journal }) => {
    const seq = await accept(journal, 'Row:1', 'one');
    const [claimed] = await claim(journal);
    if (claimed !== undefined) await journal.bury({ ...claimed, error: 'refused', buriedAtMs: 1000 });
    expect(await journal.replay('Row:1')).toBe('replayed');
    expect(await journal.deadLetters()).toEqual([]);
    expect(await claim(journal)).toMatchObject([{ key: 'Row:1', seq, attempts: 0 }]);
    expect(await journal.replay('Row:1')).toBe('unknown');
  }),
  check('a letter ends with a later write of its key, also once that is flushed', async ({ journal }) => {
    await buried(journal, 'Row:1', 'one');
    const seq = await accept(journal, 'Row:1', 'two');
    expect(await journal.deadLetters()).toEqual([]);
    expect(await journal.replay('Row:1')).toBe('unknown');
    expect(await pending(journal, 'Row:1')).toBe('two');
    await journal.settle([{ key: 'Row:1', seq }]);
    expect(await journal.replay('Row:1')).toBe('unknown');
  }),
  check('what is overtaken leaves the journal, its letter too', async ({ journal }) => {
    await accept(journal, 'Row:1', 'one');
    await buried(journal, 'Row:2', 'two');
    const seq = journal.laterSeq();
    const writes = ['Row:1', 'Row:2', 'Row:3'].map((key) => ({ key, seq }));
    await journal.overtake(writes);
    expect(await journal.size()).toEqual({ pending: 0, dead: 0, overdueMs: 0 });
    expect(await claim(journal, true)).toEqual([]);
    await journal.overtake(writes);
  }),
  check('what is later than the write that overtakes stays', async ({ journal }) => {
    const [early] = [await accept(journal, 'Row:1', 'one'), await accept(journal, 'Row:1', 'two')];
    await buried(journal, 'Row:2', 'three');
    await journal.overtake([
      { key: 'Row:1', seq: early },
      { key: 'Row:2', seq: early },
    ]);
    expect(await pending(journal, 'Row:1')).toBe('two');
    expect(await journal.size()).toMatchObject({ pending: 1, dead: 1 });
  }),
  check(
    'a number that is over is lower than those of all writes that come then',
    async ({ journal, pass }) => {
      await accept(journal, 'Row:1', 'one');
      const seq = journal.laterSeq();
      await pass(journal.passedInMs(seq));
      expect(await accept(journal, 'Row:2', 'two')).toBeGreaterThan(seq);
      expect(await accept(journal, 'Row:1', 'three')).toBeGreaterThan(seq);
    },
  ),
  check('keys and records may have any characters', async ({ journal }) => {
    const key = 'Row:é|{}\n"ü';
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { seq } = await journal.accept({ key, record: bytes, delayMs: 0 });
    const [claimed] = await claim(journal);
    expect(claimed).toMatchObject({ key, seq });
    expect([...(claimed?.record ?? [])]).toEqual([...bytes]);
    await journal.settle([{ key, seq }]);
    expect(await claim(journal, true)).toEqual([]);
  }),
  check('it says how long the oldest write is overdue', async ({ journal, pass }) => {
    await accept(journal, 'Row:1', 'one');
    await pass(DELAY_MS * 2);
    const { overdueMs } = await journal.size();
    expect(overdueMs).toBeGreaterThanOrEqual(DELAY_MS);
    expect(overdueMs).toBeLessThan(60_000);
  }),
];

/** Both journals keep the same promises. */
export function journalContract(name: string, { create }: JournalHarness): void {
  describe(`the journal contract: ${name}`, () => {
    for (const { title, check: run } of journalChecks) {
      it(title, async () => {
        const tested = await create(ROOM);
        try {
          await run(tested);
        } finally {
          await tested.journal.close();
        }
      });
    }
  });
}
