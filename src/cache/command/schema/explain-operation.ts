import {
  getArgumentValues,
  getNamedType,
  GraphQLError,
  isAbstractType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { coerceVariables, noVariables, type Variables } from '../../directives/graphql-versions.js';
import type { ReadPolicy } from '../../policy/read-policy.js';
import { CommandFault } from '../command-fault.js';
import type { AssumedPlan, DeclaredField } from './assumed-plan.js';

/** What the cache does at one field of an operation. */
export interface ExplainedField {
  /** Where it stands in the answer, `movie.similar`. */
  readonly path: string;
  readonly coordinate: string;
  /** Undefined for a field without a directive: its resolver runs. */
  readonly declared: DeclaredField | undefined;
  /** The entry's key, where the arguments alone decide it and are known. */
  readonly entry: string | undefined;
}

export interface Explained {
  readonly schema: GraphQLSchema;
  readonly plan: AssumedPlan;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Every field that an operation asks for, those of its fragments where they are spread; of an interface or union, those of all
 * types that it can be. @throws CommandFault for variables that do not fit.
 */
export function explainOperation(explained: Explained): readonly ExplainedField[] {
  const { schema, operation, variables } = explained;
  const values = variables === undefined ? noVariables() : coercedVariables(schema, operation, variables);
  const root = schema.getRootType(operation.operation);
  return root == null
    ? []
    : fieldsBelow(operation.selectionSet, { ...explained, values, types: [root], path: [] });
}

interface Level extends Explained {
  readonly values: Variables;
  /** What the object of this level can be. */
  readonly types: readonly GraphQLObjectType[];
  readonly path: readonly string[];
}

function fieldsBelow(selectionSet: SelectionSetNode, level: Level): readonly ExplainedField[] {
  const { schema, document, types } = level;
  return selectionSet.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return fieldAndBelow(selection, level);
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection
        : document.definitions.find(
            (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name.value,
          );
    if (fragment === undefined || !('selectionSet' in fragment) || !('typeCondition' in fragment)) return [];
    const fitting = typesOf(schema, fragment.typeCondition?.name.value);
    return fieldsBelow(fragment.selectionSet, {
      ...level,
      types: fitting === undefined ? types : types.filter((type) => fitting.includes(type)),
    });
  });
}

function fieldAndBelow(field: FieldNode, level: Level): readonly ExplainedField[] {
  const { schema, types } = level;
  const name = field.name.value;
  const path = [...level.path, field.alias?.value ?? name];
  const own = types.flatMap((type) => {
    const definition = type.getFields()[name];
    return definition === undefined ? [] : [{ type, definition }];
  });
  const below = new Set(
    own.flatMap(({ definition }) => typesOf(schema, getNamedType(definition.type).name) ?? []),
  );
  return [
    ...own.map(({ type }) => explainedField(type, field, { ...level, path })),
    ...(field.selectionSet === undefined
      ? []
      : fieldsBelow(field.selectionSet, { ...level, types: [...below], path })),
  ];
}

function explainedField(parent: GraphQLObjectType, field: FieldNode, level: Level): ExplainedField {
  const { schema, plan, values, path } = level;
  const coordinate = `${parent.name}.${field.name.value}`;
  const policy = plan.reads.get(coordinate);
  const definition = parent.getFields()[field.name.value];
  const isKnown = policy !== undefined && definition !== undefined && parent === schema.getQueryType();
  const entry = isKnown ? entryOf(policy, () => getArgumentValues(definition, field, values)) : undefined;
  return { path: path.join('.'), coordinate, declared: plan.declared.get(coordinate), entry };
}

/** A PRIVATE entry has its viewer in the key, and one that varies its variant: both are known to a request only. */
function entryOf(policy: ReadPolicy, argumentsOf: () => Record<string, unknown>): string | undefined {
  if (policy.usesViewer || policy.vary.length > 0) return undefined;
  try {
    const args = argumentsOf();
    if (policy.elementsOf?.({ args }) !== undefined) return undefined;
    const place = policy.locate({ args });
    return place.reason === undefined ? place.key : undefined;
  } catch (error) {
    // An argument takes a variable that was not given.
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}

/** The object types that a name stands for; undefined where it is none. */
function typesOf(schema: GraphQLSchema, name: string | undefined): readonly GraphQLObjectType[] | undefined {
  const type = name === undefined ? undefined : schema.getType(name);
  if (isObjectType(type)) return [type];
  return isAbstractType(type) ? schema.getPossibleTypes(type) : undefined;
}

function coercedVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Variables {
  const { variables: coerced, errors } = coerceVariables(schema, operation, variables);
  if (errors !== undefined) throw new CommandFault(errors.map(({ message }) => message).join('\n'));
  return coerced;
}
