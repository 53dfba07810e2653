import {
  getArgumentValues,
  getNamedType,
  getNullableType,
  getVariableValues,
  isCompositeType,
  isListType,
  Kind,
  OperationTypeNode,
  parse,
  separateOperations,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { Ask } from '../traffic/requests.js';

/** An operation, and what of it the traffic must know. */
export interface KnownOperation {
  readonly kind: Ask['kind'];
  /** What it writes with these variables. */
  writes(variables: Variables): readonly Write[];
}

/** A field of a mutation. */
export interface Write {
  readonly field: string;
  readonly args: Variables;
  /** Whether no variable can leave it out. */
  readonly isSure: boolean;
}

type Variables = Readonly<Record<string, unknown>>;

/** Finds out what an operation is. @throws Error where the schema does not have it. */
export function knownOperation(
  schema: GraphQLSchema,
  text: string,
  operationName: string | undefined,
): KnownOperation {
  const document = parse(text);
  const [fault] = validate(schema, document);
  if (fault !== undefined) throw fault;
  const own = operationName === undefined ? document : separateOperations(document)[operationName];
  const operation = own?.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  if (own === undefined || operation === undefined)
    throw new Error(`the document has no operation ${operationName}`);
  return lookedAt(schema, own, operation);
}

function lookedAt(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): KnownOperation {
  const types = new TypeInfo(schema);
  const written: (readonly [field: GraphQLField<unknown, unknown>, node: FieldNode])[] = [];
  let hasList = false;
  visit(
    document,
    visitWithTypeInfo(types, {
      Field(node) {
        const field = types.getFieldDef();
        if (!field) return;
        hasList ||= isList(field);
        if (types.getParentType() === schema.getMutationType()) written.push([field, node]);
      },
    }),
  );
  if (operation.operation !== OperationTypeNode.MUTATION)
    return { kind: hasList ? 'list' : 'row', writes: () => [] };
  const { selectionSet, variableDefinitions = [] } = operation;
  return {
    kind: 'write',
    writes(variables) {
      const { coerced } = getVariableValues(schema, variableDefinitions, variables);
      // The API refuses them too.
      if (coerced === undefined) return [];
      return written.map(([field, node]) => ({
        field: field.name,
        args: getArgumentValues(field, node, coerced),
        isSure: selectionSet.selections.includes(node) && !node.directives?.length,
      }));
    },
  };
}

/** A list of objects, unless the client names each by its id. */
function isList({ type, args }: GraphQLField<unknown, unknown>): boolean {
  const isMany = (one: GraphQLField<unknown, unknown>['type'] | (typeof args)[number]['type']): boolean =>
    isListType(getNullableType(one));
  return isMany(type) && isCompositeType(getNamedType(type)) && !args.some((arg) => isMany(arg.type));
}
