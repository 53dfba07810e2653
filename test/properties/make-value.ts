import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import type { SchemaPlan } from './schema-plan.js';
import { hashOf } from './seeded-random.js';
import { roll } from './world.js';

/** What values are made from: equal seeds make equal values, each a new object. */
export interface ValueSeed {
  readonly schema: GraphQLSchema;
  readonly plan: SchemaPlan;
  /** All that the value depends on. */
  readonly text: string;
}

const IDS: readonly string[] = ['0', '1', '2', '3', '1/2'];
const MAX_ELEMENTS = 4;

/** A value of any output type, with what is easily lost among them: null, 0, "", false, empty lists, Dates. */
export function makeValue(type: GraphQLOutputType, seed: ValueSeed): unknown {
  if (isNonNullType(type)) return makePresent(type.ofType, seed);
  const isNothing = roll(`${seed.text} null`, 8) === 0;
  return isNothing ? [null, undefined][roll(`${seed.text} which`, 2)] : makePresent(type, seed);
}

function makePresent(type: GraphQLOutputType, seed: ValueSeed): unknown {
  const { schema, text } = seed;
  if (isListType(type)) {
    const length = roll(`${text} length`, MAX_ELEMENTS);
    const element: GraphQLOutputType = type.ofType;
    return Array.from({ length }, (_, index) => makeValue(element, { ...seed, text: `${text}[${index}]` }));
  }
  const named = getNamedType(type);
  if (isObjectType(named)) return makeRow(named, seed);
  if (isAbstractType(named)) {
    const possible = schema.getPossibleTypes(named);
    const chosen = possible[roll(`${text} type`, possible.length)];
    return chosen === undefined ? null : makeRow(chosen, seed);
  }
  if (isEnumType(named)) return named.getValues()[roll(text, named.getValues().length)]?.value;
  return makeScalar(named.name, text);
}

function makeScalar(name: string, text: string): unknown {
  const hash = hashOf(text);
  const isSmall = hash % 6 === 0;
  switch (name) {
    case 'Int':
      return isSmall ? 0 : hash % 100_000;
    case 'Float':
      return isSmall ? -0.5 : (hash % 1000) / 8;
    case 'Boolean':
      return hash % 2 === 0;
    case 'Date':
      return new Date(DATES[hash % 12] ?? 946_684_800_000 + (hash % 1_000_000_000));
    case 'JSON':
      return jsonValue(text, hash);
    default:
      return isSmall ? TEXTS[(hash / 6) % TEXTS.length] : `${text.split('|')[0] ?? ''}#${hash.toString(36)}`;
  }
}

/** Before 1970, the last millisecond that there is, and no date at all. */
const DATES: readonly number[] = [-1, 8_640_000_000_000_000, Number.NaN];
const TEXTS: readonly string[] = ['', ' ', '\u0000', 'x\ud800', 'null', '😀'];

function jsonValue(text: string, hash: number): unknown {
  const small: readonly unknown[] = [1, '1', true, 'true', null, [], {}, '', false, -0];
  const large: readonly unknown[] = [
    2 ** 31,
    2 ** 53,
    2 ** 64,
    -(2 ** 63),
    1.5e300,
    Number.NaN,
    4_294_967_296.5,
  ];
  const nested: readonly unknown[] = [
    ...[{ a: [1, null, undefined], at: { b: text } }, [[], [[null]]], { b: 1, a: undefined, '1': 2 }],
    ...[text, { tags: [text, { text }] }, JSON.parse('{"__proto__":{"a":1}}'), { toJSON: text }, [text]],
  ];
  const values = [...small, ...large, ...nested, ...nested];
  return values[hash % values.length];
}

/** A row of a type: its id, which may be a number, and what it holds of its fields. */
export function makeRow(type: GraphQLObjectType, seed: ValueSeed, id?: string): Record<string, unknown> {
  const { plan, text } = seed;
  const number = 1 + roll(`${text} id`, 4);
  const row: Record<string, unknown> = {
    __typename: type.name,
    id: id ?? (roll(`${text} kind`, 3) === 0 ? number : IDS[number]),
    code: `c${roll(`${text} code`, 4)}`,
    ref: roll(`${text} ref`, 5) === 0 ? null : `${1 + roll(`${text} ref`, 4)}`,
    version: roll(`${text} version`, 100),
    x: roll(`${text} x`, 1000),
  };
  for (const { name, type: fieldType } of Object.values(type.getFields())) {
    if (plan.fields.get(`${type.name}.${name}`)?.answer.by !== 'property') continue;
    row[name] = makeValue(fieldType, { ...seed, text: `${text}.${name}` });
  }
  return row;
}
