import { envelop, useEngine, useSchema } from '@envelop/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, parse } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, type CacheOptions } from '../../../src/cache/index.js';
import { plansPlugin } from '../../../src/cache/execution/index.js';
import { cachePlugin } from '../../../src/cache/yoga/index.js';
import { memoCache, type Reader } from './memo-cache.js';

const typeDefs = `
  type Query {
    film: Film @cached(ttl: 60, key: "Film:1")
    mine: String @cached(ttl: 60, scope: PRIVATE)
    price: String @cached(ttl: 60, vary: ["tenant"])
  }
  type Film { id: ID! title: String }
  type Mutation { rename(title: String): Boolean @invalidates(tags: ["Film:1"]) }
`;

const FILM = '{ film { title } }';
const STALKER = '{"data":{"film":{"title":"Stalker"}}}';

/** Yoga over a cache that keeps whole answers, and how often Yoga executed an operation. */
async function yogaWorld({
  before = [],
  after = [],
  ...options
}: Partial<CacheOptions<Reader>> & { before?: Plugin[]; after?: Plugin[] } = {}) {
  let title = 'Stalker';
  const cache = memoCache<Reader>(options);
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: {
          film: () => ({ id: 1, title }),
          mine: (_: unknown, __: unknown, { viewer }: Reader) => `of ${viewer?.id}`,
          price: (_: unknown, __: unknown, { tenant }: Reader) => `for ${tenant}`,
        },
        Mutation: { rename: (_: unknown, given: { title: string }) => Boolean((title = given.title)) },
      },
    }),
  );
  const yoga = createYoga<object, Reader>({
    schema,
    logging: false,
    maskedErrors: false,
    context: ({ request: { headers } }) => {
      const [id, tenant] = [headers.get('x-viewer'), headers.get('x-tenant')];
      return { ...(id === null ? {} : { viewer: { id } }), ...(tenant === null ? {} : { tenant }) };
    },
    plugins: [...before, cachePlugin(cache), ...after],
  });
  await cache.start();
  onTestFinished(async () => {
    await yoga.dispose();
    await cache.close();
  });
  const ask = async (query: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => {
    const response = await yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return response.text();
  };
  const many = async (query: string, headers?: Readonly<Record<string, string>>): Promise<string[]> => {
    const texts: string[] = [];
    for (let time = 0; time < 5; time += 1) texts.push(await ask(query, headers));
    return texts;
  };
  return { cache, schema, ask, many };
}

describe('GraphQL Yoga over a cache that keeps whole answers', () => {
  it.each<[string, Plugin[]]>([
    ['', []],
    ['by plans', [plansPlugin()]],
  ])('gives the same text again without executing %s', async (_, before) => {
    const { cache, many } = await yogaWorld({ before });
    expect(await many(FILM)).toEqual(Array.from({ length: 5 }, () => STALKER));
    expect(cache.stats.memo()).toMatchObject({ kept: 1, hits: 3 });
  });

  it('gives nothing from before a write', async () => {
    const { cache, ask, many } = await yogaWorld();
    await many(FILM);
    await ask('mutation { rename(title: "Solaris") }');
    expect(await ask(FILM)).toBe('{"data":{"film":{"title":"Solaris"}}}');
    expect(cache.stats.memo().hits).toBe(3);
  });

  it('keeps an answer for each variant, and none of a PRIVATE field', async () => {
    const { cache, many } = await yogaWorld();
    for (const tenant of ['acme', 'other']) {
      const price = `{"data":{"price":"for ${tenant}"}}`;
      expect(await many('{ price }', { 'x-tenant': tenant })).toEqual(Array.from({ length: 5 }, () => price));
    }
    expect(cache.stats.memo()).toMatchObject({ kept: 2, hits: 6 });
    for (const viewer of ['1', '2']) {
      const mine = `{"data":{"mine":"of ${viewer}"}}`;
      expect(await many('{ mine }', { 'x-viewer': viewer })).toEqual(Array.from({ length: 5 }, () => mine));
    }
    expect(cache.stats.memo()).toMatchObject({ kept: 2, hits: 6 });
  });

  it('executes where the evidence is asked for', async () => {
    const { ask, many } = await yogaWorld();
    await many(FILM);
    expect(await ask(FILM, { 'x-cache-debug': '1' })).toContain('"outcome":"HIT"');
    expect(await ask(FILM)).toBe(STALKER);
  });

  it('leaves the last word to plugins that refuse a reader, that change an answer, or that follow the execution', async () => {
    let done = 0;
    const refusing: Plugin<Reader> = {
      onExecute: ({ args, setResultAndStopExecution }) => {
        const { viewer } = args.contextValue;
        if (viewer?.id === 'banned') setResultAndStopExecution({ data: null });
        return {
          onExecuteDone: ({ result, setResult }) => {
            done += 1;
            if (viewer?.id === 'seen' && 'data' in result)
              setResult({ ...result, extensions: { seen: true } });
            if (viewer?.id === 'other' && 'data' in result && result.data?.['film'] !== undefined)
              setResult({ ...result, data: { film: { title: 'for the other' } } });
          },
        };
      },
    };
    for (const plugins of [{ before: [refusing] }, { after: [refusing] }]) {
      done = 0;
      const { cache, ask, many } = await yogaWorld(plugins);
      await many(FILM);
      expect(done).toBe(5);
      expect(await ask(FILM, { 'x-viewer': 'banned' })).toBe('{"data":null}');
      expect(await ask(FILM, { 'x-viewer': 'seen' })).toBe(
        '{"data":{"film":{"title":"Stalker"}},"extensions":{"seen":true}}',
      );
      expect(await ask(FILM, { 'x-viewer': 'other' })).toBe('{"data":{"film":{"title":"for the other"}}}');
      expect(await ask(FILM)).toBe(STALKER);
      expect(cache.stats.memo().hits).toBeGreaterThan(2);
    }
  });

  it('keeps nothing of what another plugin makes of an execution', async () => {
    const other: Plugin<Reader> = {
      onExecute: ({ args, executeFn, setExecuteFn }) =>
        setExecuteFn(async (given) => {
          await executeFn(given);
          return { data: { film: { title: `for ${args.contextValue.viewer?.id}` } } };
        }),
    };
    for (const plugins of [{ before: [other] }, { after: [other] }]) {
      const { many } = await yogaWorld(plugins);
      for (const viewer of ['1', '2']) {
        const expected = `{"data":{"film":{"title":"for ${viewer}"}}}`;
        expect(await many(FILM, { 'x-viewer': viewer })).toEqual(Array.from({ length: 5 }, () => expected));
      }
    }
  });

  it('keeps nothing of a document with two operations of one name, which a server without validation lets through', async () => {
    const { cache, schema } = await yogaWorld();
    const getEnveloped = envelop({
      plugins: [useEngine({ parse, execute }), useSchema(schema), cachePlugin(cache)],
    });
    // graphql-js executes the last one.
    const document = parse('query Film { film { title } } query Film { mine }');
    for (const id of ['1', '2', '1', '2', '1', '2']) {
      const asked = { schema, document, operationName: 'Film', contextValue: { viewer: { id } } };
      expect(await getEnveloped().execute(asked)).toEqual({ data: { mine: `of ${id}` } });
    }
    expect(cache.stats.memo().kept).toBe(0);
  });
});
