import type { ReadPattern } from '../patterns/read-policy.js';
import type { CachePattern, FieldSite } from './field-site.js';

/** Which patterns stand on which fields. */
export const patternTable: Readonly<
  Record<CachePattern, { readonly standsOn: readonly FieldSite['kind'][]; readonly available: boolean }>
> = {
  CACHE_ASIDE: { standsOn: ['query', 'object'], available: true },
  READ_THROUGH: { standsOn: ['query', 'object'], available: true },
  PREFETCH: { standsOn: ['query'], available: false },
  WRITE_THROUGH: { standsOn: ['mutation'], available: false },
  WRITE_BEHIND: { standsOn: ['mutation'], available: false },
  HYBRID: { standsOn: ['mutation'], available: false },
};

/** True for the patterns this version runs. */
export function isReadPattern(pattern: CachePattern): pattern is ReadPattern {
  return pattern === 'CACHE_ASIDE' || pattern === 'READ_THROUGH';
}
