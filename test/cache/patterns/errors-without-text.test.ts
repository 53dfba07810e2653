import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryJournal } from '../../../src/cache/index.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';
import { hearUnhandled } from '../../support/unhandled.js';

const typeDefs = `
  type Film { id: ID! title: String }
  type Query {
    stale(id: ID!): Film @cached(ttl: 60, swr: 600, key: "Film:{args.id}")
    plain(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}")
    slow(id: ID!): Film @cached(ttl: 60, staleIfError: 600, softTimeoutMs: 100, key: "Slow:{args.id}")
    rows(ids: [ID!]!): [Film] @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.ids}")
  }
  type Mutation { note(id: ID!): Film @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Note:{args.id}") }
`;

/** What JavaScript lets be thrown, and String() cannot make a text of. */
const textless = (): unknown => Object.assign(Object.create(null), { code: 1 });

function films(load: () => unknown, options: Partial<TestCacheOptions> = {}) {
  const tested = testCache({
    typeDefs: typeDefs,
    resolvers: {
      Query: { stale: load, plain: load, slow: load },
      Mutation: { note: (_, { id }: { id: string }) => ({ id }) },
    },
    journal: memoryJournal(),
    origins: { Row: { load: () => Promise.resolve([null]) }, Note: { flush: () => Promise.resolve() } },
    ...options,
  });
  onTestFinished(() => tested.cache.close());
  return tested;
}

/** A promise that fails as the database of somebody may. */
function failing(): Promise<never> {
  return new Promise((_resolve, reject) => void Reflect.apply(reject, undefined, [textless()]));
}

describe('an error that has no text', () => {
  it('of a refresh behind a reader is told of, and the next reader refreshes', async () => {
    const unhandled = hearUnhandled();
    let isAway = false;
    const { query, clock, logged } = films(() => (isAway ? failing() : { id: 1, title: 'Heat' }));
    await query('{ stale(id: 1) { title } }');
    isAway = true;
    clock.advance(61_000);
    expect((await query('{ stale(id: 1) { title } }')).outcomes).toEqual(['Query.stale STALE']);
    expect(await unhandled.heard()).toEqual([]);
    expect(logged).toEqual([expect.stringMatching(/^warn a refresh failed .*"an error that has no text"/)]);
  });

  it('reaches the caller as it is, also where a check of its may be within the load', async () => {
    const messages = await Promise.all(
      [undefined, () => true].map(async (authorize) => {
        const { query } = films(failing, authorize && { authorize });
        return (await query('{ plain(id: 1) { title } }')).result.errors?.[0]?.message;
      }),
    );
    expect(messages).toEqual(Array(2).fill('Unexpected error value: { code: 1 }'));
  });

  it('of a load that was slow and had no reader any more ends no process', async () => {
    const unhandled = hearUnhandled();
    let reject: ((error: unknown) => void) | undefined;
    let isSlow = false;
    const load = () =>
      isSlow ? new Promise((_resolve, refuse) => (reject = refuse)) : { id: 1, title: 'Heat' };
    const { query, clock, logged } = films(load);
    await query('{ slow(id: 1) { title } }');
    isSlow = true;
    clock.advance(61_000);
    const reading = query('{ slow(id: 1) { title } }');
    await expect.poll(() => reject).toBeDefined();
    clock.advance(101);
    expect((await reading).outcomes).toEqual(['Query.slow STALE']);
    reject?.(textless());
    expect(await unhandled.heard()).toEqual([]);
    expect(logged).toEqual([expect.stringMatching(/^warn a slow load failed .*"an error that has no text"/)]);
  });

  it('of an origin is the error of its element', async () => {
    const { query } = films(() => null, {
      origins: { Row: { load: failing }, Note: { flush: () => Promise.resolve() } },
    });
    const { result } = await query('{ rows(ids: [1, 2]) { id } }');
    expect(result.errors?.map(({ message }) => message)).toEqual(Array(2).fill('an error that has no text'));
  });

  it('of a flush is that of the dead letter', async () => {
    const flush = { flush: failing, isPermanent: () => true };
    const clock = films(() => null).clock;
    const { cache, query } = films(() => null, {
      ...{ clock, journal: memoryJournal({ clock }) },
      origins: { Row: { load: () => Promise.resolve([null]) }, Note: flush },
    });
    await cache.start();
    await query('mutation { note(id: 1) { id } }');
    clock.advance(1000);
    await expect
      .poll(async () => (await cache.writes.deadLetters()).map(({ key, error }) => [key, error]))
      .toEqual([['Note:1', 'an error that has no text']]);
  });
});

describe('an error that is its own cause', () => {
  it('reaches the caller as it is', async () => {
    const { query, logged } = films(() => {
      const error = new Error('the database is away');
      error.cause = error;
      return Promise.reject(error);
    });
    const { result } = await query('{ plain(id: 1) { title } }');
    expect(result.errors?.[0]?.message).toBe('the database is away');
    expect(logged).toEqual([]);
  });
});

describe('a log that fails', () => {
  it('ends no process where it is told of a refresh', async () => {
    const unhandled = hearUnhandled();
    let isAway = false;
    const broken = () => {
      throw new Error('the log is full');
    };
    const { query, clock } = films(
      () => (isAway ? Promise.reject(new Error('away')) : { id: 1, title: 'Heat' }),
      { log: { warn: broken, error: broken } },
    );
    await query('{ stale(id: 1) { title } }');
    isAway = true;
    clock.advance(61_000);
    expect((await query('{ stale(id: 1) { title } }')).outcomes).toEqual(['Query.stale STALE']);
    expect(await unhandled.heard()).toEqual([]);
  });
});
