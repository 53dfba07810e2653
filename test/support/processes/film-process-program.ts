import { setTimeout as passes } from 'node:timers/promises';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { Redis } from 'ioredis';
import pg from 'pg';
import { cacheTypeDefs, createCache, type Outbox } from '../../../src/cache/index.js';
import { postgresOutbox } from '../../../src/cache/postgres/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import type { FilmProcessSettings, FilmRequest } from './film-process.js';

/** A process of its own with a cache of films, told by messages what to do: see `film-process.ts`. */
const { redisUrl, databaseUrl, source, plant } = JSON.parse(process.argv[2] ?? '{}') as FilmProcessSettings;
const APPLIED_LATE_MS = 1500;

const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
pool.on('error', () => undefined);
const tables = { Film: { table: 'films' } };
const log = { info: () => undefined, warn: () => undefined };
const outbox = postgresOutbox({ pool, tables, source, log });

function confirmedEarly(inner: Outbox): Outbox {
  return {
    ...inner,
    relay: (apply, forgetAll) =>
      inner.relay((rows) => {
        void passes(APPLIED_LATE_MS).then(() => apply(rows));
        return Promise.resolve();
      }, forgetAll),
  };
}

const cache = createCache({
  store: redisStore(new Redis(redisUrl, { lazyConnect: true }), { prefix: 'films' }),
  outbox: plant === 'confirmed-early' ? confirmedEarly(outbox) : outbox,
  log: { warn: () => undefined, error: () => undefined },
});

const seenOf = async (_: unknown, { id }: { id: string }): Promise<number> =>
  (await pool.query<{ seen: number }>('SELECT seen FROM films WHERE id = $1', [id])).rows[0]?.seen ?? -1;
const touch = async (_: unknown, { id }: { id: string }): Promise<number> =>
  (await pool.query<{ seen: number }>('UPDATE films SET seen = seen + 1 WHERE id = $1 RETURNING seen', [id]))
    .rows[0]?.seen ?? -1;
const schema = cache.apply(
  makeExecutableSchema({
    typeDefs: [
      cacheTypeDefs,
      `type Query { seen(id: ID!): Int @cached(ttl: 600, key: "Film:{args.id}") }
       type Mutation { touch(id: ID!): Int @invalidates(tags: ["Film:{args.id}"]) }`,
    ],
    resolvers: { Query: { seen: seenOf }, Mutation: { touch } },
  }),
);

async function answerOf(request: FilmRequest): Promise<unknown> {
  if ('write' in request) {
    const { data } = await graphql({
      schema,
      source: `mutation { touch(id: ${request.write}) }`,
      contextValue: {},
    });
    return data?.['touch'];
  }
  const fields = request.read.map((id) => `f${id}: seen(id: ${id})`).join(' ');
  const { data } = await graphql({ schema, source: `{ ${fields} }`, contextValue: {} });
  return request.read.map((id) => data?.[`f${id}`]);
}

process.on('message', (request: FilmRequest) => {
  void answerOf(request).then(
    (result) => process.send?.({ number: request.number, result }),
    (error: unknown) => process.send?.({ number: request.number, error: String(error) }),
  );
});
await cache.start();
process.send?.({ number: 0 });
