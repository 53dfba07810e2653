import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import type pg from 'pg';
import { cacheTypeDefs, type Cache } from '../../../src/cache/index.js';

export interface SeenFilms {
  readonly cache: Cache<unknown>;
  /** What a load asks; called for each. */
  readonly reader: () => pg.Pool | Promise<pg.Pool>;
  readonly writer: pg.Pool;
}

/** A cached schema over the table `films`: how often a film was seen, and a mutation that sees it once more. */
export function seenFilms({ cache, reader, writer }: SeenFilms): GraphQLSchema {
  const one = async (pool: pg.Pool, sql: string, id: string): Promise<number> =>
    (await pool.query<{ seen: number }>(sql, [id])).rows[0]?.seen ?? -1;
  return cache.apply(
    makeExecutableSchema({
      typeDefs: [
        cacheTypeDefs,
        `type Query { seen(id: ID!): Int @cached(ttl: 600, key: "Film:{args.id}") }
         type Mutation { touch(id: ID!): Int @invalidates(tags: ["Film:{args.id}"]) }`,
      ],
      resolvers: {
        Query: {
          seen: async (_: unknown, { id }: { id: string }) =>
            one(await reader(), 'SELECT seen FROM films WHERE id = $1', id),
        },
        Mutation: {
          touch: (_: unknown, { id }: { id: string }) =>
            one(writer, 'UPDATE films SET seen = seen + 1 WHERE id = $1 RETURNING seen', id),
        },
      },
    }),
  );
}
