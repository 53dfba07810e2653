import { expect, onTestFinished } from 'vitest';
import { memoryJournal, memoryStore, type CacheOptions, type Journal } from '../../../src/cache/index.js';
import type { FlushedWrite } from '../../../src/cache/types/index.js';
import { manualClock } from '../manual-clock.js';
import { testCache, type TestCache, type TestContext } from '../test-cache.js';

export interface PlaceRow {
  readonly seconds: number;
  readonly seq: number;
}

const typeDefs = `
  type Place { id: ID! seconds: Int! }
  type Query {
    aside(id: ID!): Place @cached(ttl: 60, key: "Place:{args.id}")
    through(id: ID!): Place @cached(ttl: 60, pattern: READ_THROUGH, key: "Place:{args.id}")
  }
  type Mutation {
    note(id: ID!, seconds: Int!): Place @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
  }
`;

export const PLACE_FIELDS = ['aside', 'through'] as const;
export type PlaceField = (typeof PLACE_FIELDS)[number];

/** A table of places, whose writes are ordered by their numbers. */
export function placeTable() {
  const rows = new Map<string, PlaceRow>();
  const faults: { flush?: Error | Promise<void> | undefined } = {};
  let loads = 0;
  const load = (id: string) => {
    loads += 1;
    const row = rows.get(id);
    return row === undefined ? null : { id, seconds: row.seconds };
  };
  const flush = (writes: readonly FlushedWrite[]): Promise<void> => {
    if (faults.flush instanceof Error) return Promise.reject(faults.flush);
    if (faults.flush !== undefined) return faults.flush;
    for (const { key, seq, state } of writes) {
      const id = key.split(':')[1] ?? '';
      if ((rows.get(id)?.seq ?? 0) < seq) rows.set(id, { seconds: (state as PlaceRow).seconds, seq });
    }
    return Promise.resolve();
  };
  return { rows, faults, load, flush, loads: () => loads };
}

export type PlaceTable = ReturnType<typeof placeTable>;

export interface PlacesOptions extends Partial<CacheOptions<TestContext>> {
  readonly table?: PlaceTable;
  /** The directive of a field, `other`, that has nothing to do with places. */
  readonly other?: string;
}

/** A cache over a table of places that are written behind, and what to ask it. */
export async function places({ table = placeTable(), other, ...options }: PlacesOptions = {}) {
  const clock = options.clock ?? manualClock();
  const tested: TestCache = testCache({
    typeDefs: other === undefined ? typeDefs : `${typeDefs} extend type Query { other: Int ${other} }`,
    resolvers: {
      Query: {
        aside: (_, { id }: { id: string }) => table.load(id),
        ...(other !== undefined && { other: () => null }),
      },
      Mutation: { note: (_, place: { id: string; seconds: number }) => ({ ...place }) },
    },
    clock,
    store: memoryStore({ clock }),
    journal: memoryJournal({ clock }),
    origins: {
      Place: {
        load: (ids) => Promise.resolve(ids.map(table.load)),
        flush: table.flush,
        isPermanent: (error) => String(error).includes('refused'),
      },
    },
    ...options,
  });
  await tested.cache.start();
  onTestFinished(async () => {
    table.faults.flush = undefined;
    await tested.cache.close();
  });
  const note = (id: number, seconds: number) =>
    tested.query(`mutation { note(id: ${id}, seconds: ${seconds}) { seconds } }`);
  const read = async (
    field: PlaceField,
    id: number,
  ): Promise<readonly [number | null, string | undefined]> => {
    const { data, outcomes } = await tested.query(`{ it: ${field}(id: ${id}) { seconds } }`);
    return [(data as { it: { seconds: number } | null }).it?.seconds ?? null, outcomes[0]?.split(' ')[1]];
  };
  /** Resolves once the journal has nothing left. */
  const isFlushed = () =>
    expect.poll(async () => (await tested.cache.writes.journal()).size?.pending, { interval: 2 }).toBe(0);
  return { ...tested, table, note, read, isFlushed };
}

/** A journal that a test takes away from one process and gives back. */
export function awayAndBack(inner: Journal): { journal: Journal; isAway: boolean } {
  const door = { isAway: false, journal: inner };
  const unlessAway =
    <Args extends unknown[], Answer>(ask: (...args: Args) => Answer) =>
    (...args: Args): Answer => {
      if (door.isAway) throw new Error('the journal is away');
      return ask(...args);
    };
  door.journal = {
    ...inner,
    isAway: () => door.isAway,
    mayAccept: () => !door.isAway,
    accept: unlessAway(inner.accept),
    pending: unlessAway(inner.pending),
    supersede: unlessAway(inner.supersede),
    claim: unlessAway(inner.claim),
    settle: unlessAway(inner.settle),
  };
  return door;
}
