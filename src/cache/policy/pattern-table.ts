import type { ReadPattern } from './read-policy.js';
import type { WritePattern } from './write-policy.js';
import type { CachePattern, FieldSite } from './field-site.js';

/** Which patterns stand on which fields. */
export const patternTable: Readonly<
  Record<CachePattern, { readonly standsOn: readonly FieldSite['kind'][] }>
> = {
  CACHE_ASIDE: { standsOn: ['query', 'object'] },
  READ_THROUGH: { standsOn: ['query', 'object'] },
  PREFETCH: { standsOn: ['query'] },
  WRITE_THROUGH: { standsOn: ['mutation'] },
  HYBRID: { standsOn: ['mutation'] },
  WRITE_BEHIND: { standsOn: ['mutation'] },
};

/** What a mutation may do to a namespace: a write pattern, or naming one of its keys in `@invalidates`. */
export type WriteKind = WritePattern | '@invalidates';

/**
 * Which writes may share a namespace with which fields; `yes`, or why the pair cannot keep its promise. The page about
 * the patterns has the same table, and a test keeps both equal.
 */
export const pairTable: Readonly<Record<CachePattern, Readonly<Record<WriteKind, string>>>> = {
  CACHE_ASIDE: { WRITE_THROUGH: 'yes', HYBRID: 'yes', WRITE_BEHIND: 'yes', '@invalidates': 'yes' },
  READ_THROUGH: { WRITE_THROUGH: 'yes', HYBRID: 'yes', WRITE_BEHIND: 'yes', '@invalidates': 'yes' },
  PREFETCH: {
    WRITE_THROUGH: 'reports are refreshed and not written',
    HYBRID: 'reports are refreshed and not written',
    WRITE_BEHIND: 'reports are refreshed and not written',
    '@invalidates': 'yes',
  },
  WRITE_THROUGH: {
    WRITE_THROUGH: 'yes',
    HYBRID: 'yes',
    WRITE_BEHIND: 'a pending write would overwrite a later commit',
    '@invalidates': 'yes',
  },
  HYBRID: {
    WRITE_THROUGH: 'yes',
    HYBRID: 'yes',
    WRITE_BEHIND: 'a pending write would overwrite a later commit',
    '@invalidates': 'yes',
  },
  WRITE_BEHIND: {
    WRITE_THROUGH: 'a pending write would overwrite a later commit',
    HYBRID: 'a pending write would overwrite a later commit',
    WRITE_BEHIND: 'yes',
    '@invalidates': 'a pending write would overwrite a later commit',
  },
};

/** True for the patterns of reads this version runs. */
export function isReadPattern(pattern: CachePattern): pattern is ReadPattern {
  return pattern === 'CACHE_ASIDE' || pattern === 'READ_THROUGH' || pattern === 'PREFETCH';
}

/** True for the patterns that stand on mutations. */
export function isWritePattern(pattern: CachePattern): pattern is WritePattern {
  return pattern === 'WRITE_THROUGH' || pattern === 'HYBRID' || pattern === 'WRITE_BEHIND';
}
