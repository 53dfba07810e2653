import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';

/** What `apply` says of a type whose `tax` requires the `price` that comes with a reference. */
function faultOf(link: string, { key, requires }: { key: string; requires: string }): string {
  const sdl = `
    ${link}
    type Part @${key}(fields: "id") @cached(ttl: 60) { id: ID! price: Int @${link === '' ? '' : 'federation__'}external tax: Int @${requires}(fields: "price") }
    type Query { part: Part }
  `;
  const schema = buildSubgraphSchema({
    typeDefs: parse(`${cacheTypeDefs} ${sdl}`),
    resolvers: { Part: { __resolveReference: () => null, tax: () => 1 } },
  });
  const cache = createCache({ store: memoryStore(), environment: 'test' });
  try {
    cache.apply(schema);
  } catch (error) {
    return error instanceof Error ? error.message : 'no Error';
  }
  return 'nothing';
}

const linked = (imported: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: [${imported}])`;

const REQUIRES =
  '@cached on Part: cannot be cached as an entity, because what Part.tax requires comes with each reference (@requires)';

describe('directives of federation by the names under which they were imported', () => {
  it.each([
    ['', { key: 'key', requires: 'requires' }],
    [linked('"@key"'), { key: 'key', requires: 'federation__requires' }],
    [linked('"@key", { name: "@requires", as: "@needs" }'), { key: 'key', requires: 'needs' }],
    [linked(''), { key: 'federation__key', requires: 'federation__requires' }],
    [linked('{ name: "@key", as: "@entity" }'), { key: 'entity', requires: 'federation__requires' }],
  ])('%s', (link, names) => {
    expect(faultOf(link, names)).toContain(REQUIRES);
  });

  it('a reference by such a @key is cached', async () => {
    let loads = 0;
    const cache = createCache({ store: memoryStore(), environment: 'test' });
    const schema = cache.apply(
      buildSubgraphSchema({
        typeDefs: parse(
          `${cacheTypeDefs} ${linked('')} type Part @federation__key(fields: "id") @cached(ttl: 60) { id: ID! } type Query { part: Part }`,
        ),
        resolvers: {
          Part: {
            __resolveReference: ({ id }: { id: string }) => {
              loads += 1;
              return { id };
            },
          },
        },
      }),
    );
    const source = '{ _entities(representations: [{ __typename: "Part", id: "1" }]) { ... on Part { id } } }';
    for (let times = 0; times < 2; times += 1)
      expect(await graphql({ schema, source })).toEqual({ data: { _entities: [{ id: '1' }] } });
    expect(loads).toBe(1);
    await cache.close();
  });
});
