import { GraphQLError } from 'graphql';

/** Every code that a client meets in `extensions.code`, beside those that Apollo Server gives malformed requests. */
export const apiErrorCodes = [
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'OPERATION_LIMIT_EXCEEDED',
  'INTERNAL_SERVER_ERROR',
] as const;

export type ApiErrorCode = (typeof apiErrorCodes)[number];

/** `argument` is the path from the field's arguments on, such as `input.title`; `sentence` is complete. */
export function badUserInput(argument: string, sentence: string): GraphQLError {
  return apiError('BAD_USER_INPUT', sentence, { argument });
}

/** Nobody is signed in, or not any more. */
export function unauthenticated(sentence: string): GraphQLError {
  return apiError('UNAUTHENTICATED', sentence);
}

/** Somebody is signed in, who may not do this. */
export function forbidden(sentence: string): GraphQLError {
  return apiError('FORBIDDEN', sentence);
}

/** A mutation names a thing that does not exist. */
export function notFound(argument: string, sentence: string): GraphQLError {
  return apiError('NOT_FOUND', sentence, { argument });
}

/** The operation asks for more than one request may. */
export function limitExceeded(sentence: string): GraphQLError {
  return apiError('OPERATION_LIMIT_EXCEEDED', sentence, { http: { status: 400 } });
}

function apiError(
  code: ApiErrorCode,
  sentence: string,
  extensions: Readonly<Record<string, unknown>> = {},
): GraphQLError {
  return new GraphQLError(sentence, { extensions: { code, ...extensions } });
}
