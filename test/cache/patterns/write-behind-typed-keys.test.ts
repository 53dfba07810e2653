import { GraphQLScalarType, valueFromASTUntyped, type ValueNode } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { placeTable } from '../../support/worlds/places.js';
import { testCache } from '../../support/test-cache.js';

const long = (name: string, read: (value: unknown) => unknown): GraphQLScalarType =>
  new GraphQLScalarType({
    name,
    parseValue: read,
    parseLiteral: (node: ValueNode) => read(valueFromASTUntyped(node)),
  });

const typeDefs = `
  scalar Long
  scalar Count
  enum Level { HIGH }
  type Spot { number: Count! place: Place @cached(ttl: 60, key: "Place:{parent.number}") }
  type Place { seconds: Int! }
  type Query {
    byText(id: ID!): Place @cached(ttl: 60, key: "Place:{args.id}")
    byCount(id: Count!): Place @cached(ttl: 60, key: "Place:{args.id}")
    byLong(id: Long!): Place @cached(ttl: 60, key: "Place:{args.id}")
    byLevel(id: Level!): Place @cached(ttl: 60, key: "Place:{args.id}")
    spot: Spot
  }
  type Mutation {
    text(id: ID!): Place! @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
    count(id: Count!): Place! @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
    long(id: Long!): Place! @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
  }
`;

/** What a row is found by may be of a custom scalar, and another one where it is written. */
async function started(isLoaded: boolean) {
  const table = placeTable();
  table.rows.set('1', { seconds: 5, seq: 1 });
  const read = (_: unknown, { id }: { id: unknown }) => table.load(String(id));
  const write = () => ({ seconds: 10 });
  const { cache, query } = testCache({
    typeDefs,
    resolvers: {
      Long: long('Long', (value) => BigInt(String(value))) as never,
      Count: long('Count', Number) as never,
      Level: { HIGH: 1 } as never,
      Query: { byText: read, byCount: read, byLong: read, byLevel: read, spot: () => ({ number: 1 }) },
      Spot: { place: () => table.load('1') },
      Mutation: { text: write, count: write, long: write },
    },
    origins: {
      Place: {
        flush: table.flush,
        ...(isLoaded && { load: (ids: readonly string[]) => Promise.resolve(ids.map(table.load)) }),
      },
    },
  });
  await cache.start();
  onTestFinished(() => cache.close());
  return query;
}

const READS = ['byText(id: 1)', 'byCount(id: 1)', 'byLong(id: 1)', 'byLevel(id: HIGH)'];
const WRITES = ['text', 'count', 'long'];

describe.each([true, false])('what is written behind, by an origin that loads: %s', (isLoaded) => {
  it.each(WRITES.flatMap((write) => READS.map((read) => ({ write, read }))))(
    'as $write is seen by $read',
    async ({ write, read }) => {
      const query = await started(isLoaded);
      expect((await query(`{ it: ${read} { seconds } }`)).data).toEqual({ it: { seconds: 5 } });
      await query(`mutation { ${write}(id: 1) { seconds } }`);
      expect((await query(`{ it: ${read} { seconds } }`)).data).toEqual({ it: { seconds: 10 } });
    },
  );

  it.each(WRITES)('as %s is seen below an object', async (write) => {
    const query = await started(isLoaded);
    expect((await query('{ spot { place { seconds } } }')).data).toEqual({ spot: { place: { seconds: 5 } } });
    await query(`mutation { ${write}(id: 1) { seconds } }`);
    expect((await query('{ spot { place { seconds } } }')).data).toEqual({
      spot: { place: { seconds: 10 } },
    });
  });
});

it('is seen by READ_THROUGH also where another key of the same id is read beside it', async () => {
  const table = placeTable();
  table.rows.set('0', { seconds: 5, seq: 1 });
  const { cache, query } = testCache({
    typeDefs: `
      type Place { seconds: Int! }
      type Query { place(id: Float!): Place @cached(ttl: 60, pattern: READ_THROUGH, key: "Place:{args.id}") }
      type Mutation {
        note(id: Float!): Place! @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
      }
    `,
    resolvers: { Mutation: { note: () => ({ seconds: 10 }) } },
    origins: { Place: { flush: table.flush, load: (ids) => Promise.resolve(ids.map(table.load)) } },
  });
  await cache.start();
  onTestFinished(() => cache.close());
  await query('mutation { note(id: 0) { seconds } }');
  const { data } = await query('{ it: place(id: 0) { seconds } other: place(id: -0) { seconds } }');
  expect(data).toEqual({ it: { seconds: 10 }, other: { seconds: 5 } });
});
