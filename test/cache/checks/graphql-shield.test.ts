import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql, type GraphQLSchema } from 'graphql';
import { applyMiddleware } from 'graphql-middleware';
import { rule, shield } from 'graphql-shield';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import {
  checkedTypeDefs,
  describeChecks,
  type CheckedParts,
  type Film,
  type Reader,
} from '../../contracts/checks-contract.js';

function withShield(schema: GraphQLSchema, mayRead: CheckedParts['mayRead']): GraphQLSchema {
  const isFriend = rule()((_parent, _args, context: Reader) => mayRead(context));
  return applyMiddleware(schema, shield({ Query: { film: isFriend }, Film: { notes: isFriend } }));
}

describeChecks({
  name: 'graphql-shield',
  inside: {
    isRefused: true,
    faults: [
      /@cached on Query\.film: graphql-middleware, which graphql-shield uses, was applied before the cache/,
      /@cached on Film\.notes: .*write applyMiddleware\(cache\.apply\(schema\), …\), or pass authorize to createCache/,
    ],
  },
  build: (order, { film, films, notes, mayRead, apply }) => {
    const schema = makeExecutableSchema({
      typeDefs: [cacheTypeDefs, checkedTypeDefs],
      resolvers: {
        Query: { film: (_: unknown, { id }: { id: string }) => film(id), films },
        Film: { notes: (parent: Film) => notes(parent) },
      },
    });
    return order === 'outside' ? withShield(apply(schema), mayRead) : apply(withShield(schema, mayRead));
  },
});

describe('graphql-shield inside of the wrapped resolver, where neutral is declared', () => {
  const answerWith = async (neutral: readonly string[]) => {
    const cache = createCache<Reader>({
      store: memoryStore(),
      environment: 'test',
      authorize: () => true,
      neutral,
    });
    const schema = makeExecutableSchema({
      typeDefs: [cacheTypeDefs, 'type Query { one: String @cached(ttl: 60) other: String @cached(ttl: 60) }'],
      resolvers: { Query: { one: () => 'one', other: () => 'other' } },
    });
    const isFriend = rule()((_parent, _args, { viewer }: Reader) =>
      cache.asCheck(() => viewer === undefined),
    );
    const cached = cache.apply(applyMiddleware(schema, shield({ Query: isFriend }, { debug: true })));
    const first = await graphql({
      schema: cached,
      source: '{ one }',
      contextValue: { _shield: { cache: {} } },
    });
    return first.errors?.[0]?.message ?? first.data;
  };

  it('reads _shield of the context, which must be declared', async () => {
    expect(await answerWith([])).toContain(
      'Query.one is cached for everybody (scope: PUBLIC), but its load read',
    );
    expect(await answerWith(['_shield'])).toEqual({ one: 'one' });
  });
});
