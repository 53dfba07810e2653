import type { ApolloServerPlugin } from '@apollo/server';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import type { ApiContext } from '../context.js';
import { isInternal } from './format-error.js';
import { loggedError } from './internal-error.js';

/** Logs what clients must not see, and tells them the id of the request under which the log has it. */
export function errorPlugin(): ApolloServerPlugin<ApiContext> {
  const listener = {
    didEncounterErrors({ errors, contextValue: { log } }: Encountered): Promise<void> {
      for (const error of errors.filter(isInternal)) {
        const { path, originalError } = error;
        log.error({ path, error: loggedError(originalError ?? error) }, 'a field failed');
      }
      return Promise.resolve();
    },
    willSendResponse({ response: { body }, contextValue: { requestId } }: Sending): Promise<void> {
      const result = body.kind === 'single' ? body.singleResult : undefined;
      if (result?.errors !== undefined) {
        result.errors = result.errors.map((error) => withRequestId(error, requestId));
      }
      return Promise.resolve();
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

interface Encountered {
  readonly errors: readonly GraphQLError[];
  readonly contextValue: ApiContext;
}

interface Sending {
  readonly response: {
    readonly body: {
      readonly kind: string;
      readonly singleResult?: { errors?: readonly GraphQLFormattedError[] };
    };
  };
  readonly contextValue: ApiContext;
}

function withRequestId(error: GraphQLFormattedError, requestId: string): GraphQLFormattedError {
  return isInternal(error) ? { ...error, extensions: { ...error.extensions, requestId } } : error;
}
