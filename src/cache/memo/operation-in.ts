import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { OperationGiven } from './operation-plans.js';

/**
 * The operation of a document that is executed; undefined where it cannot be told which one that is. Of two with one name, which no
 * valid document has, graphql-js finds sometimes the first and sometimes the last.
 */
export function operationIn(
  schema: GraphQLSchema,
  document: DocumentNode,
  name: string | null | undefined,
): OperationGiven | undefined {
  const all = document.definitions.filter(isOperation);
  const named = name == null ? all : all.filter((operation) => operation.name?.value === name);
  const [operation, ...others] = named;
  return operation === undefined || others.length > 0 ? undefined : { schema, document, operation };
}

function isOperation(definition: DocumentNode['definitions'][number]): definition is OperationDefinitionNode {
  return definition.kind === 'OperationDefinition';
}
