import { createServer } from 'node:http';
import { createInMemoryCache, useResponseCache } from '@graphql-yoga/plugin-response-cache';
import { createSchema, createYoga } from 'graphql-yoga';
import type { Started } from '../servers/measured.js';
import type { Films } from '../servers/films.js';
import { resolversOf, typeDefs } from './rows.js';

const TTL_MS = 3_600_000;
const MAX_ANSWERS = 100_000;

/** Whole answers in memory, which Yoga gives before it parses anything. Its default bound of 1,000 answers is raised. */
export async function startYogaResponseCache(rows: Films): Promise<Started> {
  const yoga = createYoga({
    schema: createSchema({ typeDefs, resolvers: resolversOf(rows) }),
    logging: false,
    graphiql: false,
    plugins: [
      useResponseCache({
        session: () => null,
        ttl: TTL_MS,
        cache: createInMemoryCache({ max: MAX_ANSWERS }),
      }),
    ],
  });
  const server = createServer((request, response) => void yoga(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/graphql`, loads: () => 0, close };
}
