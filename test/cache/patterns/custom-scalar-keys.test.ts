import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql, GraphQLScalarType, valueFromASTUntyped, type ValueNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore, type CacheOptions } from '../../../src/cache/index.js';

class Zoned extends Date {
  constructor(
    text: string,
    readonly zone: string,
  ) {
    super(Number(text));
  }
}

class ObjectId {
  readonly #hex: string;
  constructor(hex: string) {
    this.#hex = hex;
  }
  toString(): string {
    return this.#hex;
  }
}

function scalar(name: string, read: (value: unknown) => unknown): GraphQLScalarType {
  const parseLiteral = (node: ValueNode): unknown => read(valueFromASTUntyped(node));
  return new GraphQLScalarType({ name, serialize: (value) => value, parseValue: read, parseLiteral });
}

const scalars = {
  Json: scalar('Json', (value) => value),
  Moment: scalar('Moment', (text) => new Date(String(text))),
  ZonedMoment: scalar('ZonedMoment', (text) => {
    const [at = '', zone = ''] = String(text).split('@');
    return new Zoned(at, zone);
  }),
  ObjectId: scalar('ObjectId', (text) => new ObjectId(String(text))),
  Long: scalar('Long', (text) => BigInt(String(text))),
};
const scalarDefs = Object.keys(scalars).map((name) => `scalar ${name}\n`);

function cached(typeDefs: string, resolvers: object, options: Partial<CacheOptions<object>> = {}) {
  const cache = createCache({ store: memoryStore(), environment: 'test', ...options });
  const plain = makeExecutableSchema({
    typeDefs: [cacheTypeDefs, ...scalarDefs, typeDefs],
    resolvers: { ...scalars, ...resolvers },
  });
  const schema = cache.apply(plain);
  const ask = async (source: string) =>
    JSON.parse(JSON.stringify(await graphql({ schema, source, contextValue: {} })));
  return { cache, ask };
}

describe('the key of arguments', () => {
  it('tells apart what a subclass of Date holds besides its time', async () => {
    const { ask, cache } = cached('type Query { zone(at: ZonedMoment!): String @cached(ttl: 60) }', {
      Query: { zone: (_: unknown, { at }: { at: Zoned }) => at.zone },
    });
    for (const zone of ['Paris', 'Rome'])
      expect(await ask(`{ zone(at: "0@${zone}") }`)).toEqual({ data: { zone } });
    expect(cache.stats.counters()['Query.zone']).toMatchObject({ stored: 0, bypassed: 2 });
  });

  const EQUAL = { UP: { by: [1] }, DOWN: { by: [1] } };

  it.each<[string, string, string]>([
    ['an argument', 'to(by: Direction): String @cached(ttl: 60)', 'Query.to'],
    ['a list within an argument', 'to(way: [Way!]): String @cached(ttl: 60)', 'Query.to'],
    ['a placeholder', 'to(way: Way!): String @cached(ttl: 60, key: "To:{args.way.by}")', 'Query.to'],
    [
      'a write',
      'none: Int } type Mutation { to(by: Direction!): String @cached(ttl: 60, pattern: WRITE_THROUGH, key: "To:{args.by}")',
      'Mutation.to',
    ],
  ])(
    'is refused at the start where it could not tell two values of an enum apart: %s',
    (_what, field, coordinate) => {
      const typeDefs = `enum Direction { UP DOWN } input Way { by: Direction, then: Way } type Query { ${field} }`;
      expect(() => cached(typeDefs, { Direction: EQUAL })).toThrow(
        `@cached on ${coordinate}: cannot tell UP and DOWN of the enum Direction apart in a key`,
      );
    },
  );

  it.each<[string, object, string]>([
    [
      'hold different things',
      { UP: { by: [1] }, DOWN: { by: [-1] } },
      'to(by: Direction): String @cached(ttl: 60)',
    ],
    [
      'are in no key',
      EQUAL,
      'to(by: Direction): String @cached(ttl: 60, key: "To:1") from(by: Direction): String',
    ],
  ])('may have enums whose internal values %s', async (_what, values, fields) => {
    const { ask } = cached(`enum Direction { UP DOWN } type Query { ${fields} }`, {
      Direction: values,
      Query: { to: (_: unknown, { by }: { by: unknown }) => JSON.stringify(by) },
    });
    expect(await ask('{ to(by: UP) }')).toEqual({ data: { to: '{"by":[1]}' } });
  });

  it('may have an enum of which two values are one object', async () => {
    const one = { by: [1] };
    const { ask } = cached(
      'enum Direction { UP DOWN } type Query { to(by: Direction): String @cached(ttl: 60) }',
      {
        Direction: { UP: one, DOWN: one },
        Query: { to: (_: unknown, { by }: { by: unknown }) => String(by === one) },
      },
    );
    expect(await ask('{ to(by: DOWN) }')).toEqual({ data: { to: 'true' } });
  });
});

describe('the id of READ_THROUGH', () => {
  const typeDefs = `
    type Query {
      json(id: Json!): String @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
      jsons(ids: [Json!]!): [String] @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.ids}")
      moment(id: Moment!): String @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
      zoned(id: ZonedMoment!): String @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
      object(id: ObjectId!): String @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
      long(id: Long!): String @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
    }
  `;
  const start = () =>
    cached(typeDefs, {}, { origins: { Row: { load: (ids) => Promise.resolve([...ids]) } } });

  it.each<[string, string]>([
    ['json(id: "a")', 'a'],
    ['json(id: 1.5)', '1.5'],
    ['json(id: true)', 'true'],
    ['moment(id: "2026-01-01T00:00:00.123Z")', '2026-01-01T00:00:00.123Z'],
    ['object(id: "c0ffee")', 'c0ffee'],
    ['long(id: "9007199254740993")', '9007199254740993'],
  ])('is the text of what the scalar makes: %s', async (field, id) => {
    const { ask } = start();
    for (let times = 0; times < 2; times += 1)
      expect(await ask(`{ row: ${field} }`)).toEqual({ data: { row: id } });
  });

  it.each<[string, string, string]>([
    ['json(id: { a: 1 })', 'Query.json', '{args.id} (Json)'],
    ['json(id: [1])', 'Query.json', '{args.id} (Json)'],
    ['jsons(ids: [{ a: 1 }, { a: 2 }])', 'Query.jsons', '{args.ids} (Json)'],
    ['moment(id: "no moment")', 'Query.moment', '{args.id} (Moment)'],
    ['zoned(id: "0@Rome")', 'Query.zoned', '{args.id} (ZonedMoment)'],
  ])('is refused where it has no text of its own: %s', async (field, coordinate, place) => {
    const { ask } = start();
    expect(await ask(`{ row: ${field} }`)).toMatchObject({
      data: { row: null },
      errors: [
        { message: expect.stringContaining(`${coordinate}: the key's ${place} has a value without a text`) },
      ],
    });
  });
});
