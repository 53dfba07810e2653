import { expect } from '../expect.js';
import {
  accept,
  check,
  claim,
  DELAY_MS,
  type JournalCheck,
  pending,
  record,
  ROOM,
  summaryOf,
} from './tested-journal.js';

/** What is promised about accepted writes and what is pending. */
export const pendingChecks: readonly JournalCheck[] = [
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
