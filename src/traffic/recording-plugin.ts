import type { ApolloServerPlugin, GraphQLRequestContextDidResolveOperation } from '@apollo/server';
import {
  getVariableValues,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { ApiContext } from '../context.js';
import { recordableText } from './recordable-text.js';
import type { Recording } from './recording.js';

type Variables = Readonly<Record<string, unknown>>;

/** Writes operations into a recording once they are parsed and validated and their variables are those that they declare. */
export function recordingPlugin(schema: GraphQLSchema, recording: Recording): ApolloServerPlugin<ApiContext> {
  const texts = new WeakMap<DocumentNode, { readonly text: string | undefined }>();
  const textOf = (document: DocumentNode): string | undefined => {
    const found = texts.get(document) ?? { text: recordableText(document, schema) };
    texts.set(document, found);
    return found.text;
  };
  const listener = {
    didResolveOperation({ document, operation, request, contextValue }: Resolved): Promise<void> {
      // Of an unknown operation name Apollo Server says so.
      const text = operation === undefined ? undefined : textOf(document);
      const variables = operation && declaredVariables(schema, operation, request.variables ?? {});
      if (text !== undefined && variables !== undefined) {
        const operationName = operation?.name?.value;
        recording.add(
          { document: text, ...(operationName === undefined ? {} : { operationName }), variables },
          contextValue.session?.tokenHash,
        );
      }
      return Promise.resolve();
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

type Resolved = GraphQLRequestContextDidResolveOperation<ApiContext>;

/** As the client sent them. What is not declared could be anything, and so could what is not of its type: undefined for that. */
function declaredVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Variables,
): Variables | undefined {
  if (getVariableValues(schema, variableDefinitions, given, { maxErrors: 1 }).errors !== undefined)
    return undefined;
  const names = variableDefinitions.map(({ variable }) => variable.name.value);
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(given, name)).map((name) => [name, given[name]]),
  );
}
