import type { GraphQLResolveInfo } from 'graphql';
import type { AnswerHint } from '../codec/entry.js';
import type { ResolverNotes } from '../patterns/field-call.js';
import type { CacheScope } from '../patterns/read-policy.js';

/** What a resolver finds in `info.cacheControl` where Apollo Server's cache-control plugin is on. */
interface CacheControl {
  setCacheHint(hint: AnswerHint): void;
  readonly cacheHint: {
    restrict(hint: AnswerHint): void;
    replace(hint: AnswerHint): void;
  };
}

/** Undefined where the plugin is off, or the server is another one. */
export function cacheControlOf(info: GraphQLResolveInfo): CacheControl | undefined {
  if (!('cacheControl' in info)) return undefined;
  const { cacheControl } = info;
  return isCacheControl(cacheControl) ? cacheControl : undefined;
}

/** Says of an answer what its load said, less the seconds that have passed since. */
export function giveHint({ cacheHint }: CacheControl, { maxAge, ...hint }: AnswerHint, ageMs: number): void {
  const isKnown = maxAge !== undefined;
  cacheHint.replace(isKnown ? { ...hint, maxAge: Math.max(0, Math.floor(maxAge - ageMs / 1000)) } : hint);
}

/**
 * The same `info`, whose hints are noted while they are given: they are kept with the entry. What is for one viewer only
 * must not rest in a cache that everybody asks, whatever the resolver says.
 */
export function notingHints(
  info: GraphQLResolveInfo,
  notes: ResolverNotes,
  scope: CacheScope,
): GraphQLResolveInfo {
  const control = cacheControlOf(info);
  if (control === undefined) return info;
  const { cacheHint } = control;
  const scoped = (hint: AnswerHint): AnswerHint => (scope === 'PRIVATE' ? { ...hint, scope } : hint);
  const note = (hint: AnswerHint): AnswerHint => {
    notes.hint = { ...notes.hint, ...known(scoped(hint)) };
    return scoped(hint);
  };
  const restricted = (hint: AnswerHint): AnswerHint => {
    const { maxAge, scope: before } = notes.hint ?? {};
    const stricter = known(hint);
    return {
      ...stricter,
      ...(maxAge !== undefined && { maxAge: Math.min(maxAge, stricter.maxAge ?? maxAge) }),
      ...(before === 'PRIVATE' && { scope: before }),
    };
  };
  const noting = {
    ...control,
    setCacheHint: (hint: AnswerHint) => {
      control.setCacheHint(note(hint));
    },
    // Its properties change while it is used, so it stays the same object below.
    cacheHint: Object.assign(Object.create(cacheHint), {
      replace: (hint: AnswerHint) => {
        cacheHint.replace(note(hint));
      },
      restrict: (hint: AnswerHint) => {
        note(restricted(hint));
        cacheHint.restrict(scoped(hint));
      },
    }),
  };
  return Object.assign(Object.create(Object.getPrototypeOf(info)), info, { cacheControl: noting });
}

function known({ maxAge, scope }: AnswerHint): AnswerHint {
  return { ...(maxAge !== undefined && { maxAge }), ...(scope && { scope }) };
}

function isCacheControl(value: unknown): value is CacheControl {
  if (typeof value !== 'object' || value === null || !('setCacheHint' in value)) return false;
  return 'cacheHint' in value && typeof value.cacheHint === 'object' && value.cacheHint !== null;
}
