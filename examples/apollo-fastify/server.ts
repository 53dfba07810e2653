import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { makeExecutableSchema } from '@graphql-tools/schema';
import fastify from 'fastify';
import { cacheTypeDefs, createCache, memoryStore } from 'graphql-corral';

let loads = 0;
const typeDefs = 'type Query { news: String @cached(ttl: 60) }';
const resolvers = { Query: { news: () => `load ${(loads += 1)}` } };

const cache = createCache({ store: memoryStore() });
const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
const app = fastify();
const server = new ApolloServer({
  schema,
  plugins: [cache.apolloPlugin(), fastifyApolloDrainPlugin(app)],
  stopOnTerminationSignals: false, // `stop` below does, and closes the cache
});
await cache.start();
await server.start();
await app.register(fastifyApollo(server));
const port = Number(process.env['PORT'] ?? 4000);
await app.listen({ port });
console.log(`Ready at http://localhost:${port}/graphql`);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  await server.stop(); // closes Fastify first
  await cache.close();
}
