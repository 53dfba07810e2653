import {
  getNamedType,
  isCompositeType,
  isRequiredArgument,
  Kind,
  OperationTypeNode,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { FieldCall } from '../loads/field-call.js';
import type { Arguments, WarmArguments } from '../warm/warm-field.js';
import { coerceInput, defaultOf, infoHelpers, noVariables } from './graphql-versions.js';
import { warmCacheControl } from './warm-cache-control.js';

type Field = GraphQLField<unknown, unknown>;

/** The field as its SDL names it, `Query.topCharts(decade: Int, first: Int!)`. */
export function signatureOf({ name }: GraphQLObjectType, field: Field): string {
  const types = field.args.map((argument) => `${argument.name}: ${String(argument.type)}`);
  return `${name}.${field.name}(${types.join(', ')})`;
}

/** Coerces what a client could write as variables into the arguments that a resolver gets, defaults included. */
export function argumentsOf({ args }: Field, given: unknown): WarmArguments {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { fault: 'an argument set must be an object such as { first: 10 }' };
  }
  const values: Readonly<Record<string, unknown>> = { ...given };
  const unknown = Object.keys(values).find((name) => args.every((argument) => argument.name !== name));
  if (unknown !== undefined) return { fault: `there is no argument "${unknown}"` };
  const coerced: Record<string, unknown> = {};
  for (const argument of args) {
    const fault = coerceInto(coerced, argument, values[argument.name]);
    if (fault !== undefined) return { fault };
  }
  return { args: coerced };
}

/** What is left out gets its default, or stays away; the fault is undefined where there is none. */
function coerceInto(
  coerced: Record<string, unknown>,
  argument: GraphQLArgument,
  given: unknown,
): string | undefined {
  const { name, type } = argument;
  if (given === undefined && !isRequiredArgument(argument)) {
    const preset = defaultOf(argument);
    if (preset !== undefined) coerced[name] = preset;
    return undefined;
  }
  const { value, fault } = coerceInput(given ?? null, type);
  coerced[name] = value;
  return fault === undefined ? undefined : `argument "${name}": ${fault}`;
}

/** A call of a root field as GraphQL would make it, for an operation that asks for nothing below it. */
export function warmCall(
  { schema, parentType, field }: { schema: GraphQLSchema; parentType: GraphQLObjectType; field: Field },
  args: Arguments,
  context: unknown,
): FieldCall<GraphQLResolveInfo> {
  const node = nodeOf(field);
  const operation: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: OperationTypeNode.QUERY,
    selectionSet: { kind: Kind.SELECTION_SET, selections: [node] },
  };
  const info: GraphQLResolveInfo = {
    fieldName: field.name,
    fieldNodes: [node],
    returnType: field.type,
    parentType,
    path: { prev: undefined, key: field.name, typename: parentType.name },
    schema,
    fragments: {},
    rootValue: undefined,
    operation,
    variableValues: noVariables(),
  };
  // Resolvers may tell hints that are kept with the entry, and those of Apollo Server expect to find it.
  Object.assign(info, { cacheControl: warmCacheControl(schema, field) }, infoHelpers);
  return { parent: undefined, args, context, info };
}

function nodeOf({ name, type }: Field): FieldNode {
  const node: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: name } };
  if (!isCompositeType(getNamedType(type))) return node;
  const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };
  return { ...node, selectionSet: { kind: Kind.SELECTION_SET, selections: [typename] } };
}
