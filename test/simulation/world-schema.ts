import { makeExecutableSchema } from '@graphql-tools/schema';
import { parse, type GraphQLSchema } from 'graphql';
import { cacheTypeDefs } from '../../src/cache/index.js';

/** What one request of a simulated process can do. */
export interface WorldContext {
  readonly world: {
    loadPage(key: string, rows: readonly string[]): Promise<unknown>;
    write(row: string): Promise<unknown>;
  };
}

const typeDefs = `
  type Row { id: ID! version: Int! }
  type Page { versions: [Int!]! }
  type Query {
    row(id: ID!): Row @cached(ttl: 600, pattern: READ_THROUGH, key: "Row:{args.id}")
    page(id: ID!, a: ID!, b: ID!): Page @cached(ttl: 600, key: "Page:{args.id}", tags: ["Row:{args.a}", "Row:{args.b}"])
  }
  type Mutation {
    change(id: ID!): Row! @invalidates(tags: ["Row:{args.id}"])
    store(id: ID!): Row! @cached(ttl: 600, pattern: WRITE_THROUGH, key: "Row:{args.id}")
  }
`;

interface OfRow {
  readonly id: string;
}

interface OfPage extends OfRow {
  readonly a: string;
  readonly b: string;
}

/** The same for all processes; each has it cached for itself. */
export function worldSchema(): GraphQLSchema {
  return makeExecutableSchema<WorldContext>({
    typeDefs: [cacheTypeDefs, typeDefs],
    resolvers: {
      Query: {
        page: (_: unknown, { id, a, b }: OfPage, { world }: WorldContext) =>
          world.loadPage(`Page:${id}`, [a, b]),
      },
      Mutation: {
        change: (_: unknown, { id }: OfRow, { world }: WorldContext) => world.write(id),
        store: (_: unknown, { id }: OfRow, { world }: WorldContext) => world.write(id),
      },
    },
  });
}

export const documents = {
  row: parse('query ($id: ID!) { row(id: $id) { version } }'),
  page: parse('query ($id: ID!, $a: ID!, $b: ID!) { page(id: $id, a: $a, b: $b) { versions } }'),
  change: parse('mutation ($id: ID!) { row: change(id: $id) { version } }'),
  store: parse('mutation ($id: ID!) { row: store(id: $id) { version } }'),
};
