import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ApiContext, type ApiServices, createContext } from '../context.js';
import { addressOf, clientOf } from './client-of.js';

/** The context of an HTTP request. @throws GraphQLError when it brings a token that is not, or not any more, good. */
export function requestContext(
  services: ApiServices,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ApiContext> {
  const { id: requestId, log, headers } = request;
  const address = addressOf(request);
  const { authorization, 'accept-language': acceptLanguage } = headers;
  const client = clientOf(address, reply.raw);
  return createContext({ services, authorization, acceptLanguage, address, requestId, log, client });
}
