import { fastify } from 'fastify';
import { mercurius } from 'mercurius';
import mercuriusCache from 'mercurius-cache';
import type { Started } from '../servers/measured.js';
import type { Films } from '../servers/films.js';
import { resolversOf, typeDefs } from './rows.js';

const TTL_SECONDS = 3600;
const MAX_ENTRIES = 100_000;

/** Results of resolvers in memory, and queries compiled from their second time on, as its documentation advises. */
export async function startMercuriusCache(rows: Films): Promise<Started> {
  const server = fastify();
  await server.register(mercurius, { schema: typeDefs, resolvers: resolversOf(rows), jit: 1 });
  await server.register(mercuriusCache.default, {
    ttl: TTL_SECONDS,
    storage: { type: 'memory', options: { size: MAX_ENTRIES } },
    policy: { Query: { movie: true, movies: true }, Movie: { director: true } },
  });
  const url = await server.listen({ port: 0, host: '127.0.0.1' });
  return { url: `${url}/graphql`, loads: () => 0, close: () => server.close() };
}
