import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore, type Store } from '../../src/cache/index.js';
import { createGate } from '../support/gate.js';
import { withBlindFill, withBlindHits } from '../support/stores/planted-stores.js';
import { testCache } from '../support/test-cache.js';

const typeDefs = `
  type Row { id: ID! version: Int! }
  type Query {
    through(id: ID!): Row @cached(ttl: 3600, pattern: READ_THROUGH, key: "Row:{args.id}")
    aside(id: ID!): Row @cached(ttl: 3600, key: "Aside:{args.id}", tags: ["Row:{args.id}"])
    local(id: ID!): Row @cached(ttl: 3600, local: 3600, key: "Local:{args.id}", tags: ["Row:{args.id}"])
  }
  type Mutation { write(id: ID!): Row! @invalidates(tags: ["Row:{args.id}"]) }
`;

const FIELDS = ['through', 'aside', 'local'] as const;
type Field = (typeof FIELDS)[number];

/** A database of one versioned row, whose reads take a snapshot first and answer when `pause` lets them. */
function rowCache(store: Store) {
  let version = 1;
  let pause: () => Promise<void> = () => Promise.resolve();
  const readRow = async (id: string): Promise<unknown> => {
    const snapshot = { id, version };
    await pause();
    return snapshot;
  };
  const tested = testCache({
    typeDefs,
    store,
    resolvers: {
      Query: {
        aside: (_, { id }: { id: string }) => readRow(id),
        local: (_, { id }: { id: string }) => readRow(id),
      },
      Mutation: { write: (_, { id }: { id: string }) => ({ id, version: (version += 1) }) },
    },
    origins: { Row: { load: (ids) => Promise.all(ids.map(readRow)) } },
  });
  const read = async (field: Field): Promise<number> => {
    const { data } = await tested.query(`{ row: ${field}(id: 1) { version } }`);
    return (data as { row: { version: number } }).row.version;
  };
  return {
    read,
    write: async (): Promise<number> => {
      const { data } = await tested.query('mutation { write(id: 1) { version } }');
      return (data as { write: { version: number } }).write.version;
    },
    setPause: (next: typeof pause) => (pause = next),
  };
}

/** A slow load is in flight while a write is acknowledged; the answer is what is read afterwards. */
async function raced(field: Field, store: Store): Promise<{ during: number; after: number; later: number }> {
  const { read, write, setPause } = rowCache(store);
  const gate = createGate();
  setPause(() => gate.wait());
  const slow = read(field);
  await gate.arrived();
  await write();
  setPause(() => Promise.resolve());
  const during = await read(field);
  gate.open();
  await slow;
  return { during, after: await read(field), later: await read(field) };
}

describe('a write acknowledged while a slow load is in flight', () => {
  it.each(FIELDS)('is never followed by the old value: %s', async (field) => {
    expect(await raced(field, memoryStore())).toEqual({ during: 2, after: 2, later: 2 });
  });

  it('would be, by the own key, if fills did not compare generations', async () => {
    expect(await raced('through', withBlindFill(memoryStore()))).toMatchObject({ after: 1, later: 1 });
  });

  it.each(['aside', 'local'] as const)(
    'would be, by a tag, if hits did not compare generations: %s',
    async (field) => {
      expect(await raced(field, withBlindHits(memoryStore()))).toMatchObject({ after: 1, later: 1 });
    },
  );
});

/** A store as if it were far away: the schedule decides when an operation arrives, and when its answer does. */
interface ScheduledStore extends Store {
  /** From now on nothing waits. */
  settle(): void;
}

function scheduledStore(store: Store, scheduler: fc.Scheduler): ScheduledStore {
  let settled = false;
  const travel = (): Promise<void> => (settled ? Promise.resolve() : scheduler.schedule(Promise.resolve()));
  const far =
    <Batch, Answer>(operation: (batch: Batch) => Answer | Promise<Answer>) =>
    async (batch: Batch): Promise<Answer> => {
      await travel();
      const answer = await operation(batch);
      await travel();
      return answer;
    };
  return {
    name: 'far',
    isLocal: false,
    read: far(store.read),
    acquire: far(store.acquire),
    fill: far(store.fill),
    release: far(store.release),
    renew: far(store.renew),
    intend: far(store.intend),
    put: far(store.put),
    invalidate: far(store.invalidate),
    forget: store.forget,
    close: store.close,
    settle: () => {
      settled = true;
    },
  };
}

/** What one schedule of reads and writes did: reads that returned less than was acknowledged when they began. */
async function staleReads(
  scheduler: fc.Scheduler,
  store: ScheduledStore,
  actors: readonly (readonly (Field | 'write')[])[],
): Promise<number> {
  const { read, write, setPause } = rowCache(store);
  setPause(() => scheduler.schedule(Promise.resolve()));
  let acknowledged = 1;
  let stale = 0;
  const step = async (what: Field | 'write'): Promise<void> => {
    await scheduler.schedule(Promise.resolve());
    if (what === 'write') {
      acknowledged = Math.max(acknowledged, await write());
      return;
    }
    const atLeast = acknowledged;
    if ((await read(what)) < atLeast) stale += 1;
  };
  const act = async (script: readonly (Field | 'write')[]): Promise<void> => {
    for (const what of script) await step(what);
  };
  await scheduler.waitFor(Promise.all(actors.map(act)));
  setPause(() => Promise.resolve());
  store.settle();
  for (const field of FIELDS) if ((await read(field)) < acknowledged) stale += 1;
  return stale;
}

describe('any interleaving of reads and writes', () => {
  const step = fc.constantFrom<Field | 'write'>(...FIELDS, 'write');
  const scripts = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 4 });
  const property = (makeStore: () => Store) =>
    fc.asyncProperty(fc.scheduler(), scripts, async (scheduler, actors) => {
      expect(await staleReads(scheduler, scheduledStore(makeStore(), scheduler), actors)).toBe(0);
    });

  it('never shows a reader less than was acknowledged before it began', async () => {
    await fc.assert(property(memoryStore), { numRuns: 200 });
  });

  it.each([
    ['fills', withBlindFill],
    ['hits', withBlindHits],
  ])('would, if %s did not compare generations', async (_what, plant) => {
    const result = await fc.check(
      property(() => plant(memoryStore())),
      { numRuns: 1000, endOnFailure: true },
    );
    expect(result.failed).toBe(true);
  });
});
