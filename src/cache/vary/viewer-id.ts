import { CacheError, textOf } from '../errors.js';
import { isPromise, unheard } from '../maybe-promise.js';

export type ViewerId = string | number | undefined;

/** How the engine learns who is asking. Reads one property of the context, such as `context.viewer?.id`. */
export type ViewerOf = (context: unknown) => ViewerId;

/**
 * The viewer as `viewer(context)` says it; undefined for a guest.
 * @throws CacheError where it throws, or says something that is no id: such fields would silently never be stored.
 */
export function checkedViewer(ask: () => unknown): ViewerId {
  let id: unknown;
  try {
    id = ask();
  } catch (cause) {
    // A look at a guarded context has its own sentence.
    if (cause instanceof CacheError) throw cause;
    throw fault(`threw ${textOf(cause)}; return undefined for a guest`, cause);
  }
  if (typeof id === 'string' || typeof id === 'number') {
    // An id that says nothing would be shared by all guests.
    return id === '' || Number.isNaN(id) ? undefined : id;
  }
  if (id === undefined || id === null || id === false) return undefined;
  if (typeof id === 'bigint') return String(id);
  if (isPromise(id)) {
    // It is not waited for, and this error tells more.
    unheard(id);
    throw fault('returned a promise; find the viewer while the context is made, and return its id here');
  }
  throw fault(`returned ${nameOf(id)}; return its id, a text or a number, or undefined for a guest`);
}

function nameOf(id: unknown): string {
  if (typeof id !== 'object') return `a ${typeof id}`;
  return Array.isArray(id) ? 'a list' : 'an object';
}

function fault(what: string, cause?: unknown): CacheError {
  return new CacheError('CACHE_VIEWER', `createCache: viewer(context) ${what}`, { cause });
}
