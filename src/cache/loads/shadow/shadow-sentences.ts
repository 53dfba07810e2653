import type { CacheScope } from '../../policy/read-policy.js';

/** Told once for each field, with its coordinate: never values, keys or viewers. */
export function differs(scope: CacheScope): string {
  const ofReader =
    scope === 'PUBLIC'
      ? 'Either the load depends on its reader in a way that the guard cannot see, such as a loader made with a viewer, ' +
        'AsyncLocalStorage or module state: make the field PRIVATE, or pass the viewer as an argument.'
      : 'Either the load depends on more of its reader than the viewer, such as a session or a language: ' +
        'pass that as an argument.';
  return (
    'a shadow check loaded another value than the cache gave, twice, and no write explains it. ' +
    `${ofReader} Or the origin changes without an invalidation: name what it depends on in tags, or make ttl shorter. ` +
    'See docs/shadow-checking.md'
  );
}

export const unstable =
  'two shadow checks for the same reader loaded different values, so the field cannot be judged. ' +
  'Either its value changes by itself, such as a time or a random number: ttl says for how long an old one may be given. ' +
  'Or it goes on changing without an invalidation: name what it depends on in tags. Or it depends on module state that each request sets: pass it as an argument. See docs/shadow-checking.md';

export const switchedOff =
  'so many shadow checks differed that the field is switched off: its reads go past the cache until this process ends';
