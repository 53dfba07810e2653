import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type CacheOptions } from '../../../src/cache/index.js';
import { authorized } from '../../../src/cache/patterns/authorize.js';
import { createFieldCounters } from '../../../src/cache/metrics/field-counters.js';
import { Traces } from '../../../src/cache/metrics/trace.js';
import { manualClock } from '../../support/manual-clock.js';
import { createGate, type Gate } from '../../support/gate.js';
import { testCache, type TestCache, type TestContext } from '../../support/test-cache.js';

const ANN = { viewer: { id: 'ann' } };
const BEN = { viewer: { id: 'ben' } };
const SLY = { viewer: { id: 'sly' } };

type Authorize = NonNullable<CacheOptions<TestContext>['authorize']>;

const TIMES = { swrMs: 0, staleIfErrorMs: 0, softTimeoutMs: undefined };

const viewerOf = ({ viewer = { id: 'guest' } }: TestContext): { id: string } => viewer;

/** Lets every reader in but Sly. */
const notSly: Authorize = (_coordinate, _parent, _args, { viewer }) => viewer?.id !== 'sly';

const typeDefs = `
  type Film { id: ID! notes: String @cached(ttl: 60) }
  type Place { id: ID! seconds: Int! }
  type Query {
    plain: String @cached(ttl: 10)
    swift: String @cached(ttl: 10, swr: 60)
    steady: String @cached(ttl: 10, staleIfError: 60)
    mine: String @cached(ttl: 10, scope: PRIVATE)
    films: [Film!]! @cached(ttl: 60)
    row(id: ID!): Film @cached(ttl: 10, pattern: READ_THROUGH, key: "Film:{args.id}")
    rows(ids: [ID!]!): [Film] @cached(ttl: 10, pattern: READ_THROUGH, key: "Film:{args.ids}")
    own(id: ID!): Film @cached(ttl: 10, pattern: READ_THROUGH, key: "Film:{args.id}")
    place(id: ID!): Place @cached(ttl: 60, key: "Place:{args.id}")
    through(id: ID!): Place @cached(ttl: 60, pattern: READ_THROUGH, key: "Place:{args.id}")
    warm: String @cached(ttl: 60, pattern: PREFETCH)
  }
  type Mutation { note(id: ID!): Place @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}") }
`;

interface GuardedOptions extends Partial<CacheOptions<TestContext>> {
  /** Whom the check inside of the resolvers refuses. */
  readonly refused?: readonly string[];
  readonly gate?: Gate;
  readonly fails?: () => boolean;
  readonly isAuthorized?: boolean;
  /** False where the check reads the viewer within the load. */
  readonly asCheck?: boolean;
}

/** A cache over fields whose check lies inside of their resolvers. */
function guarded({
  refused = ['sly'],
  gate,
  fails = () => false,
  isAuthorized = true,
  asCheck = true,
  ...options
}: GuardedOptions = {}) {
  const loads: string[] = [];
  const asked: unknown[][] = [];
  const load = async (name: string, context: TestContext): Promise<string> => {
    const { id = 'guest' } = asCheck ? tested.cache.asCheck(() => viewerOf(context)) : viewerOf(context);
    loads.push(`${name} ${id}`);
    if (id === 'ben' || id === 'ann') await gate?.wait();
    if (refused.includes(id)) throw new Error(`${name} is not for ${id}`);
    if (fails()) throw new Error('the database is away');
    return `${name} ${loads.length}`;
  };
  const film = (id: string) => ({ id });
  const placeOf = async (context: TestContext) => {
    await load('place', context);
    return { id: '1', seconds: 5 };
  };
  const authorize: Authorize = (...call) => {
    asked.push(call.slice(0, 3));
    return notSly(...call);
  };
  const tested: TestCache = testCache({
    typeDefs,
    resolvers: {
      Query: {
        plain: (_, __, context) => load('plain', context),
        swift: (_, __, context) => load('swift', context),
        steady: (_, __, context) => load('steady', context),
        mine: (_, __, context) => load('mine', context),
        warm: (_, __, context) => load('warm', context),
        films: () => ['1', '2'].map(film),
        own: async (_, { id }: { id: string }, context) => ({ id, notes: await load('own', context) }),
        place: (_, __, context) => placeOf(context),
      },
      Film: { notes: (_, __, context) => load('notes', context) },
      Mutation: { note: () => ({ id: '1', seconds: 10 }) },
    },
    origins: {
      Film: { load: (ids) => Promise.resolve(ids.map(film)) },
      Place: {
        load: (ids) => Promise.resolve(ids.map((id) => ({ id, seconds: 5 }))),
        flush: () => new Promise(() => undefined),
      },
    },
    ...(isAuthorized && { authorize }),
    ...options,
  });
  return { ...tested, loads, asked };
}

type Guarded = ReturnType<typeof guarded>;

/** What Sly is told, and that it came from a call of the field's own resolver for Sly alone. */
async function expectRefused({ query, loads, cache }: Guarded, source: string, name: string): Promise<void> {
  const before = loads.length;
  const bypassed = cache.stats.counters()[`Query.${name}`]?.bypassed ?? 0;
  const { result, evidence } = await query(source, SLY);
  expect(result.errors?.map(({ message }) => message)).toEqual([`${name} is not for sly`]);
  expect(loads.slice(before)).toEqual([`${name} sly`]);
  expect(evidence.fields).toMatchObject([{ outcome: 'BYPASS', reason: 'authorize said no' }]);
  expect(evidence.summary).toMatchObject({ loads: 1, storeRoundTrips: 0 });
  expect(cache.stats.counters()[`Query.${name}`]?.bypassed).toBe(bypassed + 1);
}

describe('a reader whom authorize refuses', () => {
  it('gets no hit', async () => {
    const world = guarded();
    await world.query('{ plain }', ANN);
    await expectRefused(world, '{ plain }', 'plain');
    expect((await world.query('{ plain }', BEN)).outcomes).toEqual(['Query.plain HIT']);
  });

  it('gets no stale value, and begins no refresh', async () => {
    const world = guarded();
    await world.query('{ swift }', ANN);
    world.clock.advance(20_000);
    await expectRefused(world, '{ swift }', 'swift');
    expect((await world.query('{ swift }', BEN)).outcomes).toEqual(['Query.swift STALE']);
  });

  it('gets no stale value when the load fails', async () => {
    let fails = false;
    const world = guarded({ fails: () => fails });
    await world.query('{ steady }', ANN);
    world.clock.advance(20_000);
    fails = true;
    await expectRefused(world, '{ steady }', 'steady');
    expect((await world.query('{ steady }', BEN)).outcomes).toEqual(['Query.steady STALE_ON_ERROR']);
  });

  it('joins no load, and leads none', async () => {
    const gate = createGate();
    const world = guarded({ gate });
    const loading = world.query('{ plain }', ANN);
    await gate.arrived();
    await expectRefused(world, '{ plain }', 'plain');
    gate.open();
    expect((await loading).data).toEqual({ plain: 'plain 2' });
  });

  it('waits for no load of another process, and leads none of its own', async () => {
    const [gate, store] = [createGate(), memoryStore({ clock: manualClock() })];
    const one = guarded({ gate, store });
    const other = guarded({ store });
    const loading = one.query('{ plain }', ANN);
    await gate.arrived();
    await expectRefused(other, '{ plain }', 'plain');
    const waiting = other.query('{ plain }', BEN);
    gate.open();
    expect((await loading).outcomes).toEqual(['Query.plain MISS']);
    expect((await waiting).outcomes).toEqual(['Query.plain WAITED']);
    expect(other.loads).toEqual(['plain sly']);
  });

  it('fills nothing, whatever its own call returns', async () => {
    const world = guarded({ refused: [] });
    expect((await world.query('{ plain }', SLY)).data).toEqual({ plain: 'plain 1' });
    expect((await world.query('{ plain }', ANN)).outcomes).toEqual(['Query.plain MISS']);
    expect((await world.query('{ plain }', SLY)).data).toEqual({ plain: 'plain 3' });
    expect((await world.query('{ plain }', ANN)).data).toEqual({ plain: 'plain 2' });
  });

  it('is told what the resolver says of its viewer, which the loads of others may not look at', async () => {
    const world = guarded({ asCheck: false });
    await expectRefused(world, '{ plain }', 'plain');
    const { result } = await world.query('{ plain }', ANN);
    expect(result.errors?.[0]?.message).toContain('its load read context.viewer');
  });

  it('gets nothing of what was read ahead for the children of a list', async () => {
    const world = guarded();
    await world.query('{ films { id notes } }', ANN);
    const warm = await world.query('{ films { id notes } }', BEN);
    expect(warm.evidence.summary).toMatchObject({ hits: 3, loads: 0 });
    const { data, result, outcomes } = await world.query('{ films { id notes } }', SLY);
    // The list has no check inside, so that its own resolver answers; its children were read ahead for a reader who is refused.
    expect(data).toEqual({ films: ['1', '2'].map((id) => ({ id, notes: null })) });
    expect(result.errors?.map(({ message }) => message)).toEqual(Array(2).fill('notes is not for sly'));
    expect(outcomes).toEqual(['Query.films BYPASS', 'Film.notes BYPASS', 'Film.notes BYPASS']);
  });

  it.each(['place', 'through'])('gets no write that the database does not have yet: %s', async (name) => {
    const world = guarded({ store: memoryStore() });
    await world.cache.start();
    await world.query('mutation { note(id: 1) { id } }', ANN);
    const source = `{ it: ${name}(id: 1) { seconds } }`;
    const { data, result, outcomes } = await world.query(source, SLY);
    expect(data).toEqual({ it: null });
    expect(outcomes).toEqual([`Query.${name} BYPASS`]);
    expect(result.errors?.[0]?.message).toBe(
      name === 'place' ? 'place is not for sly' : 'Query.through is not for this viewer.',
    );
    const allowed = await world.query(source, ANN);
    expect(allowed.data).toEqual({ it: { seconds: 10 } });
    expect(allowed.outcomes).toEqual([`Query.${name} PENDING`]);
  });

  it('gets nothing that was kept warm, and is no reason to keep more warm', async () => {
    const world = guarded({ warm: { 'Query.warm': () => [{}] } });
    onTestFinished(() => world.cache.close());
    await world.cache.start();
    await world.cache.warm.ready();
    expect(world.loads).toEqual(['warm guest']);
    expect((await world.query('{ warm }', ANN)).outcomes).toEqual(['Query.warm HIT']);
    await expectRefused(world, '{ warm }', 'warm');
  });

  it('gets an error from READ_THROUGH, where there is no resolver to ask', async () => {
    const { query, asked } = guarded();
    await query('{ row(id: 1) { id } rows(ids: [1, 2]) { id } }', ANN);
    asked.length = 0;
    const { result, data, outcomes } = await query('{ row(id: 1) { id } rows(ids: [1, 2]) { id } }', SLY);
    expect(data).toEqual({ row: null, rows: null });
    expect(outcomes).toEqual(['Query.row BYPASS', 'Query.rows BYPASS']);
    expect(result.errors?.map(({ message, extensions }) => [message, extensions['code']])).toEqual([
      ['Query.row is not for this viewer.', 'CACHE_FORBIDDEN'],
      ['Query.rows is not for this viewer.', 'CACHE_FORBIDDEN'],
    ]);
    expect(result.errors?.[0]?.originalError).toMatchObject({ code: 'CACHE_FORBIDDEN' });
    // Once for a field, whatever its list holds.
    expect(asked).toEqual([
      ['Query.row', undefined, { id: '1' }],
      ['Query.rows', undefined, { ids: ['1', '2'] }],
    ]);
  });

  it('is answered by the resolver of a READ_THROUGH field that has one', async () => {
    const { query, loads } = guarded();
    expect((await query('{ own(id: 1) { id } }', ANN)).data).toEqual({ own: { id: '1' } });
    const { result } = await query('{ own(id: 1) { id } }', SLY);
    expect(result.errors?.[0]?.message).toBe('own is not for sly');
    expect(loads).toEqual(['own sly']);
  });

  it('gets nothing of its own former entry either, in a PRIVATE field', async () => {
    let mayRead = true;
    const world = guarded({ refused: [], authorize: () => mayRead });
    expect((await world.query('{ mine }', SLY)).data).toEqual({ mine: 'mine 1' });
    expect((await world.query('{ mine }', SLY)).outcomes).toEqual(['Query.mine HIT']);
    mayRead = false;
    expect((await world.query('{ mine }', SLY)).outcomes).toEqual(['Query.mine BYPASS']);
  });
});

describe('authorize', () => {
  it('is told of the parent, of the arguments and of the field', async () => {
    const { query, asked } = guarded();
    await query('{ films { notes } }', ANN);
    expect(asked).toEqual([
      ['Query.films', undefined, {}],
      ['Film.notes', { id: '1' }, {}],
      ['Film.notes', { id: '2' }, {}],
    ]);
  });

  it('may answer later', async () => {
    const world = guarded({ authorize: async (...call) => Promise.resolve(notSly(...call)) });
    await world.query('{ plain }', ANN);
    expect((await world.query('{ plain }', BEN)).outcomes).toEqual(['Query.plain HIT']);
    await expectRefused(world, '{ plain }', 'plain');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no rights today');
      },
      'authorize threw Error: no rights today; return false to refuse a reader',
    ],
    [
      'rejects',
      () => Promise.reject(new Error('no rights today')),
      'authorize threw Error: no rights today; return false to refuse a reader',
    ],
    ['says nothing', () => undefined, 'authorize returned undefined; return true or false'],
    ['says something else', () => Promise.resolve(ANN), 'authorize returned an object; return true or false'],
    ['says a number', () => 1, 'authorize returned a number; return true or false'],
  ])('is an error of the field when it %s', async (_what, answer: () => unknown, message) => {
    // JavaScript may return anything.
    const world = guarded(Object.assign<GuardedOptions, object>({}, { authorize: answer }));
    const { result, data } = await world.query('{ plain }', ANN);
    expect(data).toEqual({ plain: null });
    expect(result.errors).toMatchObject([{ message: `Query.plain: ${message}`, path: ['plain'] }]);
    expect(result.errors?.[0]?.originalError).toMatchObject({ code: 'CACHE_AUTHORIZE' });
    expect(world.loads).toEqual([]);
  });

  it('is asked for what is switched off as well, since an origin checks no reader', async () => {
    const { query } = guarded({ disabled: 'all' });
    expect((await query('{ row(id: 1) { id } }', ANN)).data).toEqual({ row: { id: '1' } });
    expect((await query('{ row(id: 1) { id } }', SLY)).data).toEqual({ row: null });
  });

  it('is not asked by cache.fetch', async () => {
    const { cache, asked } = guarded({ fetches: ['Rate'] });
    expect(await cache.fetch('Rate:1', { ttl: 10 }, () => 7)).toBe(7);
    expect(asked).toEqual([]);
  });

  it('costs nothing where it is not set: the read stays what it was', () => {
    const read = (): string => 'read';
    const policy = {
      coordinate: 'Query.plain',
      pattern: 'CACHE_ASIDE',
      counters: createFieldCounters(),
      shownKey: (key: string) => key,
    } as const;
    const options = { policy: { ...policy, ...TIMES }, read, resolve: undefined };
    const traces = new Traces();
    expect(authorized({ authorize: undefined, traces }, options)).toBe(read);
    expect(authorized({ authorize: () => true, traces }, options)).not.toBe(read);
  });
});

describe('a check inside of a resolver that refuses whom authorize has let through', () => {
  it('is told to that reader alone: those who have joined lead the load on', async () => {
    const gate = createGate();
    const world = guarded({ gate, refused: ['ann'] });
    const first = world.query('{ plain }', ANN);
    await gate.arrived();
    const others = [1, 2, 3].map(() => world.query('{ plain }', BEN));
    gate.open();
    expect((await first).result.errors?.[0]?.message).toBe('plain is not for ann');
    for (const other of others) expect((await other).data).toEqual({ plain: 'plain 2' });
    expect(world.loads).toEqual(['plain ann', 'plain ben']);
  });

  it('does not make an origin that is away be asked by every reader', async () => {
    const gate = createGate();
    const world = guarded({ gate, fails: () => true });
    const first = world.query('{ plain }', ANN);
    await gate.arrived();
    const others = Array.from({ length: 20 }, () => world.query('{ plain }', BEN));
    gate.open();
    for (const answer of await Promise.all([first, ...others])) {
      expect(answer.result.errors?.[0]?.message).toBe('the database is away');
    }
    expect(world.loads.length).toBe(4);
  });

  it('keeps an entry from being warm, and tells why', async () => {
    const world = guarded({ refused: ['guest'], warm: { 'Query.warm': () => [{}] } });
    onTestFinished(() => world.cache.close());
    await world.cache.start();
    await world.cache.warm.ready();
    expect(world.logged).toContain(
      'warn an entry could not be kept warm {"coordinate":"Query.warm","error":"Error: warm is not for guest"}',
    );
  });
});

describe('cache.asCheck', () => {
  it('lets a check of a PUBLIC field look at the viewer, where authorize is set', async () => {
    const world = guarded();
    await world.query('{ plain }', ANN);
    expect((await world.query('{ plain }', BEN)).outcomes).toEqual(['Query.plain HIT']);
    expect(world.cache.stats.counters()['Query.plain']).toMatchObject({ viewerTouched: 0 });
  });

  it('changes nothing where it is not set', async () => {
    const world = guarded({ isAuthorized: false });
    const { result } = await world.query('{ plain }', ANN);
    expect(result.errors?.[0]?.message).toContain('its load read context.viewer');
  });
});
