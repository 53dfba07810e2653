import { describe, expect, it } from 'vitest';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Studio { id: ID! name: String }
  type Movie {
    id: ID!
    studio: String @cached(ttl: 60, tags: ["Studio:{parent.studioId}"])
    misspelt: String @cached(ttl: 60, tags: ["Studio:{parent.studoId}"])
    genres: String @cached(ttl: 60, tags: ["Genre:{parent.genreIds}"])
    deep: String @cached(ttl: 60, tags: ["Studio:{parent.studio.id}"])
    own: Studio @cached(ttl: 60, pattern: READ_THROUGH, key: "Studio:{parent.id}", tags: ["Owner:{parent.ownerId}"])
  }
  type Query { movie: Movie movies: [Movie!] @cached(ttl: 60) }
  type Mutation { rename: Boolean @invalidates(tags: ["Studio:7"]) }
`;

type Row = Readonly<Record<string, unknown>>;

function movieCache(row: Row) {
  let name = 'old';
  const resolve = (): string => name;
  return testCache({
    typeDefs,
    resolvers: {
      Query: { movie: () => ({ id: '1', ...row }), movies: () => [{ id: '1', ...row }] },
      Movie: { studio: resolve, misspelt: resolve, genres: resolve, deep: resolve },
      Mutation: {
        rename: () => {
          name = 'new';
          return true;
        },
      },
    },
    origins: { Studio: { load: (ids) => Promise.resolve(ids.map((id) => ({ id, name }))) } },
  });
}

const told = (coordinate: string, tag: string, placeholder: string): string =>
  'warn a tag could not be named, because the parent that was returned has no value for it (null is one), so nothing is stored; ' +
  `return it with the parent, or correct the placeholder ${JSON.stringify({ coordinate, tag, placeholder })}`;

describe('a tag of what the parent lacks', () => {
  it.each<[field: string, row: Row, tag: string, placeholder: string]>([
    ['studio', {}, 'Studio:{parent.studioId}', '{parent.studioId}'],
    ['misspelt', { studioId: 7 }, 'Studio:{parent.studoId}', '{parent.studoId}'],
    ['genres', { genreIds: [1, undefined] }, 'Genre:{parent.genreIds}', '{parent.genreIds}'],
    ['deep', { studio: {} }, 'Studio:{parent.studio.id}', '{parent.studio.id}'],
    ['deep', { studio: 'seven' }, 'Studio:{parent.studio.id}', '{parent.studio.id}'],
  ])(
    'has the field %s resolved and not stored, with %j, and tells it once',
    async (field, row, tag, placeholder) => {
      const { query, cache, logged } = movieCache(row);
      const read = () => query(`{ movie { ${field} } }`);
      for (let time = 0; time < 2; time += 1) {
        const { data, evidence } = await read();
        expect(data).toEqual({ movie: { [field]: 'old' } });
        expect(evidence.fields).toMatchObject([
          { outcome: 'BYPASS', reason: `tag "${tag}": ${placeholder} has no value` },
        ]);
      }
      await query('mutation { rename }');
      expect((await read()).data).toEqual({ movie: { [field]: 'new' } });
      expect(cache.stats.counters()[`Movie.${field}`]).toMatchObject({ stored: 0, bypassed: 3 });
      expect(logged).toEqual([told(`Movie.${field}`, tag, placeholder)]);
    },
  );

  it('is not foreseen below a list', async () => {
    const { query, logged } = movieCache({});
    await query('{ movies { studio } }');
    expect((await query('{ movies { studio } }')).outcomes).toEqual([
      'Query.movies HIT',
      'Movie.studio BYPASS',
    ]);
    await query('mutation { rename }');
    expect((await query('{ movies { studio } }')).data).toEqual({ movies: [{ studio: 'new' }] });
    expect(logged).toHaveLength(1);
  });

  it('has an origin asked all the same', async () => {
    const { query, logged } = movieCache({});
    for (let time = 0; time < 2; time += 1) {
      const { data, outcomes } = await query('{ movie { own { name } } }');
      expect([data, outcomes]).toEqual([{ movie: { own: { name: 'old' } } }, ['Movie.own BYPASS']]);
    }
    expect(logged).toEqual([told('Movie.own', 'Owner:{parent.ownerId}', '{parent.ownerId}')]);
  });
});

describe('a tag of what is null in the parent', () => {
  it.each<[field: string, row: Row]>([
    ['studio', { studioId: null }],
    ['genres', { genreIds: [] }],
    ['genres', { genreIds: null }],
    ['deep', { studio: null }],
    ['deep', { studio: { id: null } }],
  ])('lets the field %s be stored, with %j', async (field, row) => {
    const { query, logged } = movieCache(row);
    const source = `{ movie { ${field} } }`;
    expect((await query(source)).outcomes).toEqual([`Movie.${field} MISS`]);
    expect((await query(source)).outcomes).toEqual([`Movie.${field} HIT`]);
    expect(logged).toEqual([]);
  });
});
