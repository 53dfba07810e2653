import fastifyCors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { addGraphiqlPage } from './graphiql-page.js';

/** What helps people to find their way in development, and is not there in production. */
export async function addExplorers(app: FastifyInstance): Promise<void> {
  // The hosted Sandbox runs in the browser, on a page of its own origin.
  await app.register(fastifyCors, { origin: 'https://studio.apollographql.com' });
  addGraphiqlPage(app);
  app.get('/', async (_request, reply) => reply.redirect('/graphql'));
}
