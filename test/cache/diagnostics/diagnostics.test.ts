import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  channels,
  onEnd,
  onMessage,
  onStart,
  type LoadMessage,
  type ReadMessage,
  type StoreMessage,
} from '../../../src/cache/diagnostics/index.js';
import { memoryJournal, memoryStore } from '../../../src/cache/index.js';
import { memoryOutbox } from '../../../src/cache/testing/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { createGate } from '../../support/gate.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';
import { flushed } from '../../support/worlds/flushed.js';

const typeDefs = `
  type Film { id: ID! title: String }
  type Query {
    film(id: ID!): Film @cached(ttl: 10, swr: 10)
    mine(id: ID!): String @cached(ttl: 10, scope: PRIVATE)
    shelf(id: ID!): [Film] @cached(ttl: 10, key: "Shelf:{args.id}", vary: ["tenant"])
    row(id: ID!): Film @cached(ttl: 10, pattern: READ_THROUGH, key: "Row:{args.id}")
    rows(ids: [ID!]!): [Film] @cached(ttl: 10, pattern: READ_THROUGH, key: "Row:{args.ids}")
    noted(id: ID!): Film @cached(ttl: 10, pattern: READ_THROUGH, key: "Note:{args.id}")
    large: String @cached(ttl: 10, maxBytes: 10)
  }
  type Mutation {
    rename(id: ID!): Boolean @invalidates(tags: ["Row:{args.id}", "Shelf:{args.id}"])
    note(id: ID!): Film @cached(ttl: 10, pattern: WRITE_BEHIND, key: "Note:{args.id}")
  }
`;

/** A cache whose loads a test may hold up, and all that is told of it. */
function told(options: Partial<TestCacheOptions> = {}) {
  let load = (id: unknown): unknown => ({ id, title: `film ${String(id)}` });
  const resolve = (_: unknown, { id }: Record<string, unknown>): unknown => load(id);
  const tested = testCache({
    typeDefs,
    journal: memoryJournal(),
    vary: { tenant: (context) => context.tenant },
    resolvers: {
      Query: {
        film: resolve,
        mine: (_, { id }) => `note ${String(id)}`,
        shelf: () => [],
        large: () => 'x'.repeat(100),
      },
      Mutation: { rename: () => true, note: (_, { id }) => ({ id, title: 'noted' }) },
    },
    origins: {
      Row: { load: async (ids) => Promise.all(ids.map(load)) },
      Note: { load: (ids) => Promise.resolve(ids.map(() => null)), flush: () => Promise.resolve() },
    },
    ...options,
  });
  onTestFinished(() => tested.cache.close());
  const reads: ReadMessage[] = [];
  const loads: LoadMessage[] = [];
  const stored: StoreMessage[] = [];
  const stops = [
    onEnd(channels.read, (message) => reads.push(message)),
    onEnd(channels.load, (message) => loads.push(message)),
    onMessage(channels.store, (message) => stored.push(message)),
  ];
  const stop = (): void => stops.forEach((end) => end());
  onTestFinished(stop);
  /** What became of the entries of all reads so far, by read. */
  const outcomes = (): string[] =>
    reads.map(
      ({ coordinate, entries }) => `${coordinate} ${entries.map(({ outcome }) => outcome).join(' ')}`,
    );
  return { ...tested, reads, loads, stored, stop, outcomes, setLoad: (next: typeof load) => (load = next) };
}

describe('the channels of a cache', () => {
  it('tell of each read and what became of it, of its load and of what was stored', async () => {
    const { query, reads, loads, stored, outcomes } = told();
    await query('{ film(id: 1) { title } }');
    await query('{ film(id: 1) { title } }');
    expect(outcomes()).toEqual(['Query.film MISS', 'Query.film HIT']);
    expect(reads[0]).toMatchObject({ pattern: 'CACHE_ASIDE', isAsync: true });
    expect(reads[0]?.entries[0]).toMatchObject({ tier: 'origin', key: 'Query.film(id:"1")', load: loads[0] });
    expect(reads[1]?.isAsync, 'a hit is answered at once').toBeUndefined();
    expect(reads[1]?.entries[0]).toMatchObject({ tier: 'memory', ageMs: 0 });
    expect(loads).toMatchObject([{ coordinates: ['Query.film'], entries: 1, cause: 'read' }]);
    expect(stored).toMatchObject([{ coordinate: 'Query.film', outcome: 'stored', isWrite: false }]);
    expect(stored[0]?.bytes).toBeGreaterThan(20);
  });

  it('tell of one call of an origin for many entries, and of each of them', async () => {
    const { query, loads, outcomes } = told();
    await query('{ row(id: 1) { id } }');
    await query('{ rows(ids: [1, 2, 3]) { id } other: row(id: 4) { id } }');
    expect(outcomes()).toEqual(['Query.row MISS', 'Query.row MISS', 'Query.rows HIT MISS MISS']);
    await query('{ rows(ids: [1, 2]) { id } }');
    expect(outcomes().at(-1)).toBe('Query.rows HIT HIT');
    expect(loads.map(({ coordinates, entries }) => [coordinates, entries])).toEqual([
      [['Query.row'], 1],
      [['Query.rows', 'Query.row'], 3],
    ]);
  });

  it('tell the one who joins a load which one it was', async () => {
    const { query, loads, reads, setLoad, outcomes } = told();
    const gate = createGate();
    setLoad(async (id) => {
      await gate.wait();
      return { id };
    });
    const both = Promise.all([query('{ film(id: 1) { id } }'), query('{ film(id: 1) { id } }')]);
    await gate.arrived();
    gate.open();
    await both;
    expect(outcomes().sort()).toEqual(['Query.film JOINED', 'Query.film MISS']);
    expect(loads).toHaveLength(1);
    expect(reads.map(({ entries }) => entries[0]?.load)).toEqual([loads[0], loads[0]]);
  });

  it('tell of a refresh behind a stale answer as such', async () => {
    const { query, loads, clock, outcomes } = told();
    await query('{ film(id: 1) { id } }');
    clock.advance(12_000);
    await query('{ film(id: 1) { id } }');
    await expect.poll(() => loads.map(({ cause }) => cause)).toEqual(['read', 'refresh']);
    expect(outcomes()).toEqual(['Query.film MISS', 'Query.film STALE']);
  });

  it('tell of what failed, to readers and of the load', async () => {
    const { query, reads, loads, setLoad } = told();
    const failure = new Error('no film');
    setLoad(() => {
      throw failure;
    });
    await query('{ film(id: 1) { id } }');
    expect(reads[0]?.error).toBe(failure);
    expect(loads[0]?.error).toBe(failure);
    expect(reads[0]?.entries).toEqual([]);
  });

  it('tell no key of a PRIVATE field or of cache.fetch, and no value that entries vary by', async () => {
    const { cache, query, reads, loads, stored } = told();
    await query('{ mine(id: "diary") }', { viewer: { id: 'agnes-7' } });
    await query('{ mine(id: "diary") }', { viewer: { id: 'agnes-7' } });
    await query('{ shelf(id: 1) { id } }', { tenant: 'secret-co' });
    await cache.fetch('Report:agnes-7', { ttl: 10, tags: ['Viewer:agnes-7'] }, () => 1);
    await cache.invalidate(['Viewer:agnes-7']);
    const all = JSON.stringify([reads, loads, stored]);
    expect(reads.map(({ coordinate }) => coordinate)).toEqual([
      'Query.mine',
      'Query.mine',
      'Query.shelf',
      'cache.fetch Report',
    ]);
    expect(all).not.toContain('agnes-7');
    expect(all).not.toContain('diary');
    expect(all).not.toContain('secret-co');
    expect(reads[2]?.entries[0]?.key).toContain('|tenant=#');
  });

  it('tell why an entry was not stored', async () => {
    const { query, stored } = told();
    await query('{ large }');
    expect(stored).toEqual([{ coordinate: 'Query.large', outcome: 'too-large', isWrite: false }]);
  });

  it('tell of the invalidation that a write means', async () => {
    const { query } = told();
    const invalidations: object[] = [];
    onTestFinished(onEnd(channels.invalidate, (message) => invalidations.push(message)));
    await query('mutation { rename(id: 1) }');
    expect(invalidations).toMatchObject([
      { coordinate: 'Mutation.rename', tags: 2, namespaces: ['Row', 'Shelf'], isApplied: true },
    ]);
  });

  it('tell of writes that are flushed, and of rows that are relayed', async () => {
    const rows = memoryOutbox();
    const { cache, query } = told({ outbox: rows.outbox(), clock: systemClock, store: memoryStore() });
    const flushes: object[] = [];
    const relayed: object[] = [];
    onTestFinished(onEnd(channels.flush, (message) => flushes.push(message)));
    onTestFinished(onEnd(channels.relay, (message) => relayed.push(message)));
    await cache.start();
    await query('mutation { note(id: 1) { id } }');
    await flushed(cache);
    rows.commit(['Row:1', 'Row:2', 'Shelf:1']);
    await expect.poll(() => rows.undone).toEqual([]);
    expect(flushes).toMatchObject([{ namespace: 'Note', writes: 1, isBehind: true, isAsync: true }]);
    expect(relayed).toMatchObject([{ rows: 1, tags: 3, namespaces: ['Row', 'Shelf'], waitedMs: 1 }]);
  });

  it('run the work of a read in the context that a subscriber puts around it, loads included', async () => {
    const [bound, around] = [new AsyncLocalStorage<string>(), new AsyncLocalStorage<string>()];
    const seen: (string | undefined)[] = [];
    const { query, setLoad } = told();
    channels.read.start.bindStore(bound, ({ coordinate }) => coordinate);
    onTestFinished(() => void channels.read.start.unbindStore(bound));
    onTestFinished(
      onStart(channels.read, (message) => {
        message.around = (work) => around.run('around', work);
      }),
    );
    setLoad(() => {
      seen.push(bound.getStore(), around.getStore());
      return null;
    });
    await query('{ row(id: 1) { id } }');
    expect(seen).toEqual(['Query.row', 'around']);
  });

  it('have nothing to tell without a subscriber, and cost readers no promise with one', async () => {
    const { query, reads, stop } = told();
    await query('{ film(id: 1) { id } }');
    stop();
    await query('{ film(id: 1) { id } }');
    expect(reads).toHaveLength(1);
    for (const channel of [channels.read, channels.load, channels.invalidate, channels.relay, channels.flush])
      expect(channel.hasSubscribers).toBe(false);
  });
});
