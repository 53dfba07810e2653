import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  type GraphQLEnumType,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLType,
} from 'graphql';
import { canonical } from '../keys/canonical.js';
import { parseTemplate } from '../keys/template.js';
import { UnkeyableValue } from '../keys/unkeyable-value.js';
import type { CachedArguments } from '../policy/field-site.js';
import { argumentTypeAt, outputTypeAt } from './describe-field.js';

/**
 * Faults of a cached field whose key would be the same for two values of an enum, each as the end of a sentence: a resolver
 * knows internal values that are objects by identity, and a key by what they hold.
 */
export function equalEnumFaults(
  parent: GraphQLObjectType | GraphQLInterfaceType,
  field: GraphQLField<unknown, unknown>,
  { key }: CachedArguments,
): string[] {
  const enums = new Set<GraphQLEnumType>();
  for (const type of typesInKey(parent, field, key)) addEnums(enums, type, new Set());
  return [...enums].flatMap((type) => {
    const names = equalValues(type);
    if (names === undefined) return [];
    return [
      `cannot tell ${names.join(' and ')} of the enum ${type.name} apart in a key, because their internal values are two ` +
        'objects that hold the same; make those differ, or let them be texts',
    ];
  });
}

function typesInKey(
  parent: GraphQLObjectType | GraphQLInterfaceType,
  { args }: GraphQLField<unknown, unknown>,
  key: CachedArguments['key'],
): (GraphQLType | undefined)[] {
  if (typeof key !== 'string') return [...args.map(({ type }) => type), outputTypeAt(parent, ['id'])];
  const template = parseTemplate(key);
  if (typeof template === 'string') return [];
  return template.placeholders.map(({ root, path }) => {
    if (root === 'args') return argumentTypeAt(args, path);
    return root === 'parent' ? outputTypeAt(parent, path) : undefined;
  });
}

function addEnums(enums: Set<GraphQLEnumType>, type: GraphQLType | undefined, seen: Set<GraphQLType>): void {
  const named = type && getNamedType(type);
  if (named === undefined || seen.has(named)) return;
  seen.add(named);
  if (isEnumType(named)) enums.add(named);
  if (!isInputObjectType(named)) return;
  for (const field of Object.values(named.getFields())) addEnums(enums, field.type, seen);
}

/** The names of two values that are different objects and would have one text in a key. */
function equalValues(type: GraphQLEnumType): readonly [string, string] | undefined {
  const known = new Map<string, { readonly name: string; readonly value: unknown }>();
  for (const { name, ...of } of type.getValues()) {
    const value: unknown = of.value;
    const text = textInKey(value);
    const other = text === undefined ? undefined : known.get(text);
    if (other !== undefined && other.value !== value) return [other.name, name];
    if (text !== undefined) known.set(text, { name, value });
  }
  return undefined;
}

/** Undefined where it is no object, or stands in no key. */
function textInKey(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    return canonical(value);
  } catch (error) {
    if (error instanceof UnkeyableValue) return undefined;
    throw error;
  }
}
