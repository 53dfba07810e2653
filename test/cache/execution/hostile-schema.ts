import {
  buildSchema,
  isAbstractType,
  isEnumType,
  isObjectType,
  isScalarType,
  valueFromASTUntyped,
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import type { Random } from '../../properties/seeded-random.js';
import { keyOf, type HostileValues } from './hostile-values.js';

const OBJECTS = ['T0', 'T1', 'T2', 'T3'];
const LEAVES = ['Int', 'Float', 'String', 'ID', 'Boolean', 'Mood', 'JSON'];
const ARGUMENTS = [
  'n: Int',
  'n: Int = 2',
  'text: String!',
  'mood: Mood = CALM',
  'ids: [ID!]',
  'filter: Filter',
  'json: JSON',
];
const FIELDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'constructor', '_x'];

/** Types that lead to each other, with null and lists wherever they can be; one type for each name of a field. */
export function hostileSdl(random: Random): string {
  const wrap = (name: string): string => {
    const bare = `${name}${random.chance(0.35) ? '!' : ''}`;
    if (!random.chance(0.35)) return bare;
    const list = `[${bare}]${random.chance(0.35) ? '!' : ''}`;
    return random.chance(0.15) ? `[${list}]` : list;
  };
  const typeOf = (): string => wrap(random.pick(random.chance(0.5) ? LEAVES : [...OBJECTS, 'Node', 'Any']));
  const lines = new Map(
    FIELDS.map((name) => {
      const args = random.chance(0.3)
        ? random.some(
            ARGUMENTS.filter((_, at) => at !== 1),
            0.4,
          )
        : [];
      return [name, `${name}${args.length === 0 ? '' : `(${args.join(', ')})`}: ${typeOf()}`];
    }),
  );
  const some = (): string[] => random.some([...lines.values()], 0.6);
  const shared = random.some([...lines.values()], 0.2);
  const types = OBJECTS.map((name, place) => {
    const isNode = place < 3;
    const fields = new Set(['id: ID!', ...(isNode ? shared : []), ...some()]);
    return `type ${name}${isNode ? ' implements Node' : ''} { ${[...fields].join(' ')} }`;
  });
  return [
    'enum Mood { CALM WILD ODD }',
    'scalar JSON',
    'input Filter { min: Int = 2 mood: Mood ids: [ID!] = ["1"] more: Filter }',
    `interface Node { ${['id: ID!', ...shared].join(' ')} }`,
    'union Any = T1 | T2 | T3',
    ...types,
    `type Query { ${[...lines.values()].join(' ')} }`,
  ].join('\n');
}

/** A schema whose code does what is seldom done: it throws, waits, answers something else, changes what it is given. */
export function hostileSchema(random: Random, values: HostileValues): GraphQLSchema {
  const schema = buildSchema(hostileSdl(random));
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isObjectType(type)) addResolvers(type, random, values);
    if (isAbstractType(type) && random.chance(0.4)) addTypeResolver(type, values);
    if (isEnumType(type))
      type.getValues().forEach((value, place) => (value.value = place === 1 ? 2 : value.value));
    if (isScalarType(type) && type.name === 'JSON') {
      type.serialize = (value) => values.serialized(value);
      type.parseValue = (value) => ({ value });
      type.parseLiteral = (node, variables) => ({ literal: valueFromASTUntyped(node, variables) });
    }
  }
  return schema;
}

function addResolvers(type: GraphQLObjectType, random: Random, values: HostileValues): void {
  for (const field of Object.values(type.getFields())) {
    if (!random.chance(0.6) && type.name !== 'Query') continue;
    const changes = random.chance(0.2);
    field.resolve = (source, args: Record<string, unknown>, context, info) => {
      values.note('resolve', { source, args, context, info });
      if (changes) change(args);
      return values.of(info.returnType, `${keyOf(source)}.${info.fieldName}`);
    };
  }
  if (type.name !== 'Query' && random.chance(0.3)) {
    Reflect.set(type, 'isTypeOf', (source: unknown, context: unknown, info: GraphQLResolveInfo) => {
      values.note('isTypeOf', { source, context, info });
      return values.truth(`${keyOf(source)} is ${type.name}`, hasName(source, type.name));
    });
  }
}

function addTypeResolver(type: GraphQLAbstractType, values: HostileValues): void {
  // It may return anything, whatever its type says.
  Reflect.set(type, 'resolveType', (source: unknown, context: unknown, info: GraphQLResolveInfo) => {
    values.note('resolveType', { source, context, info });
    return values.typeName(`${keyOf(source)} of ${type.name}`, source);
  });
}

function hasName(source: unknown, name: string): boolean {
  return (
    typeof source === 'object' && source !== null && '__typename' in source && source.__typename === name
  );
}

/** What a resolver was given belongs to it alone. */
function change(args: Record<string, unknown>): void {
  args['changed'] = true;
  for (const value of Object.values(args)) {
    if (Array.isArray(value)) value.push('changed');
    else if (typeof value === 'object' && value !== null) Reflect.set(value, 'changed', true);
  }
}
