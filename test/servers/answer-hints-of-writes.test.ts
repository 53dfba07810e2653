import { randomUUID } from 'node:crypto';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql, type GraphQLSchema } from 'graphql';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  cacheTypeDefs,
  createCache,
  memoryJournal,
  memoryStore,
  type Journal,
  type Store,
} from '../../src/cache/index.js';
import { redisJournal, redisStore } from '../../src/cache/redis/index.js';
import { cacheLog } from '../support/cache-log.js';
import { manualClock } from '../support/manual-clock.js';
import { needsRedis } from '../support/needs.js';
import { useTestedRedis } from '../support/servers/tested-redis.js';

interface Hint {
  maxAge?: number;
  scope?: 'PUBLIC' | 'PRIVATE';
}

interface Info {
  cacheControl?: {
    setCacheHint(hint: Hint): void;
    cacheHint: { maxAge?: number; restrict(hint: Hint): void };
    cacheHintFromType(type: unknown): Hint;
  };
}

const typeDefs = /* GraphQL */ `
  enum CacheControlScope {
    PUBLIC
    PRIVATE
  }
  directive @cacheControl(
    maxAge: Int
    scope: CacheControlScope
    inheritMaxAge: Boolean
  ) on FIELD_DEFINITION | OBJECT
  type Page {
    id: ID!
    text: String @cacheControl(maxAge: 900)
  }
  type Report @cacheControl(maxAge: 70) {
    text: String @cacheControl(maxAge: 900)
  }
  type Query {
    page(id: ID!): Page @cached(ttl: 600, key: "Page:{args.id}") @cacheControl(maxAge: 500)
    plain(id: ID!): Page @cached(ttl: 600, key: "Plain:{args.id}") @cacheControl(maxAge: 500)
    place(id: ID!): Page @cached(ttl: 600, key: "Place:{args.id}") @cacheControl(maxAge: 500)
    mine: Page @cached(ttl: 600, scope: PRIVATE, key: "Mine:{viewer.id}") @cacheControl(maxAge: 500)
    restricted: String @cached(ttl: 60) @cacheControl(maxAge: 100)
    aside(id: ID!): Page @cached(ttl: 600, key: "Row:{args.id}") @cacheControl(maxAge: 500)
    through(id: ID!): Page
      @cached(ttl: 600, pattern: READ_THROUGH, key: "Row:{args.id}")
      @cacheControl(maxAge: 400)
    warm: String @cached(ttl: 60, pattern: PREFETCH) @cacheControl(maxAge: 100)
    warmRestricted: Report @cached(ttl: 60, pattern: PREFETCH)
  }
  type Mutation {
    writePage(id: ID!): Page @cached(ttl: 600, pattern: WRITE_THROUGH, key: "Page:{args.id}")
    writePlain(id: ID!): Page @cached(ttl: 600, pattern: WRITE_THROUGH, key: "Plain:{args.id}")
    writeMine: Page @cached(ttl: 600, pattern: WRITE_THROUGH, scope: PRIVATE, key: "Mine:{viewer.id}")
    writePlace(id: ID!): Page @cached(ttl: 600, pattern: WRITE_BEHIND, key: "Place:{args.id}")
  }
`;

const hinting =
  (hint: Hint, value: unknown = { id: '1', text: 'a' }) =>
  (_: unknown, __: unknown, ___: unknown, info: unknown): unknown => {
    (info as Info).cacheControl?.setCacheHint(hint);
    return value;
  };

let version = 0;
const row = (_: unknown, { id = '1' }: { id?: string }) => ({ id, text: 'b', version: (version += 1) });

async function start({ store, journal }: { store: Store; journal: Journal }) {
  const clock = manualClock();
  // Accepted writes stay pending until the test ends.
  let end = (): void => undefined;
  const untilEnd = new Promise<void>((resolve) => (end = resolve));
  const cache = createCache<{ viewer?: string }>({
    ...{ store, journal, clock, environment: 'test', log: cacheLog() },
    random: () => 0,
    viewer: ({ viewer }) => viewer,
    origins: {
      Place: { flush: () => untilEnd },
      Row: { load: (ids) => Promise.resolve(ids.map((id) => ({ id, text: 'c' }))) },
    },
    warm: { 'Query.warm': () => [{}], 'Query.warmRestricted': () => [{}] },
  });
  let staticHint: Hint | undefined;
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: {
          page: hinting({ maxAge: 20 }),
          place: hinting({ maxAge: 20 }),
          aside: hinting({ maxAge: 20 }),
          plain: () => ({ id: '1', text: 'a' }),
          mine: () => ({ id: '1', text: 'a' }),
          restricted: (_: unknown, __: unknown, ___: unknown, info: unknown) => {
            (info as Info).cacheControl?.cacheHint.restrict({ maxAge: 300 });
            return 'value';
          },
          // It relies on the plugin.
          warm: (_: unknown, __: unknown, ___: unknown, info: unknown) => {
            const { cacheControl } = info as Required<Info>;
            cacheControl.setCacheHint({ maxAge: 5, scope: 'PRIVATE' });
            return 'value';
          },
          warmRestricted: (
            _: unknown,
            __: unknown,
            ___: unknown,
            info: { schema: GraphQLSchema } & Required<Info>,
          ) => {
            const { cacheHint, cacheHintFromType } = info.cacheControl;
            staticHint = cacheHintFromType(info.schema.getType('Report'));
            cacheHint.restrict({ maxAge: 300 });
            return { text: String(cacheHint.maxAge) };
          },
        },
        Mutation: {
          writePage: row,
          writePlain: row,
          writeMine: row,
          writePlace: (_: unknown, { id }: { id: string }) => ({ id, text: 'b' }),
        },
      },
    }),
  );
  const server = new ApolloServer<{ viewer?: string }>({
    schema,
    plugins: [ApolloServerPluginCacheControl()],
  });
  await server.start();
  await cache.start();
  onTestFinished(async () => {
    end();
    await server.stop();
    await cache.close();
  });
  const run = async (query: string): Promise<string | undefined> => {
    const http = { method: 'POST', headers: new HeaderMap(), search: '', body: {} };
    const contextValue = { viewer: 'ann' };
    const { http: answered, body } = await server.executeOperation({ query, http }, { contextValue });
    if (body.kind !== 'single') throw new Error('nothing was deferred');
    expect(body.singleResult.errors).toBeUndefined();
    return answered.headers.get('cache-control');
  };
  const runWithoutPlugin = async (source: string): Promise<void> => {
    expect((await graphql({ schema, source, contextValue: {} })).errors).toBeUndefined();
  };
  return { run, runWithoutPlugin, cache, clock, staticHintSeen: () => staticHint };
}

const hasRedis = needsRedis();
const used = useTestedRedis(hasRedis);

const places: [string, () => { store: Store; journal: Journal }][] = [
  ['the memory store', () => ({ store: memoryStore(), journal: memoryJournal() })],
];
if (hasRedis) {
  places.push([
    'Redis',
    () => {
      const prefix = randomUUID();
      const journal = redisJournal(used.redis, { prefix, durability: 'memory' });
      return { store: redisStore(used.redis, { prefix }), journal };
    },
  ]);
}

describe.each(places)('with the cache-control plugin of Apollo Server and %s', (_name, makePlace) => {
  it('a row that a write stored is not told to be kept, where loads of its field set hints', async () => {
    const { run } = await start(makePlace());
    expect(await run('{ page(id: 1) { text } }')).toBe('max-age=20, public');
    await run('mutation { writePage(id: 2) { text } }');
    for (let times = 0; times < 2; times += 1) expect(await run('{ page(id: 2) { text } }')).toBe('no-store');
  });

  it('a row that a write stored keeps the hint of the directive, where no load of its field sets hints', async () => {
    const { run } = await start(makePlace());
    await run('{ plain(id: 1) { text } }');
    await run('mutation { writePlain(id: 2) { text } }');
    expect(await run('{ plain(id: 2) { text } }')).toBe('max-age=500, public');
  });

  it('a row that a write stored is PRIVATE where its field is', async () => {
    const { run } = await start(makePlace());
    await run('mutation { writeMine { text } }');
    expect(await run('{ mine { text } }')).toBe('max-age=500, private');
  });

  it('a write that is pending is not told to be kept, where loads of its field set hints', async () => {
    const { run } = await start(makePlace());
    expect(await run('{ place(id: 1) { text } }')).toBe('max-age=20, public');
    await run('mutation { writePlace(id: 2) { text } }');
    for (let times = 0; times < 2; times += 1)
      expect(await run('{ place(id: 2) { text } }')).toBe('no-store');
  });

  it('what an origin has loaded is not told to be kept by a field of the same key whose loads set hints', async () => {
    const { run } = await start(makePlace());
    expect(await run('{ aside(id: 1) { text } }')).toBe('max-age=20, public');
    expect(await run('{ through(id: 2) { text } }')).toBe('max-age=400, public');
    expect(await run('{ aside(id: 2) { text } }')).toBe('no-store');
    expect(await run('{ through(id: 2) { text } }')).toBe('max-age=400, public');
  });

  it('what a load had no plugin to tell is not told to be kept, where loads of its field set hints', async () => {
    const { run, runWithoutPlugin } = await start(makePlace());
    expect(await run('{ page(id: 1) { text } }')).toBe('max-age=20, public');
    await runWithoutPlugin('{ page(id: 2) { text } }');
    expect(await run('{ page(id: 2) { text } }')).toBe('no-store');
  });

  it('a hit is told no longer than its load, which the directive restricts too', async () => {
    const { run } = await start(makePlace());
    for (let times = 0; times < 2; times += 1)
      expect(await run('{ restricted }')).toBe('max-age=100, public');
  });

  it('a warm load keeps its hints with the entry', async () => {
    const { run, cache, clock, staticHintSeen } = await start(makePlace());
    await cache.warm.ready();
    for (const field of ['warm', 'warmRestricted']) {
      await vi.waitFor(
        () => expect(cache.stats.counters()[`Query.${field}`]).toMatchObject({ stored: 1 }),
        5000,
      );
    }
    expect(await run('{ warm }')).toBe('max-age=5, private');
    clock.advance(2000);
    expect(await run('{ warm }')).toBe('max-age=3, private');
    expect(await run('{ warmRestricted { text } }')).toBe('max-age=68, public');
    expect(staticHintSeen()).toEqual({ maxAge: 70 });
  });
});
