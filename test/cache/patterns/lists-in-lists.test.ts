import { describe, expect, it } from 'vitest';
import { testCache } from '../../support/test-cache.js';

describe('a tag that names lists in lists', () => {
  it('is one for each element of them, of a mutation and of an entry', async () => {
    let title = 'old';
    const { query } = testCache({
      typeDefs: `
        input Shelves { rows: [[ID!]!]! }
        type Query {
          film(id: ID!): String @cached(ttl: 60, key: "Film:{args.id}")
          shelves(rows: [[ID!]!]!): String @cached(ttl: 60, tags: ["Film:{args.rows}"])
        }
        type Mutation {
          rename(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}"])
          renameAll(shelves: Shelves!): Boolean @invalidates(tags: ["Film:{args.shelves.rows}"])
        }
      `,
      resolvers: {
        Query: { film: () => title, shelves: () => title },
        Mutation: {
          rename: () => Boolean((title = 'new')),
          renameAll: () => Boolean((title = 'newer')),
        },
      },
    });
    const shelves = async () => (await query('{ shelves(rows: [[1, 2], [3]]) }')).data;
    const film = async () => (await query('{ film(id: 2) }')).data;
    expect([await shelves(), await film()]).toEqual([{ shelves: 'old' }, { film: 'old' }]);
    await query('mutation { rename(id: 3) }');
    expect(await shelves()).toEqual({ shelves: 'new' });
    await query('mutation { renameAll(shelves: { rows: [[1], [2]] }) }');
    expect(await film()).toEqual({ film: 'newer' });
  });
});

describe('a tag that names a value of a scalar that is a list', () => {
  const typeDefs = `
    scalar Place
    type Stop { at: Place }
    type Query {
      near(at: Place!): String @cached(ttl: 60, key: "Near:{args.at}")
      nearAll(at: [Place!]!): String @cached(ttl: 60, tags: ["Near:{args.at}"])
    }
    type Mutation {
      move(at: Place!): Boolean @invalidates(tags: ["Near:{args.at}"])
      moveAll(at: [Place!]!): Boolean @invalidates(tags: ["Near:{args.at}"])
      add: Stop @invalidates(tags: ["Near:{result.at}"])
    }
  `;

  it.each(['move(at: [1.5, 2])', 'moveAll(at: [[3, 4], [1.5, 2]])', 'add { at }'])(
    'is one for the whole value, as in a key: %s',
    async (mutation) => {
      let found = 'old';
      const change = () => Boolean((found = 'new'));
      const { query } = testCache({
        typeDefs,
        resolvers: {
          Query: { near: () => found, nearAll: () => found },
          Mutation: { move: change, moveAll: change, add: () => change() && { at: [1.5, 2] } },
        },
      });
      const read = async () => (await query('{ near(at: [1.5, 2]) nearAll(at: [[1.5, 2]]) }')).data;
      expect(await read()).toEqual({ near: 'old', nearAll: 'old' });
      await query(`mutation { ${mutation} }`);
      expect(await read()).toEqual({ near: 'new', nearAll: 'new' });
    },
  );
});
