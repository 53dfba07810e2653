import type { CachedArguments } from '../policy/field-site.js';

/** `cached: { ttl: 60 }` on a field of a code-first schema: the arguments of `@cached`, with the same units and defaults. */
export interface CachedOptions extends Partial<CachedArguments> {
  /** Seconds an entry is fresh; greater than 0. */
  readonly ttl: number;
}

/** `invalidates: { tags: ['Movie:{args.id}'] }` on a mutation of a code-first schema: the arguments of `@invalidates`. */
export interface InvalidatesOptions {
  /** Templates; may use `{args.x}`, `{viewer.id}` and `{result.x}`. */
  readonly tags: readonly string[];
}
