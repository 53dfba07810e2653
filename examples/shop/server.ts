import { readFile } from 'node:fs/promises';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { cacheTypeDefs } from 'graphql-corral';
import { cache, db, pool, type Context } from './cache.js';
import { resolvers } from './resolvers.js';

const typeDefs = [cacheTypeDefs, await readFile('schema.graphql', 'utf8')];
const schema = cache.apply(makeExecutableSchema({ typeDefs, resolvers }));
const server = new ApolloServer<Context>({
  schema,
  plugins: [cache.apolloPlugin()],
  stopOnTerminationSignals: false, // `stop` below does, and flushes before the process ends
});

await cache.start(); // connects to Redis, and makes the triggers
await cache.warm.ready();
const { url } = await startStandaloneServer(server, {
  listen: { port: Number(process.env['PORT'] ?? 4000) },
  // Your own sign-in belongs here: this shop believes what the client says.
  context: async ({ req }) => ({ db, customerId: req.headers['x-customer']?.toString() }),
});
console.log(`The shop is open at ${url}`);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  await server.stop(); // answers what is under way
  await cache.close(); // flushes what was accepted
  await db.$disconnect();
  await pool.end(); // last, as the cache needs it
  console.log('The shop is closed.');
}
