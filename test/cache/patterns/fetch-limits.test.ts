import { describe, expect, it } from 'vitest';
import { testCache } from '../../support/test-cache.js';

const typeDefs = 'type Query { nothing: Int }';

describe('cache.fetch with more than an entry can carry', () => {
  it.each<[string, string, readonly string[]]>([
    ['a key of 70,000 characters', 'k'.repeat(70_000), []],
    ['a key that UTF-8 cannot carry', 'k\ud800', []],
    ['300 tags', 'k', Array.from({ length: 300 }, (_, at) => `Tag:${at}`)],
  ])('says so before it loads, or answers what it loads: %s', async (_what, key, tags) => {
    const { cache } = testCache({ typeDefs });
    let loads = 0;
    const fetched = cache.fetch(key, { ttl: 60, tags }, () => (loads += 1));
    const outcome = await fetched.catch((error: unknown) => ({ error }));
    if (loads > 0) expect(outcome).toBe(1);
    else expect(outcome).toMatchObject({ error: { code: 'CACHE_FETCH_OPTIONS' } });
  });
});
