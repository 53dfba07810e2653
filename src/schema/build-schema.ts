import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { cacheAdminResolvers, cacheAdminTypeDefs } from '../cache/admin/index.js';
import { type Cache, cacheTypeDefs } from '../cache/index.js';
import type { ApiContext } from '../context.js';
import { scanFields } from '../limits/field-cost.js';
import { resolvers as ownResolvers } from '../resolvers/resolvers.js';
import { argumentRules } from './argument-rules.js';
import { readTypeDefs } from './read-type-defs.js';
import { type AnswersAs, scansOfClients } from './scans-of-clients.js';
import { validateArguments } from './validate-arguments.js';

/**
 * The schema as it is served, from the inside out: resolvers, the cache around them, the checks and the bounds of clients
 * around the cache.
 */
export function buildSchema(
  cache: Cache<ApiContext>,
  typeDefs = readTypeDefs(),
  resolvers = ownResolvers,
): GraphQLSchema {
  const schema = makeExecutableSchema({
    typeDefs: [cacheTypeDefs, ...typeDefs, cacheAdminTypeDefs],
    resolvers: [resolvers, cacheAdminResolvers<ApiContext>(cache, { isAllowed: isAdmin })],
  });
  // To any client these answer what the cache answers, or refuse.
  const answersAs: AnswersAs = (resolve, around) => cache.answersAs(resolve, around);
  return validateArguments(
    scansOfClients(cache.apply(schema), scanFields, answersAs),
    argumentRules,
    answersAs,
  );
}

function isAdmin({ viewer }: Pick<ApiContext, 'viewer'>): boolean {
  return viewer?.role === 'ADMIN';
}
