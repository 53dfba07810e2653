import { expect } from '../expect.js';
import { accept, buried, check, claim, type JournalCheck, pending } from './tested-journal.js';

/** What is promised about writes that a later one has superseded on another way. */
export const supersededChecks: readonly JournalCheck[] = [
  check('what is superseded leaves the journal, its letter too', async ({ journal }) => {
    await accept(journal, 'Row:1', 'one');
    await buried(journal, 'Row:2', 'two');
    const seq = journal.laterSeq();
    const writes = ['Row:1', 'Row:2', 'Row:3'].map((key) => ({ key, seq }));
    await journal.supersede(writes);
    expect(await journal.size()).toEqual({ pending: 0, dead: 0, overdueMs: 0 });
    expect(await claim(journal, true)).toEqual([]);
    await journal.supersede(writes);
  }),
  check('what is later than the write that supersedes stays', async ({ journal }) => {
    const [early] = [await accept(journal, 'Row:1', 'one'), await accept(journal, 'Row:1', 'two')];
    await buried(journal, 'Row:2', 'three');
    await journal.supersede([
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
];
