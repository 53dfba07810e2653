import { setImmediate as turn } from 'node:timers/promises';
import { mapSchema, MapperKind } from '@graphql-tools/utils';
import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, memoryStore } from '../../../src/cache/index.js';
import { virtualClock } from '../../../src/cache/testing/index.js';
import { createGate } from '../../support/gate.js';
import { memoWorld, type MemoContext, type MemoWorldOptions } from './memo-world.js';

const typeDefs = `
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}")
    films(first: Int): [Film!] @cached(ttl: 30, tags: ["Film"])
    mine: String @cached(ttl: 60, scope: PRIVATE)
    plain: String
    named: Named @cached(ttl: 60)
    bare: Film
    price: String @cached(ttl: 60, vary: ["tenant"])
    report: Film @cached(ttl: 60, pattern: PREFETCH, tags: ["Report"])
  }
  type Film {
    id: ID!
    title: String
    director: Person @cached(ttl: 60, key: "Director:{parent.id}")
    length: Int
  }
  type Person { id: ID! name: String }
  interface Named { name: String }
  type Company implements Named { name: String }
  type Mutation {
    rename(id: ID!, title: String): Film @invalidates(tags: ["Film:{args.id}"])
  }
`;

function world({ resolvers: others = {}, ...options }: Partial<MemoWorldOptions> = {}) {
  const titles = new Map([
    ['1', 'Stalker'],
    ['2', 'Solaris'],
  ]);
  const film = (id: string) => ({ id, title: titles.get(id) ?? null, length: 160 });
  const resolvers = {
    Query: {
      film: (_: unknown, { id }: { id: string }) => (titles.has(id) ? film(id) : null),
      films: () => [...titles.keys()].map(film),
      mine: (_: unknown, __: unknown, { viewer }: MemoContext) => `of ${viewer?.id}`,
      plain: () => 'plain',
      named: () => ({ __typename: 'Company', name: 'Mosfilm' }),
      bare: () => film('1'),
      price: (_: unknown, __: unknown, { tenant }: MemoContext) => `price for ${tenant}`,
      report: () => film('2'),
    },
    Film: { director: (parent: unknown) => ({ id: 7, name: `Director of ${idOf(parent)}` }) },
    Mutation: {
      rename: (_: unknown, { id, title }: { id: string; title: string }) => {
        titles.set(id, title);
        return film(id);
      },
    },
  };
  return memoWorld({
    typeDefs,
    resolvers: { ...resolvers, ...others, Query: { ...resolvers.Query, ...others['Query'] } },
    vary: { tenant: ({ tenant }) => tenant },
    ...options,
  });
}

function idOf(parent: unknown): unknown {
  return typeof parent === 'object' && parent !== null ? Reflect.get(parent, 'id') : undefined;
}

const FILM = '{ film(id: 1) { title director { name } __typename } }';
const STALKER =
  '{"data":{"film":{"title":"Stalker","director":{"name":"Director of 1"},"__typename":"Film"}}}\n';

describe('an operation whose fields are all cached for everybody', () => {
  it('is executed until its answer was made of hits only for the second time, and not again', async () => {
    const { ask, cache } = await world();
    const asked = [await ask(FILM), await ask(FILM), await ask(FILM), await ask(FILM)];
    expect(asked.map(({ text }) => text)).toEqual([STALKER, STALKER, STALKER, STALKER]);
    expect(asked.map(({ isExecuted }) => isExecuted)).toEqual([true, true, false, false]);
    expect(cache.stats.memo()).toMatchObject({ hits: 2, kept: 1, answers: 1, evictions: 0 });
    expect(cache.stats.memo().bytes).toBeGreaterThan(STALKER.length);
    expect(cache.stats.counters()['Query.film']).toMatchObject({ misses: 1, hits: 3 });
    expect(cache.stats.counters()['Film.director']).toMatchObject({ misses: 1, hits: 3 });
  });

  it('has an answer for each set of variables, in whatever words it was asked', async () => {
    const { settled } = await world();
    const byId =
      'query ($id: ID!, $with: Boolean = false) { film(id: $id) { title length @include(if: $with) } }';
    const answers: string[] = [];
    for (const variables of [{ id: 1 }, { id: '2' }, { id: '1', with: true }, { id: 'none' }]) {
      const { text, isExecuted } = await settled(byId, { variables });
      expect(isExecuted).toBe(false);
      answers.push(text);
    }
    expect(answers).toEqual([
      '{"data":{"film":{"title":"Stalker"}}}\n',
      '{"data":{"film":{"title":"Solaris"}}}\n',
      '{"data":{"film":{"title":"Stalker","length":160}}}\n',
      '{"data":{"film":null}}\n',
    ]);
  });

  it('is executed again after a write of anything in the answer, and after no other', async () => {
    const { ask, settled } = await world();
    const film2 = '{ film(id: 2) { title } }';
    await settled(FILM);
    await settled(film2);
    await ask('mutation { rename(id: 1, title: "The Zone") { title } }');
    expect(await ask(FILM)).toEqual({ text: STALKER.replace('Stalker', 'The Zone'), isExecuted: true });
    expect(await ask(film2)).toMatchObject({ isExecuted: false });
  });

  it('is executed again after an invalidation by a tag of a list, and when all is forgotten', async () => {
    const { ask, settled, cache } = await world();
    const films = '{ films { title } }';
    await settled(films);
    await cache.invalidate(['Film']);
    expect(await ask(films)).toMatchObject({ isExecuted: true });
  });

  it('is executed again once one of its entries is so old that reads may refresh it', async () => {
    const { ask, settled, clock } = await world();
    const both = '{ film(id: 1) { title } films { title } }';
    await settled(both);
    clock.advance(23_000);
    expect(await ask(both)).toMatchObject({ isExecuted: false });
    clock.advance(7_000);
    expect(await ask(both)).toMatchObject({ isExecuted: true });
  });

  it('is not kept where something in it was invalidated while it was executed', async () => {
    const invalidating: { tags: readonly string[] } = { tags: [] };
    const plugin: ApolloServerPlugin<MemoContext> = {
      requestDidStart: async () => ({
        executionDidStart: async () => ({
          executionDidEnd: async () => {
            if (invalidating.tags.length > 0) await cache.invalidate(invalidating.tags);
          },
        }),
      }),
    };
    const { ask, cache } = await world({ plugins: [plugin] });
    await ask(FILM);
    invalidating.tags = ['Director:1'];
    // Its answer was right when it was made, and is not any more when it would be kept.
    await ask(FILM);
    invalidating.tags = [];
    expect(cache.stats.memo().answers).toBe(0);
    expect(await ask(FILM)).toMatchObject({ isExecuted: true });
  });

  it('is kept as soon as it was loaded, where it was asked for before', async () => {
    const { ask, cache } = await world();
    await ask(FILM);
    await ask('mutation { rename(id: 1, title: "The Zone") { title } }');
    const renamed = STALKER.replace('Stalker', 'The Zone');
    expect(await ask(FILM)).toEqual({ text: renamed, isExecuted: true });
    expect(await ask(FILM)).toEqual({ text: renamed, isExecuted: false });
    const counters = cache.stats.counters();
    expect(counters['Query.film']).toMatchObject({ misses: 2, hits: 1 });
    expect(counters['Film.director']).toMatchObject({ misses: 1, hits: 2 });
    await ask('mutation { rename(id: 1, title: "Roadside Picnic") { title } }');
    expect((await ask(FILM)).text).toContain('Roadside Picnic');
  });

  it('is kept no longer than what it loaded is fresh', async () => {
    const { ask, clock } = await world();
    const films = '{ films { title } }';
    await ask(films);
    clock.advance(31_000);
    expect((await ask(films)).isExecuted).toBe(true);
    clock.advance(23_000);
    expect((await ask(films)).isExecuted).toBe(false);
    clock.advance(7_000);
    expect((await ask(films)).isExecuted).toBe(true);
  });

  it('is not kept where what it loads is invalidated meanwhile', async () => {
    const loading: { then?: () => Promise<void> } = {};
    const film = async () => {
      const title = 'as it was';
      await loading.then?.();
      return { id: 1, title };
    };
    const { ask, cache } = await world({ resolvers: { Query: { film } } });
    const query = '{ film(id: 1) { title } }';
    await ask(query);
    await cache.invalidate(['Film:1']);
    loading.then = () => cache.invalidate(['Film:1']);
    expect((await ask(query)).isExecuted).toBe(true);
    delete loading.then;
    expect(cache.stats.memo().answers).toBe(0);
    expect((await ask(query)).isExecuted).toBe(true);
    expect((await ask(query)).isExecuted).toBe(false);
  });

  it.each(['no-room', 'outdated', 'failing'] as const)(
    'is not kept where the store does not take what it loaded: %s',
    async (outcome) => {
      const store = memoryStore();
      const fill: typeof store.fill = (fills) => {
        // The next one shall not wait for the lease.
        const leases = fills.flatMap(({ key, row, token }) =>
          token === undefined ? [] : [{ key, row, token }],
        );
        void store.release(leases);
        if (outcome === 'failing') throw new Error('no answer');
        return fills.map(() => outcome);
      };
      const { ask, cache } = await world({ store: { ...store, fill } });
      for (let times = 0; times < 4; times += 1) expect((await ask(FILM)).isExecuted).toBe(true);
      expect(cache.stats.memo().answers).toBe(0);
    },
  );

  it('is not kept where what it loaded cannot be an entry', async () => {
    const film = () => ({ id: 1, title: 'Stalker', length: () => 160 });
    const { ask, cache } = await world({ resolvers: { Query: { film } } });
    for (let times = 0; times < 4; times += 1)
      expect((await ask('{ film(id: 1) { title } }')).isExecuted).toBe(true);
    expect(cache.stats.memo().answers).toBe(0);
  });

  it('counts what PREFETCH counts to know what is asked for', async () => {
    let asked = 0;
    const clock = virtualClock();
    const store = memoryStore({ clock });
    const counting: typeof store = {
      ...store,
      countAsked: (field, sets) => {
        for (const { times } of sets) asked += times;
        return store.countAsked?.(field, sets);
      },
    };
    const { ask, cache } = await world({ store: counting, clock });
    await Promise.all([cache.warm.ready(), clock.pass(1000)]);
    for (let times = 0; times < 10; times += 1) await ask('{ report { title } }');
    await clock.pass(10_000);
    expect(cache.stats.memo().hits).toBeGreaterThanOrEqual(7);
    expect(asked).toBe(10);
    await Promise.all([cache.close(), clock.pass(60_000)]);
  });
});

it('a list by ids is kept as well, with nulls and with elements that have no child', async () => {
  const { settled, ask, cache } = await memoWorld({
    typeDefs: `
      type Query { films(ids: [ID!]!): [Film] @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.ids}") }
      type Film { title: String director: Person @cached(ttl: 60, pattern: READ_THROUGH, key: "Person:{parent.directorId}") }
      type Person { name: String }
    `,
    resolvers: {},
    origins: {
      Film: {
        load: (ids) =>
          Promise.resolve(
            ids.map((id) =>
              id === '9' ? null : { title: `film ${id}`, directorId: id === '2' ? null : Number(id) },
            ),
          ),
      },
      Person: { load: (ids) => Promise.resolve(ids.map((id) => ({ name: `person ${id}` }))) },
    },
  });
  const films = '{ films(ids: [1, 2, 9]) { title director { name } } }';
  expect(await settled(films)).toEqual({
    text: '{"data":{"films":[{"title":"film 1","director":{"name":"person 1"}},{"title":"film 2","director":null},null]}}\n',
    isExecuted: false,
  });
  await cache.invalidate(['Film:2']);
  expect(await ask(films)).toMatchObject({ isExecuted: true });
});

describe('an operation that others ask for meanwhile', () => {
  /** A film whose loads end when the test says so. */
  async function slowFilm(options: Partial<MemoWorldOptions> = {}) {
    const loads: { title: string; end: (error?: Error) => void }[] = [];
    const film = () => {
      const title = `load ${loads.length + 1}`;
      return new Promise((resolve, reject) => {
        const end = (error?: Error): void =>
          error === undefined ? resolve({ id: 1, title }) : reject(error);
        loads.push({ title, end });
      });
    };
    const made = await world({ resolvers: { Query: { film } }, ...options });
    // Nothing waits for loads at the end of a test that has failed.
    onTestFinished(() => loads.forEach(({ end }) => end()));
    const query = '{ film(id: 1) { title } }';
    let executions = 0;
    const askCounted = async (): Promise<string> => {
      const { text, isExecuted } = await made.ask(query);
      if (isExecuted) executions += 1;
      return text;
    };
    const first = made.ask(query);
    await expect.poll(() => loads.length).toBe(1);
    loads[0]?.end();
    await first;
    await made.ask(query);
    await made.cache.invalidate(['Film:1']);
    const loading = made.ask(query);
    await expect.poll(() => loads.length).toBe(2);
    return { ...made, loads, loading, askCounted, executions: () => executions };
  }
  const answerOf = (title: string): string => `{"data":{"film":{"title":"${title}"}}}\n`;

  /** A request goes on once the sockets of its turn have been read, which begins when its server has it. */
  async function taken(): Promise<void> {
    await turn();
    await turn();
  }

  it('is executed once for all of them', async () => {
    const { loads, loading, askCounted, executions, cache } = await slowFilm();
    const others = Promise.all([askCounted(), askCounted(), askCounted()]);
    await taken();
    loads[1]?.end();
    expect((await loading).text).toBe(answerOf('load 2'));
    expect(await others).toEqual(Array.from({ length: 3 }, () => answerOf('load 2')));
    expect([executions(), loads.length, cache.stats.memo().hits]).toEqual([0, 2, 3]);
    expect(cache.stats.counters()['Query.film']).toMatchObject({ misses: 2, hits: 1, joined: 3 });
    expect(await askCounted()).toBe(answerOf('load 2'));
    expect(cache.stats.counters()['Query.film']).toMatchObject({ misses: 2, hits: 2, joined: 3 });
  });

  it('is given to those who wait as soon as it is made, however long the store takes', async () => {
    const store = memoryStore();
    let fills = 0;
    const filled = createGate();
    const fill: typeof store.fill = (given) => {
      fills += 1;
      return fills === 1 ? store.fill(given) : filled.wait().then(() => store.fill(given));
    };
    const { loads, loading, askCounted, executions, cache } = await slowFilm({ store: { ...store, fill } });
    const other = askCounted();
    await taken();
    loads[1]?.end();
    await loading;
    expect(await other).toBe(answerOf('load 2'));
    expect([executions(), cache.stats.memo().answers]).toEqual([0, 0]);
    filled.open();
    await expect.poll(() => cache.stats.memo().answers).toBe(1);
  });

  it('is executed for those who ask after an invalidation, who do not wait for what was begun before', async () => {
    const { loads, loading, askCounted, executions, cache } = await slowFilm();
    await cache.invalidate(['Film:1']);
    const later = askCounted();
    await expect.poll(() => loads.length).toBe(3);
    loads[2]?.end();
    expect(await later).toBe(answerOf('load 3'));
    loads[1]?.end();
    expect((await loading).text).toBe(answerOf('load 2'));
    expect(await askCounted()).toBe(answerOf('load 3'));
    expect(executions()).toBe(1);
  });

  it('is executed once more by each where it fails, and waited for no more', async () => {
    const { loads, loading, askCounted, executions, cache, ask } = await slowFilm();
    const others = Promise.all([askCounted(), askCounted()]);
    await taken();
    loads[1]?.end(new Error('no film'));
    expect((await loading).text).toContain('no film');
    await expect.poll(() => loads.length).toBe(3);
    loads[2]?.end();
    expect(await others).toEqual([answerOf('load 3'), answerOf('load 3')]);
    expect(executions()).toBe(2);
    await cache.invalidate(['Film:1']);
    const failing = ask('{ film(id: 1) { title } }');
    await expect.poll(() => loads.length).toBe(4);
    loads[3]?.end(new Error('no film'));
    await failing;
    // The next one has not waited for the one before it: both are refused by one load.
    const both = Promise.all([askCounted(), askCounted()]);
    await expect.poll(() => loads.length).toBe(5);
    loads[4]?.end(new Error('still none'));
    for (const text of await both) expect(text).toContain('still none');
    expect(loads).toHaveLength(5);
  });

  it.each(['responseForOperation', 'executionDidStart', 'executionDidEnd'] as const)(
    'is not waited for where a plugin refuses it in %s',
    async (hook) => {
      const refuse = ({ contextValue }: { contextValue: MemoContext }): void => {
        if (contextValue.viewer?.id === 'banned') throw new Error('not you');
      };
      const hooks: Record<typeof hook, GraphQLRequestListener<MemoContext>> = {
        responseForOperation: {
          responseForOperation: async (request) => {
            refuse(request);
            return null;
          },
        },
        executionDidStart: { executionDidStart: async (request) => refuse(request) },
        // It throws at once, which has the others not called.
        executionDidEnd: {
          executionDidStart: async (request) => ({ executionDidEnd: () => refuse(request) as never }),
        },
      };
      const refusing: ApolloServerPlugin<MemoContext> = { requestDidStart: async () => hooks[hook] };
      const { ask, cache, settled } = await world({ plugins: [refusing] });
      await settled(FILM);
      await cache.invalidate(['Film:1']);
      await ask(FILM, { context: { viewer: { id: 'banned' } } }).catch(() => undefined);
      expect((await ask(FILM)).text).toBe(STALKER);
    },
  );

  it('is not waited for once it is known that others cannot be given it', async () => {
    const ends: (() => void)[] = [];
    const slow = () => new Promise((resolve) => ends.push(() => resolve('slow')));
    onTestFinished(() => ends.forEach((end) => end()));
    let begun = 0;
    const counting: ApolloServerPlugin<MemoContext> = {
      requestDidStart: async () => ({ executionDidStart: async () => void (begun += 1) }),
    };
    const { ask, clock, cache } = await memoWorld({
      typeDefs: `
        type Query {
          report: String @cached(ttl: 10, swr: 600)
          slow: String @cached(ttl: 600, tags: ["Slow"])
        }
      `,
      resolvers: { Query: { report: () => 'report', slow } },
      plugins: [counting],
    });
    const both = '{ report slow }';
    const first = ask(both);
    await expect.poll(() => ends.length).toBe(1);
    ends[0]?.();
    await first;
    await ask(both);
    await cache.invalidate(['Slow']);
    clock.advance(20_000);
    begun = 0;
    // It is answered with the report as it was, and waits.
    const asked = [ask(both)];
    await expect.poll(() => ends.length).toBe(2);
    asked.push(ask(both));
    await expect.poll(() => begun).toBe(2);
    for (const end of ends) end();
    await Promise.all(asked);
  });

  it('is executed after a write of what the other one was reading before it', async () => {
    const store = memoryStore();
    let isHeldUp = false;
    const reads = createGate();
    const read: typeof store.read = (addresses) => {
      const found = store.read(addresses);
      return isHeldUp && addresses.some(({ key }) => key.startsWith('Film:'))
        ? reads.wait().then(() => found)
        : found;
    };
    const { ask, settled, cache } = await world({ store: { ...store, read } });
    const both = '{ film(id: 1) { title } films { title } }';
    await settled(both);
    await cache.invalidate(['Film']);
    isHeldUp = true;
    const begun = ask(both);
    await reads.arrived();
    isHeldUp = false;
    await ask('mutation { rename(id: 1, title: "The Zone") { title } }');
    onTestFinished(() => reads.open());
    expect((await ask(both)).text).toContain('"film":{"title":"The Zone"}');
    reads.open();
    await begun;
    expect((await ask(both)).text).toContain('"film":{"title":"The Zone"}');
  });

  /** A rate that ends soon beside a load that ends when the test says so; the answer of both was given before. */
  async function rateAndSlow(options: Partial<MemoWorldOptions> = {}) {
    let rates = 0;
    let slow = 'old';
    const ends: (() => void)[] = [];
    onTestFinished(() => ends.forEach((end) => end()));
    const made = await memoWorld({
      typeDefs: `
        type Query {
          rate: Int @cached(ttl: 5, tags: ["Rate"])
          slow: String @cached(ttl: 600, tags: ["Slow"])
        }
      `,
      resolvers: {
        Query: {
          rate: () => (rates += 1),
          slow: () => {
            const text = slow;
            return new Promise((resolve) => ends.push(() => resolve(text)));
          },
        },
      },
      ...options,
    });
    const both = '{ rate slow }';
    const first = made.ask(both);
    await expect.poll(() => ends.length).toBe(1);
    ends[0]?.();
    await first;
    await made.ask(both);
    await made.cache.invalidate(['Slow']);
    const begun = made.ask(both);
    await expect.poll(() => ends.length).toBe(2);
    return { ...made, ends, begun, askBoth: () => made.ask(both), write: (text: string) => (slow = text) };
  }

  it('is executed by those who come when a part of it has ended', async () => {
    const { ends, begun, askBoth, clock } = await rateAndSlow();
    clock.advance(20_000);
    const later = askBoth();
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    for (const end of ends) end();
    expect((await begun).text).toContain('"rate":1');
    expect((await later).text).toContain('"rate":2');
  });

  it('says over HTTP what the execution says, to those who wait for it as well', async () => {
    const said: unknown[] = [];
    const plugin: ApolloServerPlugin<MemoContext> = {
      requestDidStart: async () => ({
        willSendResponse: async ({ response }) => void said.push(response.http.headers.get('cache-control')),
      }),
    };
    const { ends, begun, askBoth, cache, write } = await rateAndSlow({
      plugins: [ApolloServerPluginCacheControlDisabled(), plugin],
      http: { maxAge: 'shared', tags: { header: 'Cache-Tag' } },
    });
    said.length = 0;
    const waiting = askBoth();
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    write('new');
    await cache.invalidate(['Slow']);
    for (const end of ends) end();
    expect((await begun).text).toContain('old');
    expect(await waiting).toMatchObject({ isExecuted: false });
    expect(said).toEqual(['no-cache', 'no-cache']);
  });

  it('is not kept where the clock was set back since the load', async () => {
    const store = memoryStore();
    const filled = createGate();
    let fills = 0;
    const fill: typeof store.fill = (given) => {
      fills += 1;
      return fills === 1 ? store.fill(given) : filled.wait().then(() => store.fill(given));
    };
    const { loads, loading, askCounted, clock } = await slowFilm({ store: { ...store, fill } });
    loads[1]?.end();
    await loading;
    clock.advance(-3_600_000);
    filled.open();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1_800_000);
    const later = askCounted();
    await expect.poll(() => loads.length).toBe(3);
    loads[2]?.end();
    expect(await later).toBe(answerOf('load 3'));
  });

  it('is executed by those who have waited for a second', async () => {
    let begun = 0;
    const counting: ApolloServerPlugin<MemoContext> = {
      requestDidStart: async () => ({ executionDidStart: async () => void (begun += 1) }),
    };
    const { loads, loading, askCounted, clock } = await slowFilm({ plugins: [counting] });
    const waiting = askCounted();
    for (let ms = 0; ms < 990; ms += 10) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(ms === 0 ? 0 : 10);
    }
    expect(begun).toBe(3);
    clock.advance(20);
    await expect.poll(() => begun).toBe(4);
    loads[1]?.end();
    expect([(await loading).text, await waiting]).toEqual([answerOf('load 2'), answerOf('load 2')]);
  });
});

describe('an answer that is kept', () => {
  it('is one for each variant', async () => {
    const { settled } = await world();
    for (const tenant of ['acme', 'umbrella', undefined]) {
      const context = tenant === undefined ? {} : { tenant };
      const { text, isExecuted } = await settled('{ price }', { context });
      expect({ text, isExecuted }).toEqual({
        text: `{"data":{"price":"price for ${tenant}"}}\n`,
        isExecuted: false,
      });
    }
  });

  it('is changed by a plugin for its own request only', async () => {
    let isMarking = false;
    const marking: ApolloServerPlugin<MemoContext> = {
      requestDidStart: async () => ({
        willSendResponse: async ({ response: { body } }) => {
          if (body.kind !== 'single' || !isMarking) return;
          const film = body.singleResult.data?.['film'];
          if (typeof film === 'object' && film !== null) Reflect.set(film, 'title', 'changed');
        },
      }),
    };
    const { ask, settled } = await world({ plugins: [marking] });
    await settled(FILM);
    isMarking = true;
    expect(await ask(FILM)).toEqual({ text: STALKER.replace('Stalker', 'changed'), isExecuted: false });
    isMarking = false;
    expect(await ask(FILM)).toEqual({ text: STALKER, isExecuted: false });
  });

  it('is written with what plugins add to it', async () => {
    const adding: ApolloServerPlugin<MemoContext> = {
      requestDidStart: async () => ({
        willSendResponse: async ({ response: { body } }) => {
          if (body.kind === 'single') body.singleResult.extensions = { seen: true };
        },
      }),
    };
    const { settled } = await world({ plugins: [adding] });
    expect((await settled('{ film(id: 1) { title } }')).text).toBe(
      '{"data":{"film":{"title":"Stalker"}},"extensions":{"seen":true}}\n',
    );
  });

  it('is bounded in bytes, however many there are', async () => {
    const maxBytes = 20_000;
    const { ask, cache } = await world({ memo: { maxBytes } });
    const query = 'query ($id: ID!) { film(id: $id) { title } }';
    for (let id = 0; id < 200; id += 1) {
      for (let times = 0; times < 3; times += 1) await ask(query, { variables: { id } });
    }
    const { kept, answers, bytes, evictions } = cache.stats.memo();
    expect(kept).toBeGreaterThanOrEqual(200);
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    expect(answers).toBeLessThan(100);
    expect(evictions).toBeGreaterThan(100);
  });
});

/** Wraps the resolver of one field, as checks of others do. */
function wrapping(type: string, name: string) {
  return (schema: GraphQLSchema): GraphQLSchema =>
    mapSchema(schema, {
      [MapperKind.OBJECT_FIELD]: (config, fieldName, typeName) => {
        if (typeName !== type || fieldName !== name) return config;
        const { resolve = defaultFieldResolver } = config;
        return { ...config, resolve: (parent, args, context, info) => resolve(parent, args, context, info) };
      },
    });
}

/** The types of one name with a check of their own. */
function checking(name: string) {
  return (schema: GraphQLSchema): GraphQLSchema =>
    mapSchema(schema, {
      [MapperKind.OBJECT_TYPE]: (type) => {
        if (type.name === name) type.isTypeOf = () => true;
        return type;
      },
    });
}

describe('an operation is executed every time', () => {
  it.each<[what: string, query: string, options?: Partial<MemoWorldOptions>]>([
    ['with a field of one viewer', '{ mine film(id: 1) { title } }'],
    ['with a field that is not cached', '{ plain film(id: 1) { title } }'],
    ['with a value that no cached field brought', '{ bare { title } }'],
    ['that asks for the schema', '{ film(id: 1) { title } __schema { queryType { name } } }'],
    ['of names of types only', '{ __typename }'],
    ['with a cached field that code of others wraps', FILM, { derived: wrapping('Query', 'film') }],
    ['with a nested cached field that code of others wraps', FILM, { derived: wrapping('Film', 'director') }],
    ['with a field of a value that code of others wraps', FILM, { derived: wrapping('Film', 'title') }],
    ['whose values are checked by code of others', FILM, { derived: checking('Film') }],
    ['with an interface whose types are', '{ named { name } }', { derived: checking('Company') }],
    [
      'with an interface whose types are told by code of others',
      '{ named { name } }',
      { resolvers: { Query: { named: () => ({ name: 'x' }) }, Named: { __resolveType: () => 'Company' } } },
    ],
    ['without the option', FILM, { memo: false }],
    ['while hits are checked', FILM, { shadow: { share: 0.001 } }],
    ['while its fields are switched off', FILM, { disabled: ['Film.director'] }],
  ])('%s', async (_what, query, options) => {
    const { settled } = await world(options);
    expect(await settled(query)).toMatchObject({ isExecuted: true });
  });

  it('but not for an interface alone', async () => {
    const { settled } = await world();
    expect(await settled('{ named { name ... on Company { __typename } } }')).toEqual({
      text: '{"data":{"named":{"name":"Mosfilm","__typename":"Company"}}}\n',
      isExecuted: false,
    });
  });

  it('that writes', async () => {
    const { settled } = await world();
    expect(await settled('mutation { rename(id: 1, title: "x") { title } }')).toMatchObject({
      isExecuted: true,
    });
  });

  it('that has errors', async () => {
    const failing = { Query: { film: () => ({ id: 1, title: 'a', length: 'long' }) } };
    const { settled } = await world({ resolvers: failing });
    const { text, isExecuted } = await settled('{ film(id: 1) { title length } }');
    expect(text).toContain('errors');
    expect(isExecuted).toBe(true);
  });

  it('with variables that are not JSON', async () => {
    const { settled } = await world();
    const variables = { id: 1, other: new Date(0) };
    const query = 'query ($id: ID!) { film(id: $id) { title } }';
    expect(await settled(query, { variables })).toMatchObject({ isExecuted: true });
  });

  it('with a variable that is -0, which JSON writes as 0', async () => {
    const { settled } = await world();
    const query = 'query ($first: Int) { films(first: $first) { title } }';
    expect(await settled(query, { variables: { first: 0 } })).toMatchObject({ isExecuted: false });
    expect(await settled(query, { variables: { first: -0 } })).toMatchObject({ isExecuted: true });
  });
});

it('a wrapper that is declared to answer the same is no reason to execute an operation', async () => {
  let declare: ((resolve: unknown, around: unknown) => unknown) | undefined;
  const checked = (schema: GraphQLSchema): GraphQLSchema =>
    mapSchema(schema, {
      [MapperKind.OBJECT_FIELD]: (config, name) => {
        if (name !== 'film') return config;
        const { resolve = defaultFieldResolver } = config;
        const around: typeof resolve = (parent, args, context, info) => {
          if (args['id'] === '13') throw new Error('no such film');
          return resolve(parent, args, context, info);
        };
        declare?.(resolve, around);
        return { ...config, resolve: around };
      },
    });
  for (const isDeclared of [false, true]) {
    const { settled } = await world({
      derived: (schema, cache) => {
        declare = isDeclared ? (resolve, around) => cache.answersAs(resolve, around) : undefined;
        return checked(schema);
      },
    });
    expect(await settled(FILM)).toEqual({ text: STALKER, isExecuted: !isDeclared });
    expect((await settled('{ film(id: 13) { title } }')).text).toContain('no such film');
  }
});

describe('the option memo', () => {
  it.each<[unknown, string]>([
    [{ maxBytes: 0 }, 'memo.maxBytes must be a positive whole number of bytes, but got 0'],
    [{ maxByte: 1 }, 'maxByte'],
    ['on', 'memo must be true, false or an object'],
  ])('%j is refused', (memo, says) => {
    const options: object = { store: memoryStore(), memo };
    expect(() => createCache(options as Parameters<typeof createCache>[0])).toThrow(says);
  });

  it('is refused together with authorize', () => {
    expect(() => createCache({ store: memoryStore(), memo: true, authorize: () => true })).toThrow(
      'memo cannot be used with authorize',
    );
  });
});
