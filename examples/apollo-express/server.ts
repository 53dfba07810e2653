import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { expressMiddleware } from '@as-integrations/express5';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import { cacheTypeDefs, createCache, memoryStore } from 'graphql-corral';

let loads = 0;
const typeDefs = 'type Query { news: String @cached(ttl: 60) }';
const resolvers = { Query: { news: () => `load ${(loads += 1)}` } };

const cache = createCache({ store: memoryStore() });
const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
const app = express();
const httpServer = createServer((request, response) => void app(request, response));
const server = new ApolloServer({
  schema,
  plugins: [cache.apolloPlugin(), ApolloServerPluginDrainHttpServer({ httpServer })],
  stopOnTerminationSignals: false, // `stop` below does, and closes the cache
});
await cache.start();
await server.start();
app.use('/graphql', express.json(), expressMiddleware(server));
const port = Number(process.env['PORT'] ?? 4000);
httpServer.listen(port, () => console.log(`Ready at http://localhost:${port}/graphql`));

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  await server.stop();
  await cache.close();
}
