import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from 'vitest';
import { CacheError, cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import type { CachePattern } from '../../../src/cache/policy/field-site.js';
import { pairTable, patternTable, type WriteKind } from '../../../src/cache/policy/pattern-table.js';

type Pair = readonly [pattern: CachePattern, kind: WriteKind, verdict: string];

const patterns = Object.keys(pairTable) as CachePattern[];
const pairs: readonly Pair[] = patterns.flatMap((pattern) =>
  Object.entries(pairTable[pattern]).map(([kind, verdict]): Pair => [pattern, kind as WriteKind, verdict]),
);
const refused = pairs.filter(([, , verdict]) => verdict !== 'yes');

const directives: Readonly<Record<CachePattern | '@invalidates', string>> = {
  CACHE_ASIDE: '@cached(ttl: 60, key: "Film:{args.id}")',
  READ_THROUGH: '@cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")',
  PREFETCH: '@cached(ttl: 60, pattern: PREFETCH, refreshEvery: 30, key: "Film:{args.id}")',
  WRITE_THROUGH: '@cached(ttl: 60, pattern: WRITE_THROUGH, key: "Film:{args.id}")',
  HYBRID: '@cached(ttl: 60, pattern: HYBRID, key: "Film:{args.id}")',
  WRITE_BEHIND: '@cached(ttl: 60, pattern: WRITE_BEHIND, key: "Film:{args.id}")',
  '@invalidates': '@invalidates(tags: ["Film:{args.id}"])',
};

/** What starting says of a field with the one and a mutation with the other, both on one namespace. */
function faultsOf(pattern: CachePattern, kind: WriteKind): string {
  const isRead = patternTable[pattern].standsOn.includes('query');
  const one = `one(id: ID!): Film ${directives[pattern]}`;
  const other = `other(id: ID!): Film ${directives[kind]}`;
  const typeDefs = `
    type Film { id: ID! version: Int! }
    type Query { ${isRead ? one : 'nothing: Int'} }
    type Mutation { ${isRead ? '' : one} ${other} }
  `;
  const resolve = (): null => null;
  const schema = makeExecutableSchema({
    typeDefs: [cacheTypeDefs, typeDefs],
    resolvers: { [isRead ? 'Query' : 'Mutation']: { one: resolve } },
  });
  const origin = { load: (ids: readonly string[]) => Promise.resolve(ids), flush: () => Promise.resolve() };
  try {
    createCache({ store: memoryStore(), origins: { Film: origin } }).apply(schema);
    return 'starts';
  } catch (error) {
    if (!(error instanceof CacheError) || error.code !== 'CACHE_CONFIGURATION') throw error;
    return error.message;
  }
}

describe('patterns on one namespace', () => {
  it.each(refused)('are refused at start: %s and %s, because %s', (pattern, kind, verdict) => {
    const type = patternTable[pattern].standsOn.includes('query') ? 'Query' : 'Mutation';
    // Of two writes the first one in the schema is named first, whichever of the rows of the table it is.
    const sentence =
      `${type}.one: ${pattern} cannot share the namespace "Film" with ${kind} on Mutation.other, because ${verdict}; ` +
      'give one of them another key, or both the same pattern';
    expect(faultsOf(pattern, kind)).toBe(
      `The schema's cache directives have one fault:\n  - @cached on ${sentence}`,
    );
  });

  it.each(pairs.filter(([, , verdict]) => verdict === 'yes'))('start: %s and %s', (pattern, kind) => {
    expect(faultsOf(pattern, kind)).toBe('starts');
  });

  it('are allowed and refused in the table, some of each', () => {
    expect([refused.length, pairs.length - refused.length]).toEqual([8, 16]);
  });
});
