import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, GraphQLScalarType, parse, valueFromASTUntyped } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryJournal, memoryStore } from '../../../src/cache/index.js';
import { manualClock } from '../../support/manual-clock.js';
import { placeTable } from '../../support/worlds/places.js';

const Count = new GraphQLScalarType({
  name: 'Count',
  serialize: Number,
  parseValue: Number,
  parseLiteral: (node) => Number(valueFromASTUntyped(node)),
});

interface World {
  readonly type: string;
  readonly isLoaded: boolean;
  /** More arguments of `@cached` on the entity. */
  readonly more?: string;
  /** What stands before the id in keys. */
  readonly before?: string;
}

/** A subgraph whose one entity is written behind. */
async function subgraph({ type, isLoaded, more = '', before = '' }: World) {
  const [table, clock] = [placeTable(), manualClock()];
  table.rows.set(`${before}1`, { seconds: 5, seq: 1 });
  const rowOf = (id: unknown) => table.load(`${before}${String(id)}`);
  const load = (ids: readonly string[]) => Promise.resolve(ids.map(rowOf));
  const cache = createCache<object>({
    store: memoryStore({ clock }),
    journal: memoryJournal({ clock }),
    environment: 'test',
    clock,
    random: () => 0,
    origins: { Place: { flush: table.flush, ...(isLoaded && { load }) } },
  });
  onTestFinished(() => cache.close());
  const schema = cache.apply(
    buildSubgraphSchema({
      typeDefs: parse(`${cacheTypeDefs}
        scalar Count
        type Place @key(fields: "id") @cached(ttl: 60, ${more} key: "Place:${before}{parent.id}") { id: ${type} seconds: Int! }
        type Query { place: Place }
        type Mutation {
          note(id: ${type}): Place! @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:${before}{args.id}")
        }
      `),
      resolvers: {
        Count,
        Place: { __resolveReference: ({ id }: { id: unknown }) => ({ ...rowOf(id), id }) },
        Mutation: { note: (_: unknown, { id }: { id: unknown }) => ({ id, seconds: 10 }) },
      },
    }),
  );
  await cache.start();
  const ask = async (id: unknown): Promise<unknown> => {
    const source = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Place { seconds } } }';
    const variableValues = { of: [{ __typename: 'Place', id }] };
    const { data, errors } = await graphql({ schema, source, variableValues, contextValue: {} });
    expect(errors).toBeUndefined();
    return data?.['_entities'];
  };
  const write = async (): Promise<void> => {
    const source = 'mutation { note(id: 1) { seconds } }';
    expect((await graphql({ schema, source, contextValue: {} })).errors).toBeUndefined();
  };
  const flushed = () =>
    expect
      .poll(
        async () => {
          clock.advance(1000);
          return (await cache.writes.journal()).size?.pending;
        },
        { interval: 2 },
      )
      .toBe(0);
  return { ask, write, flushed, table };
}

const REFERENCES: readonly (readonly [string, unknown])[] = ['ID!', 'Int!', 'Float!', 'Count!'].flatMap(
  (type) => [1, '1'].map((id) => [type, id] as const),
);

describe.each([
  { isLoaded: false },
  { isLoaded: true },
  { isLoaded: true, more: 'pattern: READ_THROUGH,' },
  { isLoaded: false, before: 'at-' },
])('a reference to what is written behind ($isLoaded, $more, $before)', (world) => {
  it.each(REFERENCES)(
    'by an id of %s sees with %j what is pending, and later what was flushed',
    async (type, id) => {
      const { ask, write, flushed, table } = await subgraph({ ...world, type });
      expect(await ask(id)).toEqual([{ seconds: 5 }]);
      await write();
      expect(await ask(id)).toEqual([{ seconds: 10 }]);
      await flushed();
      table.rows.set(`${world.before ?? ''}1`, { seconds: 20, seq: Infinity });
      expect(await ask(id)).toEqual([{ seconds: 20 }]);
    },
  );
});
