import { randomUUID } from 'node:crypto';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it, vi } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore, type Store } from '../../src/cache/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import { cacheLog } from '../support/cache-log.js';
import { createGate } from '../support/gate.js';
import { manualClock } from '../support/manual-clock.js';
import { needsRedis } from '../support/needs.js';
import { useTestedRedis } from '../support/servers/tested-redis.js';

interface Context {
  viewer?: string;
}

interface Hint {
  maxAge?: number;
  scope?: 'PUBLIC' | 'PRIVATE';
}

interface Info {
  cacheControl: {
    setCacheHint(hint: Hint): void;
    cacheHint: { restrict(hint: Hint): void; maxAge: number | undefined };
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
  type Row {
    id: ID!
    text: String @cacheControl(maxAge: 500)
    dynamic: String @cached(ttl: 60) @cacheControl(maxAge: 500)
  }
  type Query {
    hinted: String @cached(ttl: 60) @cacheControl(maxAge: 100)
    restricted: String @cached(ttl: 60) @cacheControl(maxAge: 100)
    plain: String @cached(ttl: 60) @cacheControl(maxAge: 100)
    mine: String @cached(ttl: 60, scope: PRIVATE) @cacheControl(maxAge: 100)
    mineAsPublic: String @cached(ttl: 60, scope: PRIVATE) @cacheControl(maxAge: 100)
    stale: String @cached(ttl: 2, swr: 600) @cacheControl(maxAge: 100)
    rows: [Row!]! @cached(ttl: 60) @cacheControl(maxAge: 400)
  }
`;

const hinting =
  (hint: Hint) =>
  (_: unknown, __: unknown, ___: Context, info: unknown): string => {
    (info as Info).cacheControl.setCacheHint(hint);
    return 'value';
  };

async function start(
  store: Store,
  clock = manualClock(),
  wait: () => Promise<void> = () => Promise.resolve(),
) {
  const cache = createCache<Context>({
    store,
    clock,
    environment: 'test',
    log: cacheLog(),
    random: () => 0,
    viewer: ({ viewer }) => viewer,
  });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: {
          hinted: async (_, __, ___, info) => {
            await wait();
            return hinting({ maxAge: 5, scope: 'PRIVATE' })(_, __, {}, info);
          },
          restricted: (_, __, ___, info: unknown) => {
            const { cacheHint } = (info as Info).cacheControl;
            cacheHint.restrict({ maxAge: 30 });
            cacheHint.restrict({ maxAge: 300 });
            return String(cacheHint.maxAge);
          },
          plain: () => 'value',
          mine: () => 'value',
          mineAsPublic: hinting({ scope: 'PUBLIC' }),
          stale: hinting({ maxAge: 50 }),
          rows: () => [{ id: '1', text: 'a' }],
        },
        Row: { dynamic: hinting({ maxAge: 20 }) },
      },
    }),
  );
  const server = new ApolloServer<Context>({ schema, plugins: [ApolloServerPluginCacheControl()] });
  await server.start();
  await cache.start();
  const headerOf = async (query: string, contextValue: Context = {}): Promise<string | undefined> => {
    const http = { method: 'POST', headers: new HeaderMap(), search: '', body: {} };
    const { http: answered, body } = await server.executeOperation({ query, http }, { contextValue });
    if (body.kind !== 'single') throw new Error('nothing was deferred');
    expect(body.singleResult.errors).toBeUndefined();
    return answered.headers.get('cache-control');
  };
  const stop = async (): Promise<void> => {
    await server.stop();
    await cache.close();
  };
  /** Resolves once the field has stored what it loaded, which nobody's answer waits for. */
  const hasStored = (field: string): Promise<void> =>
    vi.waitFor(() => expect(cache.stats.counters()[`Query.${field}`]).toMatchObject({ stored: 1 }), 5000);
  return { headerOf, stop, clock, hasStored };
}

const hasRedis = needsRedis();
const used = useTestedRedis(hasRedis);

const stores: [string, () => Store][] = [['the memory store', () => memoryStore()]];
if (hasRedis) {
  stores.push([
    'Redis',
    () => {
      return redisStore(used.redis, { prefix: randomUUID() });
    },
  ]);
}

describe.each(stores)('with the cache-control plugin of Apollo Server and %s', (_name, makeStore) => {
  it('a hit gives the hints that its load has given, less the time since then', async () => {
    const { headerOf, clock, stop, hasStored } = await start(makeStore());
    expect(await headerOf('{ hinted }')).toBe('max-age=5, private');
    await hasStored('hinted');
    expect(await headerOf('{ hinted }')).toBe('max-age=5, private');
    clock.advance(2000);
    expect(await headerOf('{ hinted }')).toBe('max-age=3, private');
    expect(await headerOf('{ hinted plain }')).toBe('max-age=3, private');
    clock.advance(10_000);
    expect(await headerOf('{ hinted }')).toBe('no-store');
    await stop();
  });

  it('a hit gives what its load has restricted, and no more', async () => {
    const { headerOf, stop } = await start(makeStore());
    for (let times = 0; times < 3; times += 1)
      expect(await headerOf('{ restricted }')).toBe('max-age=30, public');
    await stop();
  });

  it('a field without hints of its own keeps those of its directive', async () => {
    const { headerOf, stop } = await start(makeStore());
    for (let times = 0; times < 2; times += 1)
      expect(await headerOf('{ plain }')).toBe('max-age=100, public');
    await stop();
  });

  it.each(['mine', 'mineAsPublic'])(
    'a PRIVATE field always says so, whatever its resolver says: %s',
    async (field) => {
      const { headerOf, stop } = await start(makeStore());
      for (const viewer of ['ann', 'ann', 'bob', undefined]) {
        const context: Context = viewer === undefined ? {} : { viewer };
        expect(await headerOf(`{ ${field} }`, context)).toBe('max-age=100, private');
      }
      await stop();
    },
  );

  it('those who join a load give its hints too', async () => {
    const gate = createGate();
    const { headerOf, stop } = await start(makeStore(), manualClock(), () => gate.wait());
    const answers = Promise.all(Array.from({ length: 5 }, () => headerOf('{ hinted }')));
    await gate.arrived();
    gate.open();
    expect(new Set(await answers)).toEqual(new Set(['max-age=5, private']));
    await stop();
  });

  it('a stale value gives the hint of its own load', async () => {
    const { headerOf, clock, stop } = await start(makeStore());
    await headerOf('{ stale }');
    clock.advance(10_000);
    expect(await headerOf('{ stale }')).toBe('max-age=40, public');
    await stop();
  });

  it('what is read ahead for a list gives its hints', async () => {
    const { headerOf, stop } = await start(makeStore());
    for (let times = 0; times < 3; times += 1) {
      expect(await headerOf('{ rows { text dynamic } }')).toBe('max-age=20, public');
    }
    await stop();
  });
});
