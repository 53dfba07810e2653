import { makeExecutableSchema } from '@graphql-tools/schema';
import fastify from 'fastify';
import mercurius from 'mercurius';
import { cacheTypeDefs, createCache, memoryStore } from 'graphql-corral';
import { cachePlugin } from 'graphql-corral/mercurius';

let loads = 0;
const typeDefs = 'type Query { news: String @cached(ttl: 60) }';
const resolvers = { Query: { news: () => `load ${(loads += 1)}` } };

const cache = createCache({ store: memoryStore() });
const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
const app = fastify();
await app.register(mercurius, { schema, jit: 1 });
await app.register(cachePlugin(cache));
await cache.start();
const port = Number(process.env['PORT'] ?? 4000);
await app.listen({ port });
console.log(`Ready at http://localhost:${port}/graphql`);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  await app.close();
  await cache.close();
}
