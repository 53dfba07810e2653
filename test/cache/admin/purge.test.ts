import { describe, expect, it, onTestFinished } from 'vitest';
import { purge } from '../../../src/cache/admin/purge.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = /* GraphQL */ `
  type Movie {
    id: ID!
    similar(first: Int): Int @cached(ttl: 60)
  }
  type Query {
    chart(first: Int): Int @cached(ttl: 60)
    movie: Movie
    label(id: ID!): Int @cached(ttl: 60, key: "Label:{args.id}", vary: ["tenant"])
    top(decade: Int): Int @cached(ttl: 60, key: "Top-{args.decade}")
    news: Int @cached(ttl: 60, key: "News", vary: ["tenant"])
  }
`;

function setUp() {
  let loads = 0;
  const load = (): number => (loads += 1);
  const tested = testCache({
    typeDefs,
    vary: { tenant: (context) => context.tenant },
    resolvers: {
      Query: { chart: load, movie: () => ({ id: '5' }), label: load, top: load, news: load },
      Movie: { similar: load },
    },
  });
  onTestFinished(() => tested.cache.close());
  return tested;
}

const SOURCE = '{ chart(first: 10) movie { similar(first: 2) } label(id: 1) top(decade: 1990) news }';

describe('purge', () => {
  it.each([
    ['Query.chart(first:10)', 'Query.chart'],
    ['Movie.similar:5(first:2)', 'Movie.similar'],
    ['Label:1|tenant=acme', 'Query.label'],
    ['Top-1990', 'Query.top'],
    ['News|tenant=acme', 'Query.news'],
  ])('ends the entry with the key %s', async (key, coordinate) => {
    const { cache, query } = setUp();
    await query(SOURCE, { tenant: 'acme' });
    expect((await query(SOURCE, { tenant: 'acme' })).outcomes).toContain(`${coordinate} HIT`);
    expect(await purge(cache, { tags: [key], confirm: undefined })).toMatchObject({ isDone: true });
    const { outcomes } = await query(SOURCE, { tenant: 'acme' });
    expect(outcomes.filter((outcome) => outcome.endsWith('MISS'))).toEqual([`${coordinate} MISS`]);
  });

  it('refuses the coordinate of a field with default keys, and says what to give', async () => {
    const { cache } = setUp();
    await expect(purge(cache, { tags: ['Query.chart'], confirm: undefined })).rejects.toThrow(
      'Query.chart names a field and no entry: the keys of this field have its arguments, such as Query.chart(first:10), or ' +
        'Query.chart() without any, and below another object its id, Query.chart:5(). Evidence and explain show them. ' +
        'Nothing was purged.',
    );
  });

  it('refuses what no key begins with, with the nearest name', async () => {
    const { cache } = setUp();
    await expect(purge(cache, { tags: ['Lable:1'], confirm: undefined })).rejects.toThrow(
      'No entry depends on the tag Lable:1: no key and no tag of a field begins with Lable (did you mean "Label"?). Nothing was purged.',
    );
  });
});
