import type { GraphQLResolveInfo } from 'graphql';
import { UNKNOWN_HINT, type AnswerHint } from '../codec/entry.js';
import type { ResolverNotes } from '../loads/field-call.js';
import type { CacheScope } from '../policy/read-policy.js';

/** What a resolver finds in `info.cacheControl` where Apollo Server's cache-control plugin is on. */
export interface CacheControl {
  setCacheHint(hint: AnswerHint): void;
  readonly cacheHint: AnswerHint & {
    restrict(hint: AnswerHint): void;
    replace(hint: AnswerHint): void;
  };
}

const NOT_KEPT: AnswerHint = Object.freeze({ maxAge: 0 });

/** Undefined where the plugin is off, or the server is another one. */
export function cacheControlOf(info: GraphQLResolveInfo): CacheControl | undefined {
  if (!('cacheControl' in info)) return undefined;
  const { cacheControl } = info;
  return isCacheControl(cacheControl) ? cacheControl : undefined;
}

/**
 * What the resolver of one field tells caches of whole answers. What it said is noted with the entry and given with each
 * answer of it. Of a value that it did not load nothing is known; once the field is known to set hints, such a value is told
 * to be kept by no such cache, since what it would have said may be `PRIVATE`.
 */
export class FieldHints {
  readonly #scope: CacheScope;
  #isKnownToHint = false;

  constructor(scope: CacheScope) {
    this.#scope = scope;
  }

  /** What tells them. A function of its own, so that a read without cache control allocates nothing for it. */
  to(control: CacheControl): (hint: AnswerHint, ageMs: number) => void {
    return (hint, ageMs) => this.#give(control, hint, ageMs);
  }

  /** Says of an answer what its load said, less the seconds that have passed since. */
  #give({ cacheHint }: CacheControl, hint: AnswerHint, ageMs: number): void {
    const { maxAge, scope } = hint;
    if (maxAge === undefined && scope === undefined) {
      if (this.#isKnownToHint) cacheHint.restrict(NOT_KEPT);
      return;
    }
    this.#isKnownToHint = true;
    if (maxAge === undefined) cacheHint.replace(hint);
    else
      cacheHint.replace({ maxAge: Math.max(0, Math.floor(maxAge - ageMs / 1000)), ...(scope && { scope }) });
  }

  /**
   * The same `info`, whose hints are noted while they are given: they are kept with the entry. What is for one viewer only
   * must not rest in a cache that everybody asks, whatever the resolver says.
   */
  noting(info: GraphQLResolveInfo, notes: ResolverNotes): GraphQLResolveInfo {
    const control = cacheControlOf(info);
    if (control === undefined) {
      // There is no plugin to tell; a later hit may have one.
      if (this.#isKnownToHint) notes.hint = UNKNOWN_HINT;
      return info;
    }
    const { cacheHint } = control;
    const scoped = (hint: AnswerHint): AnswerHint =>
      this.#scope === 'PRIVATE' ? { ...hint, scope: this.#scope } : hint;
    const note = (hint: AnswerHint): void => {
      const said = known(hint);
      if (said.maxAge === undefined && said.scope === undefined) return;
      this.#isKnownToHint = true;
      notes.hint = { ...notes.hint, ...said };
    };
    const replace = (hint: AnswerHint): void => {
      note(scoped(hint));
      control.setCacheHint(scoped(hint));
    };
    const noting = {
      ...control,
      setCacheHint: replace,
      // Its properties change while it is used, so it stays the same object below.
      cacheHint: Object.assign(Object.create(cacheHint), {
        replace,
        restrict: (hint: AnswerHint) => {
          cacheHint.restrict(scoped(hint));
          // As it is now, which may be stricter by the directive: a hit replaces that.
          note({
            maxAge: hint.maxAge === undefined ? undefined : cacheHint.maxAge,
            scope: scoped(hint).scope === undefined ? undefined : cacheHint.scope,
          });
        },
      }),
    };
    return Object.assign(Object.create(Object.getPrototypeOf(info)), info, { cacheControl: noting });
  }
}

function known({ maxAge, scope }: AnswerHint): AnswerHint {
  return { ...(maxAge !== undefined && { maxAge }), ...(scope && { scope }) };
}

function isCacheControl(value: unknown): value is CacheControl {
  if (typeof value !== 'object' || value === null || !('setCacheHint' in value)) return false;
  return 'cacheHint' in value && typeof value.cacheHint === 'object' && value.cacheHint !== null;
}
