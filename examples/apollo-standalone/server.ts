import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { cacheTypeDefs, createCache, memoryStore } from 'graphql-corral';

let loads = 0;
const typeDefs = 'type Query { news: String @cached(ttl: 60) }';
const resolvers = { Query: { news: () => `load ${(loads += 1)}` } };

const cache = createCache({ store: memoryStore() });
const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
const server = new ApolloServer({
  schema,
  plugins: [cache.apolloPlugin()],
  stopOnTerminationSignals: false, // `stop` below does, and closes the cache
});
await cache.start();
const port = Number(process.env['PORT'] ?? 4000);
const { url } = await startStandaloneServer(server, { listen: { port } });
console.log(`Ready at ${url}graphql`);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  await server.stop();
  await cache.close();
}
