import { expect } from '../expect.js';
import { accept, buried, check, claim, type JournalCheck, pending, textOf } from './tested-journal.js';

/** What is promised about writes that the database refused. */
export const letterChecks: readonly JournalCheck[] = [
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
  check('a write that was superseded is not buried', async ({ journal }) => {
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
];
