import type { VariableValues } from '@graphql-tools/utils';
import {
  coerceInputValue,
  getArgumentValues,
  getVariableValues,
  GraphQLString,
  isRequiredArgument,
  Kind,
  versionInfo,
  type ConstArgumentNode,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLError,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { written } from '../written.js';
import { isObject } from './extension-directives.js';

/** Variables as functions of graphql take them: 16 wants the values by name, 17 an object that has these and their sources. */
export type Variables = Record<string, unknown>;

const IS_SINCE_17 = versionInfo.major >= 17;

/** The same as `@graphql-tools/utils` takes them with each version. In 16 a variable itself may be called `coerced`. */
export function withSources(variables: Variables, isSince17 = IS_SINCE_17): VariableValues {
  return isSince17 && hasSources(variables) ? variables : { coerced: variables, sources: {} };
}

function hasSources(variables: object): variables is VariableValues {
  return (
    'coerced' in variables &&
    isObject(variables.coerced) &&
    'sources' in variables &&
    isObject(variables.sources)
  );
}

/** The variables of an operation that is given none. */
export function noVariables(isSince17 = IS_SINCE_17): Variables {
  return isSince17 ? { coerced: {}, sources: {} } : {};
}

/** The variables of an operation, or what is wrong with them. */
export type CoercedVariables =
  | { readonly variables: Variables; readonly errors?: undefined }
  | { readonly variables?: undefined; readonly errors: readonly GraphQLError[] };

export function coerceVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): CoercedVariables {
  const answer = getVariableValues(schema, variableDefinitions, given);
  if (answer.errors !== undefined) return { errors: answer.errors };
  const since17: unknown = Reflect.get(answer, 'variableValues');
  return { variables: isObject(since17) ? since17 : answer.coerced };
}

const NODE: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: 'field' } };
const FIELD: Omit<GraphQLField<unknown, unknown>, 'args'> = {
  name: NODE.name.value,
  description: undefined,
  type: GraphQLString,
  deprecationReason: undefined,
  extensions: {},
  astNode: undefined,
};

/**
 * What an argument is where nothing is given; undefined where it has no default. graphql is asked, as 17 keeps a default of SDL
 * as it is written.
 */
export function defaultOf(argument: GraphQLArgument): unknown {
  if (isRequiredArgument(argument)) return undefined;
  return getArgumentValues({ ...FIELD, args: [argument] }, NODE)[argument.name];
}

/** Whether what is written for an argument is of its type. */
export function isOfArgument(argument: GraphQLArgument, node: ConstArgumentNode): boolean {
  try {
    getArgumentValues({ ...FIELD, args: [argument] }, { ...NODE, arguments: [node] });
    return true;
  } catch {
    return false;
  }
}

/** A value as its type makes it, or what is wrong with it. */
export type CoercedInput =
  | { readonly value: unknown; readonly fault?: undefined }
  | { readonly value?: undefined; readonly fault: string };

export function coerceInput(given: unknown, type: GraphQLInputType): CoercedInput {
  const faults: string[] = [];
  const value = coerceInputValue(given, type, (_path, _invalid, { message }) => void faults.push(message));
  // 17 tells no reason: a value that does not fit is undefined.
  const [fault = value === undefined ? expected(type, given) : undefined] = faults;
  return fault === undefined ? { value } : { fault };
}

function expected(type: GraphQLInputType, given: unknown): string {
  return `Expected value of type "${type.toString()}", found: ${written(given)}.`;
}

const ASYNC_HELPERS = Object.freeze({
  promiseAll: (values: readonly unknown[]) => Promise.all(values),
  track: () => undefined,
});

/** What `info` has since 17 besides: here no client can go away, and nothing waits for what is left running. */
export const infoHelpers: object = IS_SINCE_17
  ? { getAbortSignal: () => undefined, getAsyncHelpers: () => ASYNC_HELPERS }
  : {};
