import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { cacheTypeDefs, createCache, memoryStore } from 'graphql-corral';
import { cachePlugin } from 'graphql-corral/yoga';

let loads = 0;
const typeDefs = 'type Query { news: String @cached(ttl: 60) }';
const resolvers = { Query: { news: () => `load ${(loads += 1)}` } };

const cache = createCache({ store: memoryStore() });
const schema = cache.apply(createSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
const yoga = createYoga({ schema, plugins: [cachePlugin(cache)] });
await cache.start();
const port = Number(process.env['PORT'] ?? 4000);
const server = createServer((request, response) => void yoga(request, response));
server.listen(port, () => console.log(`Ready at http://localhost:${port}/graphql`));

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);

function stop(): void {
  server.close(() => void cache.close());
}
