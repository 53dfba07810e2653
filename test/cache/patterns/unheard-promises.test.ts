import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryJournal, memoryStore, type Store } from '../../../src/cache/index.js';
import { virtualClock } from '../../../src/cache/testing/index.js';
import { createGate } from '../../support/gate.js';
import { testCache, type TestCacheOptions, type TestContext } from '../../support/test-cache.js';
import { hearUnhandled } from '../../support/unhandled.js';

const typeDefs = `
  type Person { id: ID! name: String }
  type Film { id: ID! title: String director: Person seen: Int @cached(ttl: 60, key: "Seen:{parent.id}") }
  type Saved { film: Film films: [Film] note: String }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}")
    origin(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
    films: [Film] @cached(ttl: 60)
    mine: [Film] @cached(ttl: 60, scope: PRIVATE)
    warm: [Film] @cached(ttl: 60, pattern: PREFETCH)
  }
  type Mutation {
    save: Saved @invalidates(tags: ["Film:1"])
    through(id: ID!): Saved @cached(ttl: 60, pattern: WRITE_THROUGH, key: "Saved:{args.id}")
    behind(id: ID!): Film @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Note:{args.id}")
  }
`;

const fails = (what: string) => Promise.reject(new Error(`${what} was not found`));

/** A store that is slow to answer once the gate is there. */
function slowStore(inner = memoryStore()) {
  const gate = createGate();
  onTestFinished(() => gate.open());
  const store: Store = {
    ...inner,
    invalidate: async (...given) => {
      await gate.wait();
      return inner.invalidate(...given);
    },
  };
  return { store, gate };
}

function films(
  resolvers: NonNullable<TestCacheOptions['resolvers']>,
  options: Partial<TestCacheOptions> = {},
) {
  const { Query = {}, ...others } = resolvers;
  const none = () => null;
  return testCache({
    typeDefs,
    resolvers: {
      Query: { film: none, films: none, mine: none, warm: none, ...Query },
      Film: { seen: none },
      ...others,
    },
    journal: memoryJournal(),
    origins: { Note: { flush: () => Promise.resolve() }, Row: { load: () => Promise.resolve([null]) } },
    ...options,
  });
}

describe('promises in what a mutation returns, that fail while its invalidation is awaited', () => {
  const SAVE = 'mutation { save { film { title director { name } } films { title } note } }';

  /** Runs the mutation, and lets its invalidation go on once the promises have failed. */
  async function saved(result: () => unknown, source = SAVE) {
    const unhandled = hearUnhandled();
    const { store, gate } = slowStore();
    const { query } = films({ Mutation: { save: result, through: result } }, { store });
    const answering = query(source);
    await gate.arrived();
    const heard = await unhandled.heard();
    gate.open();
    const { result: answer } = await answering;
    expect([heard, await unhandled.heard()]).toEqual([[], []]);
    return (answer.errors ?? []).map(({ path, message }) => `${(path ?? []).join('.')}: ${message}`).sort();
  }

  it('end no process, and are errors of their fields', async () => {
    const errors = await saved(() => ({
      film: fails('a film'),
      films: [{ id: 2, title: fails('a title') }, fails('another film')],
      note: Promise.resolve('none'),
    }));
    expect(errors).toEqual([
      'save.film: a film was not found',
      'save.films.0.title: a title was not found',
      'save.films.1: another film was not found',
    ]);
  });

  it('also where a promise brings what fails, or an object of a class holds it', async () => {
    class Payload {
      readonly films = [fails('a film')];
    }
    const brought = Promise.resolve({ id: 1, director: fails('a director') });
    expect(await saved(() => Promise.resolve({ film: brought }))).toEqual([
      'save.film.director: a director was not found',
    ]);
    expect(await saved(() => new Payload())).toEqual(['save.films.0: a film was not found']);
  });

  it('also of a write through the cache', async () => {
    const source = 'mutation { through(id: 1) { film { title } } }';
    expect(await saved(() => ({ version: 1, film: fails('a film') }), source)).toEqual([
      'through.film: a film was not found',
    ]);
  });

  it('and its getters are asked no more often than without a cache', async () => {
    let asked = 0;
    const result = {
      get note() {
        asked += 1;
        return 'read';
      },
    };
    expect(await saved(() => result, 'mutation { save { note } }')).toEqual([]);
    expect(asked).toBe(1);
  });

  it('end no process where the state of a write behind cannot be written down', async () => {
    const unhandled = hearUnhandled();
    const { query, cache } = films({
      Mutation: { behind: () => ({ id: 1, director: fails('a director') }) },
    });
    await cache.start();
    onTestFinished(() => cache.close());
    const { result } = await query('mutation { behind(id: 1) { id } }');
    expect(result.errors?.[0]?.message).toContain('nothing was written');
    expect(await unhandled.heard()).toEqual([]);
  });
});

describe('promises in what cannot be stored', () => {
  const items = () => [{ id: 1, title: 'Heat' }, fails('a film')];

  it('end no process where what is kept warm has no reader', async () => {
    const unhandled = hearUnhandled();
    const clock = virtualClock();
    let loads = 0;
    const warm = () => {
      loads += 1;
      return items();
    };
    const { cache } = films(
      { Query: { warm } },
      { clock, store: memoryStore({ clock }), warm: { 'Query.warm': () => [{}] } },
    );
    onTestFinished(async () => void (await Promise.all([cache.close(), clock.pass(60_000)])));
    await cache.start();
    await clock.pass(30_000);
    expect(loads).toBeGreaterThan(0);
    expect(await unhandled.heard()).toEqual([]);
  });

  it.each(['load', 'origin'])(
    'end no process where they come after the deadline of the %s',
    async (which) => {
      const unhandled = hearUnhandled();
      const gate = createGate();
      const load = async () => {
        await gate.wait();
        return { id: 1, director: fails('a director') };
      };
      const { query, clock } = films(
        { Query: { film: load } },
        { origins: { Note: { flush: () => Promise.resolve() }, Row: { load: async () => [await load()] } } },
      );
      const reading = query(which === 'load' ? '{ film(id: 1) { id } }' : '{ origin(id: 1) { id } }');
      await gate.arrived();
      clock.advance(30_001);
      expect((await reading).result.errors?.[0]?.message).toContain('longer than loads.deadlineMs');
      gate.open();
      expect(await unhandled.heard()).toEqual([]);
    },
  );

  it.each<[string, string, TestContext]>([
    ['of a load', 'films', {}],
    ['of a read without an entry', 'mine', {}],
    ['of a load that looked at its viewer', 'films', { viewer: { id: 'ann' } }],
  ])('end no process while what lies below them is read, %s', async (_what, field, context) => {
    const unhandled = hearUnhandled();
    const gate = createGate();
    const inner = memoryStore();
    const store: Store = {
      ...inner,
      read: async (keys, ...more) => {
        if (JSON.stringify(keys).includes('Seen:')) await gate.wait();
        return inner.read(keys, ...more);
      },
    };
    const rows = (id: string) => [{ id, director: fails('a director') }, { id: 2 }];
    const resolve = (_: unknown, _args: unknown, asked: TestContext) =>
      context.viewer === undefined ? rows('1') : rows(asked.viewer?.id ?? '');
    // Elsewhere a load that looks at its viewer fails.
    const { query } = films({ Query: { [field]: resolve } }, { store, environment: 'production' });
    const reading = query(`{ ${field} { id seen director { name } } }`, context);
    await gate.arrived();
    expect(await unhandled.heard()).toEqual([]);
    gate.open();
    const { result } = await reading;
    expect(result.errors?.map(({ path }) => path?.join('.'))).toEqual([`${field}.0.director`]);
  });

  it('end no process where the origin answers with another number of rows', async () => {
    const unhandled = hearUnhandled();
    const load = () => Promise.resolve([fails('a row'), fails('another row')]);
    const { query } = films({}, { origins: { Note: { flush: () => Promise.resolve() }, Row: { load } } });
    const { result } = await query('{ origin(id: 1) { id } }');
    expect(result.errors?.[0]?.message).toContain('one element per id');
    expect(await unhandled.heard()).toEqual([]);
  });
});
