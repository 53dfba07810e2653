import { describe, expect, it, onTestFinished } from 'vitest';
import { countLookAhead } from '../../support/count-look-ahead.js';
import { farStore } from '../../support/stores/far-store.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';

const typeDefs = /* GraphQL */ `
  type Person {
    id: ID!
  }
  type Film {
    id: ID!
    cast: [Role!]!
    first: Role
    score(by: String): Int @cached(ttl: 60)
    director: Person @cached(ttl: 60)
  }
  type Role {
    name: String!
    film: Film
    sequel: Film
  }
  type Edge {
    node: Film
  }
  type Connection {
    edges: [Edge]
    made: Made
  }
  type Made {
    nodes: [Film!]!
  }
  type Query {
    films: Connection @cached(ttl: 60)
    rows: [[Film!]!]! @cached(ttl: 60)
    list: [Film]! @cached(ttl: 60)
    best: Film @cached(ttl: 60)
  }
`;

const film = (id: number): object => ({
  id: `${id}`,
  cast: [
    { name: 'a', film: { id: `${id}1` }, sequel: null },
    { name: 'b', film: { id: `${id}2` }, sequel: { id: `${id}3` } },
  ],
  first: { name: 'c', film: { id: `${id}4` } },
});

const resolvers: NonNullable<TestCacheOptions['resolvers']> = {
  Query: {
    films: () => ({
      edges: [{ node: film(1) }, null, { node: film(2) }],
      made: { nodes: [film(1), film(3)] },
    }),
    rows: () => [[film(1)], [], [film(2), film(3)]],
    list: () => [film(1), null, film(2)],
    best: () => film(1),
  },
  Film: {
    score: (parent, { by }) => Number(idOf(parent)) + (by === undefined ? 0 : 1),
    director: (parent) => ({ id: `p${idOf(parent)}` }),
  },
};

function idOf(parent: unknown): string {
  return String(Reflect.get(Object(parent), 'id'));
}

describe('fields of many objects below a value that comes from the cache', () => {
  it.each([
    ['a list', '{ list { score director { id } } }', 4],
    ['lists in a list', '{ rows { score } }', 3],
    ['edges', '{ films { edges { node { score } } } }', 2],
    ['edges under other names', '{ a: films { b: edges { c: node { d: score(by: "x") e: score } } } }', 4],
    ['two ways', '{ films { edges { node { score } } made { nodes { score } } } }', 4],
    [
      'fragments',
      '{ ...on Query { films { edges { ...E } } } } fragment E on Edge { node { id ...F } node { director { id } } } fragment F on Film { score }',
      4,
    ],
    ['lists in edges', '{ films { edges { node { score cast { film { score } sequel { score } } } } } }', 8],
    ['a list of one object', '{ best { cast { film { director { id } } } } }', 2],
    ['objects of a list', '{ list { first { film { score } } } }', 2],
  ])('are read at once: %s', async (_, source, foreseen) => {
    const { store, reads } = farStore();
    const { query } = testCache({ typeDefs, resolvers, store });
    const first = await query(source);
    expect(first.result.errors).toBeUndefined();
    const counted = countLookAhead();
    onTestFinished(counted.restore);
    reads.length = 0;
    expect((await query(source)).data).toEqual(first.data);
    expect(counted.hits()).toBe(foreseen);
    // One for the field itself, one for all that lies below.
    expect(reads).toHaveLength(2);
  });

  it('follow @skip and @include', async () => {
    const { query } = testCache({ typeDefs, resolvers, store: farStore().store });
    const source =
      'query ($no: Boolean!) { films { edges { node { score @skip(if: $no) director @include(if: $no) { id } } } } }';
    const scores = { films: { edges: [{ node: { score: 1 } }, null, { node: { score: 2 } }] } };
    const directors = {
      films: { edges: [{ node: { director: { id: 'p1' } } }, null, { node: { director: { id: 'p2' } } }] },
    };
    for (let times = 0; times < 3; times += 1) {
      expect((await query(source, {}, { no: false })).data).toEqual(scores);
      expect((await query(source, {}, { no: true })).data).toEqual(directors);
    }
  });

  it('read for themselves where a resolver or an argument decides what lies on the way', async () => {
    const decided = {
      ...resolvers,
      Edge: { node: () => film(7) },
    };
    const { query } = testCache({ typeDefs, resolvers: decided, store: farStore().store });
    const counted = countLookAhead();
    onTestFinished(counted.restore);
    for (let times = 0; times < 2; times += 1) {
      expect((await query('{ films { edges { node { score } } } }')).data).toEqual({
        films: { edges: [{ node: { score: 7 } }, null, { node: { score: 7 } }] },
      });
    }
    expect(counted.hits()).toBe(0);
  });
});
