import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { cacheTypeDefs, createCache, memoryStore } from 'graphql-corral';

const titles = new Map([
  ['1', 'Vagabond'],
  ['2', 'Jane B.'],
]);
const typeDefs = parse(`
  ${cacheTypeDefs}
  type Movie @key(fields: "id") @cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{parent.id}") {
    id: ID!
    title: String
  }
  type Query {
    movie(id: ID!): Movie @cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{args.id}")
  }
  type Mutation {
    rename(id: ID!, title: String!): Boolean @invalidates(tags: ["Movie:{args.id}"])
  }
`);
const resolvers = {
  Mutation: {
    rename: (_: unknown, { id, title }: { id: string; title: string }) => titles.set(id, title).size > 0,
  },
};

const cache = createCache({
  store: memoryStore(),
  origins: {
    Movie: { load: async (ids) => ids.map((id) => (titles.has(id) ? { id, title: titles.get(id) } : null)) },
  },
});
const schema = cache.apply(buildSubgraphSchema({ typeDefs, resolvers }));
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
