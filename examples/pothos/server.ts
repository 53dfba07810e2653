import { createServer } from 'node:http';
import SchemaBuilder from '@pothos/core';
import { createYoga } from 'graphql-yoga';
import { createCache, memoryStore } from 'graphql-corral';
import 'graphql-corral/pothos';
import { cachePlugin } from 'graphql-corral/yoga';

let loads = 0;
const builder = new SchemaBuilder({});
builder.queryType({
  fields: (t) => ({
    news: t.string({
      args: { topic: t.arg.string({ required: true }) },
      cached: { ttl: 60, key: 'News:{args.topic}', swr: 30 },
      resolve: (_parent, { topic }) => `${topic} ${(loads += 1)}`,
    }),
  }),
});
builder.mutationType({
  fields: (t) => ({
    publish: t.boolean({
      args: { topic: t.arg.string({ required: true }) },
      invalidates: { tags: ['News:{args.topic}'] },
      resolve: () => true,
    }),
  }),
});

const cache = createCache({ store: memoryStore() });
const schema = cache.apply(builder.toSchema());
const yoga = createYoga({ schema, plugins: [cachePlugin(cache)] });
await cache.start();
const port = Number(process.env['PORT'] ?? 4000);
const server = createServer((request, response) => void yoga(request, response));
server.listen(port, () => console.log(`Ready at http://localhost:${port}/graphql`));

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);

function stop(): void {
  server.close(() => void cache.close());
}
