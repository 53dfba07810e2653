import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { type Cache, cacheTypeDefs } from '../cache/index.js';
import type { ApiContext } from '../context.js';
import { resolvers } from '../resolvers/resolvers.js';
import { argumentRules } from './argument-rules.js';
import { readTypeDefs } from './read-type-defs.js';
import { validateArguments } from './validate-arguments.js';

/** The schema as it is served, from the inside out: resolvers, the cache around them, the checks around the cache. */
export function buildSchema(cache: Cache<ApiContext>, typeDefs = readTypeDefs()): GraphQLSchema {
  const schema = makeExecutableSchema({ typeDefs: [cacheTypeDefs, ...typeDefs], resolvers });
  return validateArguments(cache.apply(schema), argumentRules);
}
