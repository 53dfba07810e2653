import type { ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { internalError, loggedError } from '../api-errors/internal-error.js';
import { fastifyHandler } from '../cache/apollo/index.js';
import type { ApiContext, ApiServices } from '../context.js';
import { requestContext } from './request-context.js';

/** /graphql: hands requests to Apollo Server, each with its context. */
export function addGraphqlRoute(
  app: FastifyInstance,
  apollo: ApolloServer<ApiContext>,
  services: ApiServices,
): void {
  const handler = fastifyHandler(apollo, {
    async context(request: FastifyRequest, reply: FastifyReply) {
      void reply.header('cache-control', 'no-store');
      try {
        return await requestContext(services, request, reply);
      } catch (error) {
        if (error instanceof GraphQLError) throw error;
        request.log.error({ error: loggedError(error) }, 'a session could not be read');
        throw internalError(request.id);
      }
    },
  });
  app.route({ method: ['GET', 'POST'], url: '/graphql', handler });
}
