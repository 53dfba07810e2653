import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import { GraphQLError } from 'graphql';
import { internalError, loggedError } from '../api-errors/internal-error.js';
import { type ApiContext, type ApiServices, createContext } from '../context.js';
import { clientOf } from './client-of.js';

/** /graphql: hands requests to Apollo Server, each with its context. */
export function addGraphqlRoute(
  app: FastifyInstance,
  apollo: ApolloServer<ApiContext>,
  services: ApiServices,
): void {
  const handler = fastifyApolloHandler(apollo, {
    async context(request, reply) {
      void reply.header('cache-control', 'no-store');
      const { id: requestId, ip: address, log } = request;
      const { authorization, 'accept-language': acceptLanguage } = request.headers;
      try {
        const client = clientOf(address, reply.raw);
        return await createContext({
          services,
          authorization,
          acceptLanguage,
          address,
          requestId,
          log,
          client,
        });
      } catch (error) {
        if (error instanceof GraphQLError) throw error;
        log.error({ error: loggedError(error) }, 'a session could not be read');
        throw internalError(requestId);
      }
    },
  });
  app.route({ method: ['GET', 'POST'], url: '/graphql', handler });
}
