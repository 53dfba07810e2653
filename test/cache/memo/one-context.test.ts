import { randomUUID } from 'node:crypto';
import { envelop, useEngine, useSchema } from '@envelop/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, parse } from 'graphql';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { cachePlugin } from '../../../src/cache/yoga/index.js';
import { needsRedis } from '../../support/needs.js';
import { useWorkerRedis } from '../../support/servers/worker-redis.js';
import { memoCache } from './memo-cache.js';

const typeDefs = `
  type Query { film: Film @cached(ttl: 60, key: "Film:1") }
  type Film { id: ID! title: String, director: Person @cached(ttl: 60, key: "Director:{parent.id}") }
  type Person { name: String }
`;

describe.skipIf(!needsRedis())('a server that gives all requests the same context', () => {
  const used = useWorkerRedis(needsRedis());

  async function oneProcess(prefix: string, director: { name: string }) {
    const cache = memoCache({
      vary: {},
      store: redisStore(new Redis(used.url, { lazyConnect: true }), { prefix }),
    });
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [cacheTypeDefs, typeDefs],
        resolvers: {
          Query: { film: () => ({ id: 1, title: 'Stalker' }) },
          Film: { director: () => ({ ...director }) },
        },
      }),
    );
    await cache.start();
    onTestFinished(() => cache.close());
    const { execute: run } = envelop({
      plugins: [useEngine({ parse, execute }), useSchema(schema), cachePlugin(cache)],
    })();
    const ask = async (source: string, contextValue: object): Promise<unknown> => {
      const { data }: { data?: unknown } = await run({ schema, document: documentOf(source), contextValue });
      return JSON.parse(JSON.stringify(data));
    };
    /** Once the log of invalidations is followed. */
    const isKept = (source: string): Promise<void> => {
      const { hits } = cache.stats.memo();
      return expect
        .poll(async () => {
          await ask(source, {});
          return cache.stats.memo().hits;
        })
        .toBeGreaterThan(hits);
    };
    return { cache, ask, isKept };
  }

  const TITLE = '{ film { title director { name } } }';
  const ID = '{ film { id director { name } } }';
  const stalkerOf = (name: string) => ({ film: { title: 'Stalker', director: { name } } });

  it('keeps no answer of which evidence of another request has taken a part', async () => {
    const director = { name: 'Tarkovsky' };
    const { cache, ask, isKept } = await oneProcess(randomUUID(), director);
    await isKept('{ film { title } }');
    const one = {};
    await ask(TITLE, one);
    const pending = ask(TITLE, one);
    // A request that wants evidence comes between the read of the film and that of its director.
    cache.trace(one);
    await pending;
    director.name = 'Bondarchuk';
    await cache.invalidate(['Director:1']);
    expect(await ask(TITLE, {})).toEqual(stalkerOf('Bondarchuk'));
  });

  it('keeps no answer of which another operation has taken a part', async () => {
    const director = { name: 'Tarkovsky' };
    const prefix = randomUUID();
    const reader = await oneProcess(prefix, director);
    const writer = await oneProcess(prefix, director);
    const one = {};
    await reader.isKept(TITLE);
    await reader.isKept(ID);
    // Both are found to be dropped at the same time, and executed again.
    await writer.cache.invalidate(['Director:1']);
    await writer.ask(TITLE, {});
    await Promise.all([reader.ask(TITLE, one), reader.ask(ID, one)]);
    director.name = 'Bondarchuk';
    await writer.cache.invalidate(['Director:1']);
    expect(await reader.ask(TITLE, {})).toEqual(stalkerOf('Bondarchuk'));
  });
});

const documents = new Map<string, ReturnType<typeof parse>>();

function documentOf(source: string): ReturnType<typeof parse> {
  const known = documents.get(source) ?? parse(source);
  documents.set(source, known);
  return known;
}
