import {
  defaultFieldResolver,
  getNamedType,
  getNullableType,
  GraphQLID,
  GraphQLString,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLType,
} from 'graphql';
import { keyComponent, typedComponent, untextedComponent, type Component } from '../keys/component.js';
import type { FieldSite, Reached } from '../policy/field-site.js';

/** What a field of a type has from that type. */
export function describeType(
  schema: GraphQLSchema,
  parent: GraphQLObjectType | GraphQLInterfaceType,
): Pick<FieldSite, 'kind' | 'parentAt' | 'resultAt' | 'componentAt' | 'typeNameAt'> {
  return {
    kind: kindOf(schema, parent),
    parentAt: (path) => reached(outputTypeAt(parent, path)),
    resultAt: (path) => reached(outputTypeAt(parent, path)),
    componentAt: (root, path) => (root === 'parent' ? componentOf(outputTypeAt(parent, path)) : keyComponent),
    typeNameAt: (root, path) => (root === 'parent' ? nameOf(outputTypeAt(parent, path)) : undefined),
  };
}

/** Describes a field to the policy compiler, which does not know GraphQL. */
export function describeField(
  schema: GraphQLSchema,
  parent: GraphQLObjectType | GraphQLInterfaceType,
  field: GraphQLField<unknown, unknown>,
): FieldSite {
  const type = getNullableType(field.type);
  const ofType = describeType(schema, parent);
  return {
    ...ofType,
    coordinate: `${parent.name}.${field.name}`,
    typeText: type.toString(),
    elementText: isListType(type) ? getNullableType(type.ofType).toString() : undefined,
    hasResolver: field.resolve !== undefined && field.resolve !== defaultFieldResolver,
    parentHasId: 'id' in parent.getFields(),
    argumentAt: (path) => reached(argumentTypeAt(field.args, path)),
    resultAt: (path) => reached(outputTypeAt(type, path)),
    componentAt: (root, path) =>
      root === 'args' ? componentOf(argumentTypeAt(field.args, path)) : ofType.componentAt(root, path),
    typeNameAt: (root, path) =>
      root === 'args' ? nameOf(argumentTypeAt(field.args, path)) : ofType.typeNameAt(root, path),
  };
}

function kindOf(schema: GraphQLSchema, parent: GraphQLObjectType | GraphQLInterfaceType): FieldSite['kind'] {
  if (isInterfaceType(parent)) return 'interface';
  if (parent === schema.getQueryType()) return 'query';
  if (parent === schema.getMutationType()) return 'mutation';
  return parent === schema.getSubscriptionType() ? 'subscription' : 'object';
}

export function argumentTypeAt(
  args: readonly GraphQLArgument[],
  [name, ...rest]: readonly string[],
): GraphQLType | undefined {
  let type: GraphQLType | undefined = args.find((argument) => argument.name === name)?.type;
  for (const step of rest) {
    const object: GraphQLType | undefined = type && getNullableType(type);
    type = isInputObjectType(object) ? object.getFields()[step]?.type : undefined;
  }
  return type;
}

export function outputTypeAt(start: GraphQLType, path: readonly string[]): GraphQLType | undefined {
  let type: GraphQLType | undefined = start;
  for (const step of path) {
    const object: GraphQLType | undefined = type && getNullableType(type);
    type = isObjectType(object) || isInterfaceType(object) ? object.getFields()[step]?.type : undefined;
  }
  return type;
}

function nameOf(type: GraphQLType | undefined): string | undefined {
  return type && getNamedType(type).name;
}

/** The scalars of GraphQL itself have one type each, and an ID is its text. */
function componentOf(type: GraphQLType | undefined): Component {
  const named = type && getNamedType(type);
  return isLeafType(named) && !isSpecifiedScalarType(named) ? typedComponent : keyComponent;
}

const TEXTS: ReadonlySet<string> = new Set([GraphQLID.name, GraphQLString.name]);

/** The same for values that no type of the schema has read: what is not of the kind that is declared differs from what is. */
export function componentOfJson(parent: GraphQLObjectType, path: readonly string[]): Component {
  const type = outputTypeAt(parent, path);
  const named = type && getNamedType(type);
  const isOfOneType = isLeafType(named) && isSpecifiedScalarType(named);
  return isOfOneType && !TEXTS.has(named.name) ? untextedComponent : typedComponent;
}

function reached(type: GraphQLType | undefined): Reached | undefined {
  if (type === undefined) return undefined;
  if (isListType(getNullableType(type))) return 'list';
  return isLeafType(getNullableType(type)) ? 'value' : 'object';
}
