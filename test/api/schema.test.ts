import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  type GraphQLArgument,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs } from '../../src/cache/index.js';
import { argumentRules } from '../../src/schema/argument-rules.js';
import { readTypeDefs } from '../../src/schema/read-type-defs.js';

const schema = makeExecutableSchema({ typeDefs: [cacheTypeDefs, ...readTypeDefs()] });
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

interface Described {
  readonly name: string;
  readonly description: string | null | undefined;
}

/** Everything in the schema that can have a description, by its coordinate. */
function everything(): Described[] {
  return types.flatMap((type): Described[] => {
    const itself = { name: type.name, description: type.description };
    if (isEnumType(type)) {
      return [
        itself,
        ...type.getValues().map(({ name, description }) => ({ name: `${type.name}.${name}`, description })),
      ];
    }
    if (!isObjectType(type) && !isInputObjectType(type)) return [itself];
    const fields = Object.values(type.getFields()).flatMap((field): Described[] => {
      const name = `${type.name}.${field.name}`;
      const args: readonly GraphQLArgument[] = 'args' in field ? field.args : [];
      return [
        { name, description: field.description },
        ...args.map((arg) => ({ name: `${name}(${arg.name})`, description: arg.description })),
      ];
    });
    return [itself, ...fields];
  });
}

/** Every argument of every field as the rules name it: an input object by its fields. */
function everyArgument(): string[] {
  return types
    .filter(isObjectType)
    .flatMap((type) =>
      Object.values(type.getFields()).flatMap((field) =>
        field.args.flatMap((argument) =>
          pathsOf(argument).map((path) => `${type.name}.${field.name} ${path}`),
        ),
      ),
    );
}

function pathsOf({ name, type }: GraphQLArgument): string[] {
  const named = schema.getType(type.toString().replaceAll(/[[\]!]/g, ''));
  if (!isInputObjectType(named)) return [name];
  return Object.keys(named.getFields()).map((field) => `${name}.${field}`);
}

describe('the schema', () => {
  it('describes every type, field, argument, enum value and input', () => {
    const silent = everything().filter(({ description }) => !description);
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('has a rule for every argument, and no rule for anything else', () => {
    const ruled = Object.entries(argumentRules).flatMap(([coordinate, rules]) =>
      Object.keys(rules).map((path) => `${coordinate} ${path}`),
    );
    expect(ruled.sort()).toEqual(everyArgument().sort());
  });
});
