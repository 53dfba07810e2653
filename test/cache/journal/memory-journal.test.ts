import { describe, expect, it } from 'vitest';
import { memoryJournal, type Journal } from '../../../src/cache/index.js';
import type { BuriedWrite } from '../../../src/cache/journal/journal.js';
import { journalContract, type TestedJournal } from '../../../src/cache/testing/index.js';
import { ROOM } from '../../../src/cache/testing/journal/tested-journal.js';
import { isPromise } from '../../../src/cache/maybe-promise.js';
import { manualClock } from '../../support/manual-clock.js';

function create(maxPending: number, breaking = (journal: Journal): Journal => journal): TestedJournal {
  const clock = manualClock();
  return { journal: breaking(memoryJournal({ clock, maxPending })), pass: clock.advance };
}

describe('the journal contract: memory', () => {
  for (const { title, run } of journalContract({ create })) it(title, run);
});

describe('a memory journal with ten thousand dead letters', () => {
  it('accepts no write of a further key, until a letter is gone', () => {
    const { journal } = create(20_000);
    const record = new Uint8Array([1]);
    for (let at = 0; at < 10_000; at += 1) {
      const accepted = journal.accept({ key: `Place:${at}`, record, delayMs: 0 });
      if (isPromise(accepted)) throw new Error('a memory journal answers at once');
      void journal.bury({
        ...{ key: `Place:${at}`, seq: accepted.seq, record, attempts: 1 },
        ...{ error: 'refused', buriedAtMs: 0 },
      });
    }
    const outcome = (key: string): unknown => journal.accept({ key, record, delayMs: 0 });
    expect(outcome('Place:new')).toMatchObject({ outcome: 'full' });
    void journal.replay('Place:1');
    expect(outcome('Place:new')).toMatchObject({ outcome: 'accepted' });
  });
});

describe('the journal contract itself', () => {
  async function brokenPromises(breaking: (journal: Journal) => Journal): Promise<string[]> {
    const broken: string[] = [];
    for (const { title, run } of journalContract({ create: (maxPending) => create(maxPending, breaking) })) {
      const isKept = await run().then(
        () => true,
        () => false,
      );
      if (!isKept) broken.push(title);
    }
    return broken;
  }

  it.each<[string, (journal: Journal) => Journal, string]>([
    [
      'a settlement that does not compare numbers',
      (journal) => ({
        ...journal,
        settle: async (writes) => {
          const present = await journal.pending(writes.map(({ key }) => key));
          await journal.settle(present.flatMap((write) => write ?? []));
        },
      }),
      'a write that came while an earlier one was flushed stays, and is due',
    ],
    [
      'claims that everybody gets',
      (journal) => ({ ...journal, claim: (request) => journal.claim({ ...request, forMs: 0 }) }),
      'what one process has claimed no other gets for a while, and then again',
    ],
    [
      'a journal without an end',
      (journal) => ({ ...journal, size: () => ({ pending: ROOM * 2, dead: 0, overdueMs: 0 }) }),
      'a full journal takes no other key, and goes on with those it has',
    ],
    [
      'a journal that drops what is later than the write that supersedes',
      (journal) => ({
        ...journal,
        supersede: (writes) => journal.supersede(writes.map(({ key }) => ({ key, seq: Infinity }))),
      }),
      'what is later than the write that supersedes stays',
    ],
    [
      'a journal that is not told of what supersedes it',
      (journal) => ({ ...journal, supersede: () => undefined }),
      'what is superseded leaves the journal, its letter too',
    ],
    [
      'letters that outlive a later write',
      (journal) => {
        let kept: readonly BuriedWrite[] = [];
        return {
          ...journal,
          bury: (write) => {
            kept = [write];
            return journal.bury(write);
          },
          replay: (key) => (kept.some((letter) => letter.key === key) ? 'replayed' : 'unknown'),
        };
      },
      'a letter ends with a later write of its key, also once that is flushed',
    ],
    [
      'numbers ahead of the time that is waited for',
      (journal) => ({ ...journal, laterSeq: () => journal.laterSeq() + 800_000 }),
      'a number that is over is lower than those of all writes that come then',
    ],
    [
      'numbers that stand still',
      (journal) => ({ ...journal, accept: async (write) => ({ ...(await journal.accept(write)), seq: 1 }) }),
      'later writes of a key have higher numbers, and the latest is what is pending',
    ],
  ])('catches %s', async (_what, breaking, title) => {
    expect(await brokenPromises(breaking)).toContain(title);
  });

  it('finds nothing wrong with a journal that keeps every promise', async () => {
    expect(await brokenPromises((journal) => journal)).toEqual([]);
  });
});
