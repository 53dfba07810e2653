/**
 * Every error the engine throws on purpose, by code. docs/reference/errors.md has a row for each; a test keeps both equal.
 * A store that misbehaves is not among them: it is counted, and the origin answers.
 */
export const errorCodes = {
  CACHE_CONFIGURATION: 'Directives or options are wrong; the message lists every fault and how to fix it.',
  CACHE_VIEWER_IN_PUBLIC_LOAD: 'A PUBLIC field touched the viewer while it was loading.',
  CACHE_VIEWER:
    'The function viewer of createCache threw, or returned something that is no id; or cache.clearViewer got none.',
  CACHE_VARY: 'A function of vary in createCache threw, or a value to vary by cannot be a part of a key.',
  CACHE_UNDECLARED_READ:
    'In development, a PUBLIC field read what its entries are not told apart by, or what nothing is declared about.',
  CACHE_AUTHORIZE:
    'The function authorize of createCache threw, or returned something other than true or false.',
  CACHE_FORBIDDEN:
    'authorize refused the reader of a READ_THROUGH field that has no resolver of its own to ask.',
  CACHE_FOREIGN_ENTRY:
    'A field was about to be given the entry of another field or viewer; refused, and a bug of the engine. Not in production, where it is counted.',
  CACHE_ORIGIN_REPLY: 'An origin answered with something other than one element per id.',
  CACHE_KEY_WITHOUT_VALUE: 'A READ_THROUGH key names a property that the parent does not have.',
  CACHE_ID_WITHOUT_TEXT: 'A READ_THROUGH field was asked for an id that is no text, number, boolean or Date.',
  CACHE_FETCH_OPTIONS: 'cache.fetch or cache.invalidate was called with something that cannot be used.',
  CACHE_INVALIDATION_FAILED:
    'The store could not apply an invalidation that code asked for with cache.invalidate.',
  CACHE_STORE_REFUSED:
    'The store answers, but cannot be used: a password, rights or a newer version are missing. Thrown by start().',
  CACHE_JOURNAL_REFUSED:
    'The journal of accepted writes keeps less than what is declared, may evict it, or lacks rights. Thrown by start().',
  CACHE_UNSTORABLE_WRITE:
    'A WRITE_BEHIND field returned a state that would not come back from the journal as what it was. Nothing was accepted.',
  CACHE_DEAD_LETTER:
    'cache.writes.replay or discard was given a key that has no dead letter, or a newer write.',
  CACHE_TOOLS: 'cache.tools was asked about what does not exist, or is too large.',
  CACHE_OVERLOADED: 'Too many loads wait for their turn already; fewer may wait while the store is away.',
  CACHE_LOAD_OVERDUE:
    'A load took longer than `loads.deadlineMs`, or so many loads of its field hang that others do not begin.',
  CACHE_LOAD_CYCLE:
    'A load, or what is loaded within it, read the very entry that it loads, and would have waited for its own end.',
  CACHE_WRITES_LOST:
    'Accepted writes in the memory of the process could not be flushed in time. Thrown by close().',
  CACHE_CLOSED: 'The cache was used after close().',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** An error of the engine; `code` is stable, the message is a sentence that names the field and the fix. */
export class CacheError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CacheError';
    this.code = code;
  }
}

/** What foreign code threw as a text: it may be anything, also what has no text, or fails while that is made. */
export function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'an error that has no text';
  }
}

/** Why something failed, for people: of a server that was tried at several addresses all that was said, which has no message of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : textOf(error);
}

/** What foreign code threw, as an Error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(textOf(error));
}
