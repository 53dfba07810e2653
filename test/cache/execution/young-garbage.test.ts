import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { buildSchema, parse } from 'graphql';
import { expect, it } from 'vitest';
import { apolloWithPlans, compiledExecution } from '../../../src/cache/execution/index.js';

const AT_ONCE = 64;
const ROUNDS = 40;

setFlagsFromString('--expose-gc');
// Here most objects survive a collection, and V8 would put all of their kind among the old.
setFlagsFromString('--no-allocation-site-pretenuring');
const gc: unknown = runInNewContext('gc');

/** Collects what is young, or all. */
function collect(type: 'minor' | 'major'): void {
  if (typeof gc === 'function') Reflect.apply(gc, undefined, [{ type }]);
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
}

/** A film that is promised, and is there when `bring` is called. */
function promisedFilms() {
  const schema = buildSchema('type Film { id: ID! title: String } type Query { film(id: ID!): Film }');
  const waiting: (() => void)[] = [];
  const { film } = schema.getQueryType()?.getFields() ?? {};
  if (film !== undefined) {
    film.resolve = (_, { id }: { readonly id: string }) =>
      new Promise((resolve) => waiting.push(() => resolve({ id, title: `Film ${id}` })));
  }
  const bring = async (): Promise<void> => {
    // Until every request of the round waits for its film, and a few turns more for what follows it.
    while (waiting.length < AT_ONCE) await new Promise((resolve) => setImmediate(resolve));
    collect('minor');
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { schema, bring };
}

/** Bytes that each run leaves among the old objects, where some are under way whenever the young are collected. */
async function leftByEach(run: () => Promise<unknown>, bring: () => Promise<void>): Promise<number> {
  const round = async (): Promise<void> => {
    const runs = Array.from({ length: AT_ONCE }, run);
    await bring();
    await Promise.all(runs);
  };
  for (let time = 0; time < ROUNDS; time += 1) await round();
  collect('major');
  const before = oldBytes();
  for (let time = 0; time < ROUNDS; time += 1) await round();
  return (oldBytes() - before) / AT_ONCE / ROUNDS;
}

const query = 'query ($id: ID!) { film(id: $id) { id title } }';

it('a run leaves nothing behind that only a collection of all objects would find', async () => {
  const { schema, bring } = promisedFilms();
  const { execute } = compiledExecution();
  const document = parse(query);
  const run = async () => execute({ schema, document, variableValues: { id: '1' }, contextValue: {} });
  const left = await leftByEach(run, bring);
  process.stderr.write(`\nleft by a run: ${left.toFixed(0)} bytes\n`);
  expect(left).toBeLessThan(100);
});

it('nor does a request of Apollo Server that is answered by a plan', async () => {
  const { schema, bring } = promisedFilms();
  const plugins = [ApolloServerPluginCacheControlDisabled()];
  const server = new ApolloServer(apolloWithPlans({ schema, plugins }));
  await server.start();
  const run = () =>
    server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        headers: new HeaderMap([['content-type', 'application/json']]),
        search: '',
        body: { query, variables: { id: '1' } },
      },
      context: () => Promise.resolve({}),
    });
  const left = await leftByEach(run, bring);
  process.stderr.write(`\nleft by a request: ${left.toFixed(0)} bytes\n`);
  expect(left).toBeLessThan(400);
  await server.stop();
});
