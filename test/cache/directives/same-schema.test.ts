import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  graphql,
  GraphQLScalarType,
  isEnumType,
  isObjectType,
  type GraphQLEnumType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';

const MARK = Symbol('a mark of another library');

const typeDefs = /* GraphQL */ `
  enum Size {
    SMALL
    LARGE
  }
  interface Node {
    id: ID!
  }
  input Filter {
    size: Size
  }
  type Product implements Node {
    id: ID!
    size: Size
    big: Size
  }
  type Query {
    product(id: ID!, filter: Filter): Product @cached(ttl: 60)
  }
`;

function build(internal: Record<string, unknown> = {}): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: [cacheTypeDefs, typeDefs],
    resolvers: {
      ...(Object.keys(internal).length > 0 && { Size: internal }),
      Node: { __resolveType: () => 'Product' },
      Query: {
        product: (_: unknown, { id }: { id: string }) => ({ id, size: internal['LARGE'] ?? 'LARGE' }),
      },
    },
  });
}

function applied(schema: GraphQLSchema, log = cacheLog()): GraphQLSchema {
  return createCache({ store: memoryStore(), environment: 'test', log }).apply(schema);
}

function objectType(schema: GraphQLSchema, name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new Error(`there is no ${name}`);
  return type;
}

function enumType(schema: GraphQLSchema, name: string): GraphQLEnumType {
  const type = schema.getType(name);
  if (!isEnumType(type)) throw new Error(`there is no ${name}`);
  return type;
}

describe('what hangs on a schema', () => {
  it('is there after apply: on the schema, its types, fields, arguments and values', () => {
    const schema = build();
    const mark = <T extends object>(owner: T): T => Object.assign(owner, { [MARK]: owner, note: 'kept' });
    mark(schema);
    const before = objectType(schema, 'Query');
    mark(before);
    const field = before.getFields()['product'];
    if (field === undefined) throw new Error('there is no field');
    mark(field);
    field.args.forEach(mark);
    mark(enumType(schema, 'Size'));
    enumType(schema, 'Size').getValues().forEach(mark);
    const reference = (): string => 'a row';
    Object.assign(objectType(schema, 'Product'), { resolveReference: reference });

    const result = applied(schema);
    const kept = objectType(result, 'Query').getFields()['product'];
    const owners = [
      ...[result, objectType(result, 'Query'), kept, ...(kept?.args ?? [])],
      ...[enumType(result, 'Size'), ...enumType(result, 'Size').getValues()],
    ];
    for (const owner of owners) expect(owner).toMatchObject({ note: 'kept', [MARK]: expect.anything() });
    expect(Reflect.get(objectType(result, 'Product'), 'resolveReference')).toBe(reference);
  });

  it('is there after apply: a replaced serialize of an enum', async () => {
    const schema = build();
    const type = enumType(schema, 'Size');
    const { serialize } = type;
    type.serialize = (value: unknown) => serialize.call(type, String(value).toUpperCase());
    expect(() => enumType(applied(build()), 'Size').serialize('large')).toThrow();
    expect(enumType(applied(schema), 'Size').serialize('large')).toBe('LARGE');
  });
});

describe('defaults of arguments and of fields of inputs', () => {
  const cents = new GraphQLScalarType({
    name: 'Cents',
    parseValue: (text) => Math.round(Number(text) * 100),
    parseLiteral: (node) => Math.round(Number('value' in node ? node.value : NaN) * 100),
  });
  const schema = makeExecutableSchema({
    typeDefs: [
      cacheTypeDefs,
      `
        scalar Cents
        input Range { from: Cents = 2 to: [Cents!] = [3, 4] }
        type Query {
          cheap(most: Cents = "1.50", range: Range = { from: 5 }): String @cached(ttl: 60)
          ranged(range: Range!): String
        }
      `,
    ],
    resolvers: {
      Cents: cents,
      Query: {
        cheap: (_: unknown, args: unknown) => JSON.stringify(args),
        ranged: (_: unknown, args: unknown) => JSON.stringify(args),
      },
    },
  });

  it('are what the schema says, also of a scalar that makes something else of its own values', async () => {
    const source = '{ cheap ranged(range: {}) }';
    const before = await graphql({ schema, source });
    expect(before.data).toMatchObject({ ranged: '{"range":{"from":200,"to":[300,400]}}' });
    expect(await graphql({ schema: applied(schema), source })).toEqual(before);
  });
});

describe('internal values of an enum', () => {
  const read = async (internal: Record<string, unknown>) => {
    const log = cacheLog();
    const schema = applied(build(internal), log);
    const answers = [];
    for (let times = 0; times < 3; times += 1) {
      answers.push(await graphql({ schema, source: '{ product(id: 1) { id size } }' }));
    }
    return { answers: JSON.parse(JSON.stringify(answers)) as unknown, lines: log.lines };
  };
  const answer = { data: { product: { id: '1', size: 'LARGE' } } };

  it.each<[string, Record<string, unknown>]>([
    ['bigints', { SMALL: 1n, LARGE: 2n }],
    ['numbers', { SMALL: 0, LARGE: 1 }],
    ['a number and its text', { SMALL: 1, LARGE: '1' }],
  ])('can be %s', async (_, internal) => {
    const { answers, lines } = await read(internal);
    expect(answers).toEqual([answer, answer, answer]);
    expect(lines).toEqual([]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['objects', { SMALL: { inches: 1 }, LARGE: { inches: 2 } }],
    ['Dates', { SMALL: new Date(1), LARGE: new Date(2) }],
    ['lists', { SMALL: ['s'], LARGE: ['l'] }],
  ])('that are %s are answered, not stored, and told once', async (_, internal) => {
    const { answers, lines } = await read(internal);
    expect(answers).toEqual([answer, answer, answer]);
    expect(lines).toEqual([
      'warn a value cannot be stored; the field is not cached ' +
        '{"coordinate":"Query.product","reason":"an object that is an internal value of an enum at .size cannot be stored"}',
    ]);
  });
});
