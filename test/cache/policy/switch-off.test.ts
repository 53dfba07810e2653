import { describe, expect, it } from 'vitest';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Film { id: ID! title: String, stars: Int @cached(ttl: 60) }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    films(ids: [ID!]!): [Film] @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.ids}")
    shelf: Int @cached(ttl: 60)
  }
`;

/** A store that only takes invalidations. */
function untouchable(): { store: Store; invalidated: string[] } {
  const invalidated: string[] = [];
  const never = (): never => {
    throw new Error('the store was asked');
  };
  return {
    invalidated,
    store: {
      ...memoryStore(),
      read: never,
      acquire: never,
      fill: never,
      invalidate: (tags) => void invalidated.push(...tags),
    },
  };
}

function switched(disabled: 'all' | readonly string[], store?: Store) {
  const loads: string[] = [];
  const tested = testCache({
    typeDefs,
    disabled,
    ...(store === undefined ? {} : { store }),
    resolvers: { Query: { shelf: () => loads.push('shelf') }, Film: { stars: () => 5 } },
    origins: {
      Film: {
        load: (ids) => {
          loads.push(ids.join());
          return Promise.resolve(ids.map((id) => ({ id, title: `film ${id}` })));
        },
      },
    },
  });
  return { ...tested, loads };
}

describe('what is switched off', () => {
  it('goes past the cache, says why, and still asks an origin for many at once', async () => {
    const { store, invalidated } = untouchable();
    const { query, cache, loads, logged } = switched('all', store);
    for (let time = 0; time < 2; time += 1) {
      const { data, evidence } = await query('{ films(ids: [1, 2]) { title stars } shelf }');
      expect(data).toMatchObject({
        films: [
          { title: 'film 1', stars: 5 },
          { title: 'film 2', stars: 5 },
        ],
      });
      expect(new Set(evidence.fields.map(({ outcome, reason }) => `${outcome} ${reason}`))).toEqual(
        new Set(['BYPASS switched off']),
      );
    }
    expect(loads.filter((load) => load === '1,2')).toHaveLength(2);
    expect(await cache.fetch('Session:1', { ttl: 60 }, () => 'loaded')).toBe('loaded');
    await cache.invalidate(['Film:1']);
    expect(invalidated).toEqual(['Film:1']);
    expect(logged).toEqual([]);
  });

  it('may be a single field, while others are cached', async () => {
    const { query, loads } = switched(['Query.film']);
    for (let time = 0; time < 2; time += 1) await query('{ film(id: 1) { title } shelf }');
    expect(loads.sort()).toEqual(['1', '1', 'shelf']);
  });

  it('must be a cached field', () => {
    expect(() => switched(['Query.film', 'Query.flim'])).toThrow(
      'disabled: there is no @cached on Query.flim; what can be switched off is all, Film.stars, Query.film, Query.films, Query.shelf',
    );
  });
});
