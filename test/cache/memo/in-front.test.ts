import type { ApolloServerPlugin } from '@apollo/server';
import { buildSchema, execute, GraphQLError, type GraphQLSchema } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apolloWithPlans } from '../../../src/cache/execution/index.js';
import { memoryStore } from '../../../src/cache/index.js';
import { createGate, type Gate } from '../../support/gate.js';
import { manualClock } from '../../support/manual-clock.js';
import { frontWorld, type FrontContext } from './front-world.js';

const FILM = { query: '{ film { title } }' };
const STALKER = '{"data":{"film":{"title":"Stalker"}}}\n';
const ann = { viewer: { id: 'ann' }, tenant: 'a' };
const bob = { viewer: { id: 'bob' }, tenant: 'b' };
const as = (viewer: FrontContext) => ({ context: () => Promise.resolve(viewer) });

describe('answers in front of Apollo Server', () => {
  it('begin once the server has given the same answer from the memo, and count as its hits', async () => {
    const { ask, cache } = await frontWorld();
    const asked = [];
    for (let times = 0; times < 6; times += 1) asked.push(await ask(FILM));
    expect(asked.map(({ text }) => text)).toEqual(Array.from(asked, () => STALKER));
    expect(asked.map(({ isInFront }) => isInFront)).toEqual([false, false, false, true, true, true]);
    expect(cache.stats.memo()).toMatchObject({ hits: 4, inFront: 3, kept: 1 });
    expect(cache.stats.counters()['Query.film']).toMatchObject({ misses: 1, hits: 5 });
    expect(cache.stats.times().operations.counts.reduce((sum, count) => sum + count)).toBe(6);
  });

  it('are given for other variables, too, as soon as the memo has theirs', async () => {
    const { ask, settled } = await frontWorld();
    const query = 'query ($id: ID!) { film(id: $id) { title } }';
    await settled({ query, variables: { id: 1 } });
    const asked = [];
    for (let times = 0; times < 3; times += 1) asked.push(await ask({ query, variables: { id: 2 } }));
    expect(asked.map(({ isInFront }) => isInFront)).toEqual([false, false, true]);
    expect(asked.map(({ text }) => text.includes('Solaris'))).toEqual([true, true, true]);
  });

  it('are not given after a write, until the memo has the new one', async () => {
    const { ask, settled } = await frontWorld();
    expect((await settled(FILM)).isInFront).toBe(true);
    await ask({ query: 'mutation { rename(id: 1, title: "new") { title } }' });
    const after = await ask(FILM);
    expect([after.text, after.isInFront]).toEqual([STALKER.replace('Stalker', 'new'), false]);
    // The first one loads, and is kept.
    expect((await ask(FILM)).isInFront).toBe(true);
  });

  it('are waited for once only, where another request makes them', async () => {
    let begun = 0;
    const counting: ApolloServerPlugin<FrontContext> = {
      requestDidStart: async () => ({ executionDidStart: async () => void (begun += 1) }),
    };
    const clock = manualClock();
    const store = memoryStore({ clock });
    let isHeldUp = false;
    const reads = createGate();
    const read: typeof store.read = (addresses) => {
      const found = store.read(addresses);
      return isHeldUp ? reads.wait().then(() => found) : found;
    };
    const { ask, settled, cache } = await frontWorld({
      ...{ plugins: [counting], inFront: { without: [counting] } },
      ...{ clock, store: { ...store, read } },
    });
    onTestFinished(() => reads.open());
    await settled(FILM);
    await cache.invalidate(['Film:1']);
    [isHeldUp, begun] = [true, 0];
    const asked = [ask(FILM)];
    await reads.arrived();
    for (let others = 0; others < 3; others += 1) asked.push(ask(FILM));
    // They have set their timers by then.
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toBe(1);
    clock.advance(1001);
    await expect.poll(() => begun).toBe(4);
    reads.open();
    for (const { text } of await Promise.all(asked)) expect(text).toBe(STALKER);
  });

  it('have their context made for each request, which may refuse it', async () => {
    const { ask, settled } = await frontWorld();
    let made = 0;
    const context = (): Promise<FrontContext> => {
      made += 1;
      return Promise.resolve({});
    };
    await settled({ ...FILM, context });
    expect(made).toBe(5);
    const refusing = (): Promise<FrontContext> =>
      Promise.reject(
        new GraphQLError('your session has ended', {
          extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } },
        }),
      );
    const refused = await ask({ ...FILM, context: refusing });
    expect([refused.status, refused.isInFront]).toEqual([401, false]);
    expect(refused.text).toContain('your session has ended');
    expect(refused.text).not.toContain('Stalker');
  });

  it('are those of the variant of the context', async () => {
    const { ask, settled } = await frontWorld();
    const price = { query: '{ price }' };
    await settled({ ...price, ...as(ann) });
    const other = await ask({ ...price, ...as(bob) });
    expect([other.text, other.isInFront]).toEqual(['{"data":{"price":"price for b"}}\n', false]);
    for (const [viewer, tenant] of [
      [ann, 'a'],
      [bob, 'b'],
    ] as const) {
      const { text, isInFront } = await settled({ ...price, ...as(viewer) });
      expect([text, isInFront]).toEqual([`{"data":{"price":"price for ${tenant}"}}\n`, true]);
    }
  });

  it.each([
    ['a PRIVATE field', { query: '{ film { title } mine }' }],
    ['a PRIVATE field that is skipped', { query: '{ film { title } mine @skip(if: true) }' }],
    ['a field that is not cached', { query: '{ film { title } uncached }' }],
    ['an error', { query: '{ film { title } failing }' }],
    ['an error of the client', { query: '{ film { nothing } }' }],
    ['an operation that is not there', { query: 'query A { film { title } }', operationName: 'B' }],
    ['a mutation', { query: 'mutation { rename(id: 1, title: "Stalker") { title } }' }],
    ['evidence', { ...FILM, headers: { 'x-cache-debug': '1' } }],
    ['a trace for a gateway', { ...FILM, headers: { 'apollo-federation-include-trace': 'ftv1' } }],
    ['a persisted query', { ...FILM, extensions: { persistedQuery: { version: 2, sha256Hash: '' } } }],
  ])('are none with %s', async (_, asked) => {
    const { settled } = await frontWorld();
    await settled(FILM);
    for (const viewer of [ann, bob]) {
      const { text, isInFront } = await settled({ ...asked, ...as(viewer) });
      expect(isInFront).toBe(false);
      if (asked.query.includes('mine }')) expect(text).toContain(`of ${viewer.viewer.id}`);
    }
  });

  it('are none for an operation that is not there, which the client is told', async () => {
    const { settled } = await frontWorld();
    const { status, text } = await settled({ query: 'query A { film { title } }', operationName: 'B' });
    expect([status, text.includes('Unknown operation named')]).toEqual([400, true]);
  });

  it('are by the document alone where it has a name like what follows it', async () => {
    const { ask, settled } = await frontWorld();
    const query = 'query\n{ film { title } }';
    expect((await settled({ query })).isInFront).toBe(true);
    const { status, isInFront } = await ask({ query: '{ film { title } }', operationName: 'query' });
    expect([status, isInFront]).toEqual([400, false]);
  });

  it('are not given where clients may refresh, to one that does', async () => {
    const { ask, settled } = await frontWorld({ http: { mayRefresh: ({ viewer }) => viewer?.id === 'ann' } });
    await settled(FILM);
    const headers = { 'cache-control': 'no-cache' };
    expect((await ask({ ...FILM, headers, ...as(bob) })).isInFront).toBe(true);
    expect((await ask({ ...FILM, headers, ...as(ann) })).isInFront).toBe(false);
  });

  it('are the same without `stringifyResult`, and none where another one writes them differently', async () => {
    const plain = await frontWorld({ server: ({ schema, plugins }) => ({ schema, plugins }) });
    expect(await plain.settled(FILM)).toMatchObject({ text: STALKER, isInFront: true });
    const pretty = await frontWorld({
      server: (options) => ({
        ...options,
        stringifyResult: (result) => JSON.stringify(result, undefined, 2),
      }),
    });
    const { text, isInFront } = await pretty.settled(FILM);
    expect([text.includes('\n  "data"'), isInFront]).toEqual([true, false]);
  });

  it('are given where queries are executed by plans', async () => {
    const { settled, log } = await frontWorld({ server: (options) => apolloWithPlans(options) });
    expect(await settled(FILM)).toMatchObject({ text: STALKER, isInFront: true });
    expect(log.lines).toEqual([]);
  });

  describe('of a server whose schema changes', () => {
    async function changing(plugins: readonly ApolloServerPlugin<FrontContext>[] = []) {
      let load: ((loaded: { apiSchema: GraphQLSchema; coreSupergraphSdl: string }) => void) | undefined;
      const world = await frontWorld({
        plugins,
        inFront: { without: plugins },
        server: ({ schema: apiSchema, ...options }) => ({
          ...options,
          gateway: {
            load: () =>
              Promise.resolve({
                executor: async ({ schema, document, context: contextValue }) =>
                  execute({ schema, document, contextValue }),
              }),
            onSchemaLoadOrUpdate: (listener) => {
              load = listener;
              listener({ apiSchema, coreSupergraphSdl: '' });
              return () => undefined;
            },
            stop: () => Promise.resolve(),
          },
        }),
      });
      const apiSchema = buildSchema('type Film { title: String } type Query { film: Film }');
      return { ...world, change: () => load?.({ apiSchema, coreSupergraphSdl: '' }) };
    }
    const none = { text: '{"data":{"film":null}}\n', isInFront: false };

    it('end with the old one', async () => {
      const { ask, settled, change } = await changing();
      expect((await settled(FILM)).isInFront).toBe(true);
      change();
      expect(await ask(FILM)).toMatchObject(none);
    });

    it('are not learnt from requests that began with the old one', async () => {
      let gate: Gate | undefined;
      const waiting: ApolloServerPlugin<FrontContext> = {
        requestDidStart: async () => ({ willSendResponse: async () => gate?.wait() }),
      };
      const { ask, change } = await changing([waiting]);
      for (let times = 0; times < 2; times += 1) await ask(FILM);
      gate = createGate();
      const asked = ask(FILM);
      await gate.arrived();
      change();
      gate.open();
      expect((await asked).text).toBe(STALKER);
      gate = undefined;
      expect(await ask(FILM)).toMatchObject(none);
    });
  });
});
