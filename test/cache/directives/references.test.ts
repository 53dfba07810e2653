import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore, type CacheOptions } from '../../../src/cache/index.js';

type Reference = Readonly<Record<string, unknown>>;

/** A subgraph with one entity, `Part`, whose resolver says what it was given. */
function subgraph(
  sdl: string,
  resolve: ((reference: Reference) => unknown) | undefined = ({ __typename, ...given }) => ({
    ...given,
    seen: JSON.stringify(given),
  }),
  options: Partial<CacheOptions<object>> = {},
) {
  const seen: string[] = [];
  const cache = createCache<object>({ store: memoryStore(), environment: 'test', ...options });
  onTestFinished(() => cache.close());
  const schema = cache.apply(
    buildSubgraphSchema({
      typeDefs: parse(`${cacheTypeDefs} ${sdl} type Organization { id: ID }`),
      resolvers: {
        Query: { part: () => ({ seen: 'by the field' }) },
        Mutation: { touch: () => true },
        ...(resolve && {
          Part: {
            __resolveReference: (reference: Reference) => {
              seen.push(JSON.stringify(reference));
              return resolve(reference);
            },
          },
        }),
      },
    }),
  );
  const run = async (source: string, variableValues?: Record<string, unknown>) => {
    const { data, errors } = await graphql({ schema, source, variableValues, contextValue: {} });
    expect(errors).toBeUndefined();
    return data;
  };
  const ask = async (...references: readonly Reference[]) => {
    const source = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Part { seen } } }';
    const of = references.map((reference) => ({ __typename: 'Part', ...reference }));
    const data = await run(source, { of });
    return Array.isArray(data?.['_entities'])
      ? data['_entities'].map((one: unknown) => Reflect.get(Object(one), 'seen') as unknown)
      : undefined;
  };
  return { ask, run, seen, cache };
}

const query = 'type Query { part(id: ID!): Part }';

describe('a value of a reference that is not of its declared kind', () => {
  const pairs: [type: string, one: unknown, other: unknown][] = [
    ['ID', 1, '1'],
    ['ID', true, 'true'],
    ['String', 1, '1'],
    ['Int', 1, '1'],
    ['Float', 1.5, '1.5'],
    ['Boolean', true, 'true'],
  ];

  it.each(pairs)('names another entry, of %s: %j and %j', async (type, one, other) => {
    for (const key of ['', ', key: "Part:{parent.id}"']) {
      const { ask, seen } = subgraph(
        `type Part @key(fields: "id") @cached(ttl: 60${key}) { id: ${type} seen: String } ${query}`,
      );
      for (const id of [one, other, one, other]) expect(await ask({ id })).toEqual([JSON.stringify({ id })]);
      expect(seen).toHaveLength(2);
    }
  });

  it.each(pairs)('meets the tag of its row, of %s: %j and %j', async (type, one, other) => {
    const { ask, run, seen } = subgraph(
      `type Part @key(fields: "id") @cached(ttl: 60, key: "Part:{parent.id}") { id: ${type} seen: String } ${query}
       type Mutation { touch(id: ID!): Boolean @invalidates(tags: ["Part:{args.id}"]) }`,
    );
    await ask({ id: one }, { id: other });
    await run(`mutation { touch(id: ${JSON.stringify(other)}) }`);
    await ask({ id: one }, { id: other });
    expect(seen).toHaveLength(4);
  });

  it.each([
    ['ID', '1'],
    ['Int', 1],
  ])('names the entry of a field with the same key where it is of that kind: %s', async (type, id) => {
    const { ask, run, seen } = subgraph(
      `type Part @key(fields: "id") @cached(ttl: 60, key: "Part:{parent.id}") { id: ${type} seen: String }
       type Query { part(id: ${type}): Part @cached(ttl: 60, key: "Part:{args.id}") }`,
    );
    await run(`{ part(id: ${JSON.stringify(id)}) { seen } }`);
    expect(await ask({ id })).toEqual(['by the field']);
    expect(seen).toEqual([]);
  });
});
