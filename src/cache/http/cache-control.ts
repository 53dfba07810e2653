import type { HttpOptions } from './http-options.js';

/** Who may be given the same answer. */
export type Sharing = 'everybody' | 'one variant' | 'one reader';

/** Kept nowhere. */
export const NO_STORE = 'no-store';

/**
 * What caches of whole answers may do (RFC 9111). There is never an `Age`: this is where the answer was made, just now, and
 * `max-age` is what is left of its entries. What is over must be asked for anew (`must-revalidate`): stale windows of the
 * schema are the engine's own, which refreshes meanwhile.
 */
export function cacheControl(
  sharing: Sharing,
  { seconds, maxAge }: { readonly seconds: number; readonly maxAge: HttpOptions['maxAge'] },
): string {
  switch (sharing) {
    case 'one reader':
      return NO_STORE;
    case 'one variant':
      // By what it varies no header of the request need say.
      return 'private, no-cache';
    case 'everybody':
      if (seconds < 1 || maxAge === undefined || maxAge === 'none') return 'no-cache';
      return maxAge === 'all'
        ? `public, max-age=${seconds}, must-revalidate`
        : `public, max-age=0, s-maxage=${seconds}, must-revalidate`;
  }
}

/** Whether a request wants more than what was kept: `Cache-Control: no-cache`. */
export function asksForFresh(header: string | undefined): boolean {
  return header?.split(',').some((directive) => directive.trim().toLowerCase() === 'no-cache') === true;
}
