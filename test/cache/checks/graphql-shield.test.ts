import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { applyMiddleware } from 'graphql-middleware';
import { rule, shield } from 'graphql-shield';
import { cacheTypeDefs } from '../../../src/cache/index.js';
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
