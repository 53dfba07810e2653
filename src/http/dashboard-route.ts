import type { IncomingMessage } from 'node:http';
import type { ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import {
  cacheDashboard,
  type Credentials,
  type ShownCache,
  type SignedIn,
} from '../cache/dashboard/index.js';
import type { Config } from '../config.js';
import type { ApiContext, ApiServices } from '../context.js';
import { requestContext } from './request-context.js';

export interface DashboardParts {
  readonly apollo: ApolloServer<ApiContext>;
  readonly cache: ShownCache;
  readonly services: ApiServices;
  readonly environment: Config['environment'];
}

const signInMutation =
  'mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { token } }';

const NO_ANSWER = 'The API did not answer.';

interface SignInData {
  readonly signIn: { readonly token: string } | null;
}

interface SignOutData {
  readonly signOut: boolean | null;
}

/** /cache: what the cache does, for all on this machine in development, and for admins only in production. */
export function addDashboardRoute(
  app: FastifyInstance,
  { apollo, cache, services, environment }: DashboardParts,
): void {
  // What Fastify knows of a request, such as its address behind a proxy that is trusted.
  const known = new WeakMap<IncomingMessage, { request: FastifyRequest; reply: FastifyReply }>();
  const contextOf = async (raw: IncomingMessage): Promise<ApiContext> => {
    const found = known.get(raw);
    if (found === undefined) throw new Error('the request did not come by the route');
    return requestContext(services, found.request, found.reply);
  };
  const isAdmin = async (request: IncomingMessage): Promise<boolean> => {
    try {
      const { viewer } = await contextOf(request);
      return viewer?.role === 'ADMIN';
    } catch (error) {
      // A session that has ended.
      if (error instanceof GraphQLError) return false;
      throw error;
    }
  };
  /** As any client does, so that the same bounds hold. */
  const ask = async <Data>(
    operation: { readonly query: string; readonly variables?: Readonly<Record<string, unknown>> },
    contextValue: ApiContext,
  ): Promise<{ data?: Data | null | undefined; refusal: string }> => {
    const { body } = await apollo.executeOperation<Data>(operation, { contextValue });
    if (body.kind !== 'single') return { refusal: NO_ANSWER };
    const { data, errors = [] } = body.singleResult;
    return { data, refusal: errors[0]?.message ?? NO_ANSWER };
  };
  const signIn = async (
    { name: email, password }: Credentials,
    request: IncomingMessage,
  ): Promise<SignedIn> => {
    const operation = { query: signInMutation, variables: { email, password } };
    const { data, refusal } = await ask<SignInData>(operation, await contextOf(request));
    const token = data?.signIn?.token;
    return token === undefined ? { refusal } : { token };
  };
  const signOut = async (request: IncomingMessage): Promise<void> => {
    const context = await contextOf(request);
    // In development the page is open without a session.
    if (context.session === undefined) return;
    const { data, refusal } = await ask<SignOutData>({ query: 'mutation { signOut }' }, context);
    if (data?.signOut !== true) throw new Error(refusal);
  };
  const dashboard = cacheDashboard(cache, {
    // Elsewhere it is open on this machine only.
    authorize: environment === 'production' ? isAdmin : undefined,
    ...{ signIn, signOut, log: app.log },
  });
  const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    known.set(request.raw, { request, reply });
    // Before Fastify reads the body.
    reply.hijack();
    await dashboard.handle(request.raw, reply.raw);
  };
  for (const url of ['/cache', '/cache/*']) app.all(url, { onRequest }, () => undefined);
  app.addHook('preClose', () => dashboard.close());
}
