import { makeExecutableSchema } from '@graphql-tools/schema';
import { getDirective, mapSchema, MapperKind } from '@graphql-tools/utils';
import { defaultFieldResolver, GraphQLError, type GraphQLFieldConfig, type GraphQLSchema } from 'graphql';
import { cacheTypeDefs } from '../../../src/cache/index.js';
import {
  checkedTypeDefs,
  describeChecks,
  type CheckedParts,
  type Film,
  type Reader,
} from '../../contracts/checks-contract.js';

const typeDefs = [
  cacheTypeDefs,
  'directive @auth on FIELD_DEFINITION',
  checkedTypeDefs.replaceAll('@cached', '@auth @cached'),
];

/** The transformer of an `@auth` directive, as the guides of GraphQL Tools have it. */
function withAuth(schema: GraphQLSchema, mayRead: CheckedParts['mayRead']): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<unknown, Reader>) => {
      if (getDirective(schema, config, 'auth') === undefined) return config;
      const { resolve = defaultFieldResolver } = config;
      config.resolve = (parent, args, context, info) => {
        if (!mayRead(context)) throw new GraphQLError('not for you', { extensions: { code: 'FORBIDDEN' } });
        return resolve(parent, args, context, info);
      };
      return config;
    },
  });
}

describeChecks({
  name: 'an @auth directive made by mapSchema',
  inside: { isRefused: false },
  build: (order, { film, films, notes, mayRead, apply }) => {
    const schema = makeExecutableSchema({
      typeDefs,
      resolvers: {
        Query: { film: (_: unknown, { id }: { id: string }) => film(id), films },
        Film: { notes: (parent: Film) => notes(parent) },
      },
    });
    return order === 'outside' ? withAuth(apply(schema), mayRead) : apply(withAuth(schema, mayRead));
  },
});
