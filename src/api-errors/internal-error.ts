import { GraphQLError } from 'graphql';
import { INTERNAL_SENTENCE } from './format-error.js';

/** Stands in for an error that clients must not see; the log names the same request. */
export function internalError(requestId: string): GraphQLError {
  return new GraphQLError(INTERNAL_SENTENCE, { extensions: { code: 'INTERNAL_SERVER_ERROR', requestId } });
}

/** What the log keeps of an error: not its other properties, in which drivers repeat the values of a statement. */
export function loggedError(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const code: unknown = 'code' in error ? error.code : undefined;
  return { name, code, message, stack, ...(cause === undefined ? {} : { cause: String(cause) }) };
}
