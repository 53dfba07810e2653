import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type Clock, type Outbox } from '../../../src/cache/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { memoryOutbox } from '../../../src/cache/testing/index.js';
import { testCache } from '../../support/test-cache.js';
import { expectTime } from '../../support/run/expect-time.js';

const typeDefs = `
  type Query { shelf: [Int] @cached(ttl: 60, tags: ["Shelf"]) }
  type Mutation { write: Boolean @invalidates(tags: ["Shelf"]) }
`;
const SPEED = 10;

/** A clock on which ten seconds pass in one. */
function fastClock(): Clock {
  const startMs = performance.now();
  return {
    nowMs: () => 1_750_000_000_000 + (performance.now() - startMs) * SPEED,
    sleep: (ms) => systemClock.sleep(ms / SPEED),
    after: (ms, callback) => systemClock.after(ms / SPEED, callback),
  };
}

/** A write over a database that answers each look only after so long, by that clock, or whose rows another relay holds. */
async function written({ looksTakeMs = 0, storeIsAway = false, isHeldElsewhere = false }) {
  const rows = memoryOutbox();
  const clock = fastClock();
  const inner = rows.outbox();
  let [takesMs, isAway, seen] = [0, false, {}];
  const outbox: Outbox = {
    ...inner,
    relay: async (apply) => {
      await clock.sleep(takesMs);
      return inner.relay(apply);
    },
  };
  const memory = memoryStore({ clock });
  const { cache, query } = testCache({
    typeDefs,
    outbox,
    clock,
    store: {
      ...memory,
      isAway: () => isAway,
      invalidate: (tags, versions) => {
        if (isAway) throw new Error('the store is away');
        return memory.invalidate(tags, versions);
      },
    },
    resolvers: {
      Query: { shelf: () => [1] },
      Mutation: {
        write: (_, _args, context) => {
          seen = context;
          return true;
        },
      },
    },
  });
  onTestFinished(() => cache.close());
  await cache.start();
  [takesMs, isAway] = [looksTakeMs, storeIsAway];
  if (isHeldElsewhere) {
    rows.commit(['Shelf'], false);
    rows.takeAway();
  }
  const startedAtMs = clock.nowMs();
  await query('mutation { write }');
  return {
    tookMs: clock.nowMs() - startedAtMs,
    consistency: cache.writes.consistencyOf(seen),
    because: cache.writes.boundedBy(seen),
    bounded: cache.stats.counters()['Mutation.write']?.boundedWrites,
  };
}

describe('a write whose rows may not be relayed yet', () => {
  it('waits for a database that is slow, as it answers in the end', async () => {
    expect(await written({ looksTakeMs: 1500 })).toMatchObject({
      consistency: 'strict',
      because: undefined,
      bounded: 0,
    });
  });

  it('is bounded by the database where that says nothing for three seconds', async () => {
    const { tookMs, ...said } = await written({ looksTakeMs: 4_000 });
    expect(said).toEqual({ consistency: 'bounded', because: 'database', bounded: 1 });
    expect(tookMs).toBeGreaterThanOrEqual(2900);
  });

  it('is bounded by it as well where another relay has them in its hands for so long', async () => {
    const { tookMs, ...said } = await written({ isHeldElsewhere: true });
    expect(said).toEqual({ consistency: 'bounded', because: 'database', bounded: 1 });
    expect(tookMs).toBeGreaterThanOrEqual(2900);
  });

  it('is bounded by the store where that is away, and does not wait for it', async () => {
    const { tookMs, ...said } = await written({ storeIsAway: true });
    expect(said).toEqual({ consistency: 'bounded', because: 'store', bounded: 1 });
    expectTime(tookMs).toBeLessThan(2500);
  });
});
