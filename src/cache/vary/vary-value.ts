import { CacheError, textOf } from '../errors.js';
import type { VaryValue } from '../keys/variant.js';
import { isPromise, unheard } from '../maybe-promise.js';
import { outsideLoads } from '../load-scope.js';

/** Longer values are no variants but contents: most characters of one. */
const MAX_LENGTH = 256;

/**
 * What a function of `vary` says of a context; undefined where it has no value.
 * @throws CacheError where it throws, or says something that cannot be a part of a key.
 */
export function askedValue(
  name: string,
  ask: (context: unknown) => unknown,
  context: unknown,
): VaryValue | undefined {
  let value: unknown;
  try {
    // What the engine itself asks is no part of a load.
    value = outsideLoads(ask, context);
  } catch (cause) {
    // A look at a guarded context has its own sentence.
    if (cause instanceof CacheError) throw cause;
    throw new CacheError(
      'CACHE_VARY',
      `${callOf(name)} threw ${textOf(cause)}; return undefined where there is none`,
      {
        cause,
      },
    );
  }
  if (typeof value === 'string' && value.length <= MAX_LENGTH) return value;
  if (isPromise(value)) {
    // It is not waited for, and this error tells more.
    unheard(value);
    const fix = 'find the value while the context is made, and return it here';
    throw new CacheError('CACHE_VARY', `${callOf(name)} returned a promise; ${fix}`);
  }
  if (isVaryValue(value)) return value;
  throw new CacheError('CACHE_VARY', `${callOf(name)} returned ${faultOf(value)}`);
}

function callOf(name: string): string {
  return `createCache: vary.${name}(context)`;
}

function isVaryValue(value: unknown): value is VaryValue | undefined {
  return faultOf(value) === undefined;
}

/** What is wrong with a value that is to be a part of a key; undefined where nothing is. */
export function faultOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
      return undefined;
    case 'string':
      if (value.length <= MAX_LENGTH) return undefined;
      return `${value.length} characters; return at most ${MAX_LENGTH}`;
    case 'number':
      return Number.isFinite(value) ? undefined : `${value}; ${FIX}`;
    case 'object':
      if (value === null) return undefined;
      return `${Array.isArray(value) ? 'a list' : 'an object'}; ${FIX}`;
    case 'bigint':
    case 'function':
    case 'symbol':
      return `a ${typeof value}; ${FIX}`;
  }
}

const FIX = 'return a text, a number, true, false or null, or undefined for none';
