import { expect } from '../expect.js';
import { accept, check, claim, DELAY_MS, type JournalCheck, pending, summaryOf } from './tested-journal.js';

/** What is promised about what is due, and who flushes it. */
export const claimChecks: readonly JournalCheck[] = [
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
  check(
    'what one process has claimed no other gets for a while, and then again',
    async ({ journal, pass }) => {
      await accept(journal, 'Row:1', 'one');
      expect(await claim(journal, false, DELAY_MS)).toHaveLength(1);
      expect(await claim(journal)).toEqual([]);
      await pass(DELAY_MS + 10);
      expect(summaryOf(await claim(journal))).toEqual([['Row:1', 'one', 0]]);
    },
  ),
  check('a process that ends claims what is not due as well', async ({ journal }) => {
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
];
