import { expect, it, onTestFinished } from 'vitest';
import { memoryJournal, type Journal } from '../../../src/cache/index.js';
import { FlushDelay } from '../../../src/cache/journal/flush-delay.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';
import { virtualClock } from '../../../src/cache/testing/index.js';

const typeDefs = `
  type Place { id: ID! seconds: Int! }
  type Query { place(id: ID!): Place @cached(ttl: 60, pattern: READ_THROUGH, key: "Place:{args.id}") }
  type Mutation {
    note(id: ID!, seconds: Int!): Place @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
  }
`;

/** A flusher on a clock that the test owns, and when its origin was called. */
async function flushing() {
  const clock = virtualClock();
  const journal = memoryJournal({ clock });
  const flushedAtMs: number[] = [];
  let looks = 0;
  let refuses = false;
  const counted: Journal = {
    ...journal,
    claim: (request) => {
      looks += 1;
      return journal.claim(request);
    },
  };
  const { cache, query } = testCache({
    typeDefs,
    resolvers: { Mutation: { note: (_, place) => place } },
    clock,
    journal: counted,
    origins: {
      Place: {
        load: (ids) => Promise.resolve(ids.map(() => null)),
        flush: () => {
          if (refuses) return Promise.reject(new Error('the row is refused'));
          return Promise.resolve(void flushedAtMs.push(clock.nowMs()));
        },
        isPermanent: () => true,
      },
    },
  });
  await cache.start();
  onTestFinished(async () => {
    const closed = cache.close();
    await clock.pass(100);
    await closed;
  });
  const looksWhile = async (ms: number): Promise<number> => {
    const before = looks;
    await clock.pass(ms);
    return looks - before;
  };
  const note = (id: number): Promise<unknown> =>
    query(`mutation { note(id: ${id}, seconds: 1) { seconds } }`);
  const refuse = (does: boolean): void => void (refuses = does);
  return { cache, clock, note, looksWhile, flushedAtMs, refuse };
}

it('looks every four seconds while nothing is accepted, and ten times a second for a while after anything was', async () => {
  const { clock, note, looksWhile, flushedAtMs } = await flushing();
  expect(await looksWhile(60_000)).toBeLessThanOrEqual(16);
  await clock.pass(1_234);
  await note(1);
  const acceptedAtMs = clock.nowMs();
  expect(await looksWhile(5_000)).toBeGreaterThan(40);
  expect(flushedAtMs.map((atMs) => atMs - acceptedAtMs)).toEqual([expect.toBeOneOf([300, 301])]);
  await clock.pass(5_000);
  expect(await looksWhile(60_000)).toBeLessThanOrEqual(16);
});

it('flushes what is due soon together with what is due', async () => {
  const { clock, note, flushedAtMs } = await flushing();
  await note(1);
  await clock.pass(200);
  await note(2);
  await clock.pass(1_000);
  expect(flushedAtMs).toHaveLength(1);
});

it('flushes a dead letter at once after it was replayed, also where nothing else happens', async () => {
  const { cache, clock, note, flushedAtMs, refuse } = await flushing();
  refuse(true);
  await note(1);
  await clock.pass(60_000);
  expect(await cache.writes.deadLetters()).toHaveLength(1);
  refuse(false);
  const replayedAtMs = clock.nowMs();
  const replayed = cache.writes.replay('Place:1');
  await clock.pass(5_000);
  await replayed;
  expect(flushedAtMs).toEqual([replayedAtMs]);
});

it('has a write wait for longer while many are accepted, and no longer than before once few are', () => {
  const clock = manualClock();
  const delay = new FlushDelay(clock);
  const waits = (writes: number, everyMs: number): Set<number> => {
    const found = new Set<number>();
    for (let write = 0; write < writes; write += 1) {
      clock.advance(everyMs);
      found.add(delay.next());
    }
    return found;
  };
  expect(waits(200, 50)).toEqual(new Set([250]));
  expect(waits(50, 1)).toContain(250);
  expect(waits(2000, 1)).toContain(750);
  expect(waits(2000, 1)).toEqual(new Set([750]));
  clock.advance(2000);
  expect(waits(40, 50)).toEqual(new Set([250]));
});
