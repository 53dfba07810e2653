import { describe, expect, it, vi } from 'vitest';
import { memoryStore, type Outbox } from '../../../src/cache/index.js';
import type { RelayingOptions } from '../../../src/cache/types/index.js';
import { expectTime, tookMs } from '../../support/run/expect-time.js';
import { losable } from '../../support/stores/losable-store.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { memoryOutbox, type MemoryOutboxRows } from '../../../src/cache/testing/index.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = 'type Query { shelf: [Int] @cached(ttl: 60, tags: ["Shelf"]) }';
/** More than the relay takes to notice that it is time to look: it asks itself every 250 ms. */
const A_MOMENT_MS = 300;
const QUIET_POLL_MS = 3000;
/** Half of what it takes where it is quiet: a busy machine takes several times as long as a quiet one. */
const SOON_MS = QUIET_POLL_MS / 2;
const WAITING = { timeout: 15_000, interval: 2 };

/** A relay of an outbox that says whether it listens, on a clock that can be set forward. */
async function listening(
  isListening: boolean,
  atEnd: (end: () => Promise<void>) => void,
  relaying: Partial<RelayingOptions> = {},
) {
  const rows = memoryOutbox();
  let [aheadMs, looks, waitedMs, takesMs] = [0, 0, 1, 0];
  let meanwhile = (): void => undefined;
  let tell = (): void => undefined;
  let say = (_is: boolean): void => undefined;
  const { store, state } = losable(memoryStore());
  const inner = rows.outbox();
  // As after an earlier life: then it looks once before it begins.
  await inner.register();
  const outbox: Outbox = {
    ...inner,
    relay: async (apply) => {
      looks += 1;
      const relayed = await inner.relay(apply);
      aheadMs += takesMs;
      meanwhile();
      return { ...relayed, done: relayed.done.map((row) => ({ ...row, waitedMs })) };
    },
    listen: (onRows, onListening) => {
      tell = onRows;
      say = (is) => onListening?.(is);
      say(isListening);
      return () => Promise.resolve();
    },
  };
  const { cache, logged } = testCache({
    store,
    outbox,
    relay: relaying,
    typeDefs,
    resolvers: { Query: { shelf: () => [1] } },
    random: () => 0.5,
    clock: {
      ...systemClock,
      nowMs: () => Date.now() + aheadMs,
    },
  });
  atEnd(() => cache.close());
  await cache.start();
  const moment = async (ms = A_MOMENT_MS): Promise<number> => {
    const before = looks;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return looks - before;
  };
  const looksSoon = async (): Promise<void> => {
    const before = looks;
    const looked = (): void => expect(looks).toBeGreaterThan(before);
    expectTime(await tookMs(() => vi.waitFor(looked, WAITING))).toBeLessThan(SOON_MS);
  };
  return {
    rows,
    loseStore: (is: boolean) => (state.isAway = is),
    logged,
    /** How often it looks in this time. */
    moment,
    /** Resolves after a look that began since. */
    looksSoon,
    /** So long does a look take from now on, and this happens during it. */
    looksTake: (ms: number, during = (): void => undefined): void =>
      void ([takesMs, meanwhile] = [ms, during]),
    tell: () => tell(),
    say: (is: boolean) => say(is),
    pass: (ms: number) => (aheadMs += ms),
    /** A row is committed that no message tells of, and found only after this long. */
    commitUntold: (ms: number) => {
      waitedMs = ms;
      rows.commit(['Shelf'], false);
    },
  };
}

/** `expect.poll` knows no test of those that run beside each other. */
function nothingWaits(rows: MemoryOutboxRows): Promise<void> {
  return vi.waitFor(() => expect(rows.undone).toEqual([]), WAITING);
}

// They mostly wait.
describe.concurrent('a relay whose outbox listens', () => {
  it('looks by itself every three seconds, and every 250 ms where it does not listen', async ({
    onTestFinished,
  }) => {
    const { moment, pass, say, looksSoon } = await listening(true, onTestFinished);
    expect(await moment()).toBe(0);
    pass(QUIET_POLL_MS);
    await looksSoon();
    expect(await moment()).toBe(0);
    say(false);
    await looksSoon();
  });

  it('looks as often as where it does not, once it found what no message told of, until one comes', async ({
    onTestFinished,
  }) => {
    const { moment, pass, commitUntold, tell, rows, looksSoon } = await listening(true, onTestFinished);
    commitUntold(2000);
    pass(QUIET_POLL_MS);
    await nothingWaits(rows);
    await looksSoon();
    tell();
    await looksSoon();
    expect(await moment()).toBe(0);
  });

  it('does not do so for what it found before a message could come', async ({ onTestFinished }) => {
    const { moment, pass, commitUntold, rows } = await listening(true, onTestFinished);
    commitUntold(20);
    pass(QUIET_POLL_MS);
    await nothingWaits(rows);
    expect(await moment()).toBe(0);
  });

  it('looks soon again after it found what another process has in its hands', async ({ onTestFinished }) => {
    const { rows, moment, pass, commitUntold, looksSoon } = await listening(true, onTestFinished);
    commitUntold(20);
    const taken = rows.takeAway();
    pass(QUIET_POLL_MS);
    await looksSoon();
    await looksSoon();
    taken.end(false);
    const doneMs = await tookMs(() => nothingWaits(rows));
    expect(await moment()).toBe(0);
    expectTime(doneMs).toBeLessThan(400);
  });

  it('looks soon again after a look that failed', async ({ onTestFinished }) => {
    const { rows, moment, pass, looksSoon } = await listening(true, onTestFinished);
    rows.answers(false);
    pass(QUIET_POLL_MS);
    await looksSoon();
    rows.answers(true);
    await looksSoon();
    expect(await moment()).toBe(0);
  });

  it('looks at once when it is told, and a moment later for all messages that follow soon', async ({
    onTestFinished,
  }) => {
    const { moment, tell, looksSoon } = await listening(true, onTestFinished);
    const asked = looksSoon();
    tell();
    await asked;
    for (let messages = 0; messages < 5; messages += 1) tell();
    expect(await moment(0)).toBe(0);
    await looksSoon();
    expect(await moment()).toBe(0);
  });

  it('looks as often as it may be blind, where that is less', async ({ onTestFinished }) => {
    const { pass, looksSoon } = await listening(true, onTestFinished, { blindAfterMs: 500 });
    pass(500);
    await looksSoon();
  });

  it('looks soon again after a look that took long, so that one more does not make it blind', async ({
    onTestFinished,
  }) => {
    const { moment, pass, looksTake, looksSoon } = await listening(true, onTestFinished);
    looksTake(600);
    pass(QUIET_POLL_MS);
    await looksSoon();
    await looksSoon();
    looksTake(0);
    await looksSoon();
    expect(await moment()).toBe(0);
  });

  it('looks soon where a message came while the store was away', async ({ onTestFinished }) => {
    const { moment, loseStore, tell, looksSoon } = await listening(true, onTestFinished);
    loseStore(true);
    tell();
    expect(await moment(50)).toBe(0);
    loseStore(false);
    await looksSoon();
    expect(await moment()).toBe(0);
  });

  it('is not deaf where the message comes while it looks', async ({ onTestFinished }) => {
    const { moment, pass, commitUntold, looksTake, tell, rows } = await listening(true, onTestFinished);
    commitUntold(2000);
    looksTake(0, () => {
      looksTake(0);
      tell();
    });
    pass(QUIET_POLL_MS);
    await nothingWaits(rows);
    await moment();
    expect(await moment()).toBe(0);
  });

  it('does not count the time for which the store was away as one for which it was blind', async ({
    onTestFinished,
  }) => {
    const { rows, moment, pass, loseStore, logged, looksSoon } = await listening(true, onTestFinished);
    rows.answers(false);
    pass(QUIET_POLL_MS);
    await looksSoon();
    loseStore(true);
    pass(10_000);
    await moment();
    rows.answers(true);
    loseStore(false);
    await looksSoon();
    expect(logged.join()).not.toContain('could not be looked into');
  });
});
