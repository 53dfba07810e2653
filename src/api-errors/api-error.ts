import { GraphQLError } from 'graphql';

/** Every code that a client meets in `extensions.code`, beside those that Apollo Server gives malformed requests. */
export const apiErrorCodes = [
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'OPERATION_LIMIT_EXCEEDED',
  'TOO_MANY_ATTEMPTS',
  'SIGN_IN_BUSY',
  'REQUEST_ABANDONED',
  'TOO_MANY_SCANS',
  'INTERNAL_SERVER_ERROR',
] as const;

type ApiErrorCode = (typeof apiErrorCodes)[number];

/** `argument` is the path from the field's arguments on, such as `input.title`; `sentence` is complete. */
export function badUserInput(argument: string, sentence: string): GraphQLError {
  return apiError('BAD_USER_INPUT', sentence, { argument });
}

/** No account is signed in, or not any more. */
export function unauthenticated(sentence: string): GraphQLError {
  return apiError('UNAUTHENTICATED', sentence);
}

/** The account that is signed in may not do this. */
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

/** An account or an address has failed to sign in too often. */
export function tooManyAttempts(retryAfterMs: number): GraphQLError {
  const minutes = Math.max(1, Math.ceil(retryAfterMs / 60_000));
  return apiError(
    'TOO_MANY_ATTEMPTS',
    `There were too many attempts; try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
    { retryAfterMs },
  );
}

/** More passwords wait to be hashed than can be in time. */
export function signInBusy(retryAfterMs: number): GraphQLError {
  return apiError('SIGN_IN_BUSY', 'Too many clients are signing in right now; try again in a moment.', {
    retryAfterMs,
  });
}

/** The client closed its connection before its turn came. No client reads this; the log of a field's failure would. */
export function requestAbandoned(): GraphQLError {
  return apiError('REQUEST_ABANDONED', 'The client closed the connection before it was answered.');
}

/** One client asks for more searches and reports at a time than may wait. */
export function tooManyScans(atMost: number): GraphQLError {
  return ofOneClient(
    apiError(
      'TOO_MANY_SCANS',
      `You have ${atMost} searches and reports under way; ask again when some of them are answered.`,
      { retryAfterMs: 1000 },
    ),
  );
}

/** Searches and reports take too long for this one to have its turn in time: those of its client, or those of all. */
export function scansBusy(of: 'one client' | 'all'): GraphQLError {
  const error = apiError(
    'TOO_MANY_SCANS',
    'Too many searches and reports are under way right now; ask again in a moment.',
    { retryAfterMs: 1000 },
  );
  return of === 'all' ? error : ofOneClient(error);
}

/** The cache takes such an error for that of one caller: others who wait for the same load begin it anew. */
function ofOneClient(error: GraphQLError): GraphQLError {
  error.cause = new DOMException('This client has too much under way.', 'AbortError');
  return error;
}

function apiError(
  code: ApiErrorCode,
  sentence: string,
  extensions: Readonly<Record<string, unknown>> = {},
): GraphQLError {
  return new GraphQLError(sentence, { extensions: { code, ...extensions } });
}
