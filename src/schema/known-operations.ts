import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql';

/** A validation rule: refuses kinds of operations that the schema does not have, which GraphQL would fail to run. */
export function knownOperations(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(node): void {
      if (context.getSchema().getRootType(node.operation)) return;
      context.reportError(
        new GraphQLError(`This API has no ${node.operation}s; send a query or a mutation.`, { nodes: node }),
      );
    },
  };
}
