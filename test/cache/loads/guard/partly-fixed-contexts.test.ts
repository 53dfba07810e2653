import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../../src/cache/index.js';

interface Context {
  readonly tenant: string;
  readonly viewer: { readonly id: string };
}

const typeDefs = `
  type Query {
    price: String @cached(ttl: 60, vary: ["tenant"])
    mine: String @cached(ttl: 60)
  }
`;
const resolvers = {
  Query: {
    price: (_parent: unknown, _args: unknown, { tenant }: Context) => `price for ${tenant}`,
    mine: (_parent: unknown, _args: unknown, { viewer }: Context) => `of ${viewer.id}`,
  },
};

function schemaFor(environment: 'test' | 'production') {
  const cache = createCache<Context>({
    store: memoryStore(),
    environment,
    viewer: ({ viewer }) => viewer.id,
    vary: { tenant: ({ tenant }) => tenant },
  });
  return cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
}

const acme = (): Context => ({ tenant: 'acme', viewer: { id: 'ann' } });

/** Fixes one property, as servers do with what is theirs. */
function withFixed(name: PropertyKey): Context {
  return Object.defineProperty(acme(), name, { value: 'fixed' });
}

describe.each(['test', 'production'] as const)(
  'a context of which one property is fixed, in %s',
  (environment) => {
    it.each<[string, PropertyKey]>([
      ['a name', 'server'],
      ['a symbol', Symbol('server')],
    ])('shows a load what its field varies by: %s', async (_what, name) => {
      const schema = schemaFor(environment);
      expect(await graphql({ schema, source: '{ price }', contextValue: withFixed(name) })).toEqual({
        data: { price: 'price for acme' },
      });
    });

    it('shows it to loads under Apollo Server with the plugins that it has by default', async () => {
      const server = new ApolloServer<Context>({ schema: schemaFor(environment) });
      await server.start();
      const { body } = await server.executeOperation({ query: '{ price }' }, { contextValue: acme() });
      expect(body).toMatchObject({ singleResult: { data: { price: 'price for acme' } } });
      await server.stop();
    });
  },
);

it.each<PropertyKey>(['server', Symbol('server')])(
  'a context of which %s is fixed does not reveal its viewer to PUBLIC loads',
  async (name) => {
    const { errors } = await graphql({
      schema: schemaFor('test'),
      source: '{ mine }',
      contextValue: withFixed(name),
    });
    expect(errors?.[0]?.message).toContain('viewer');
  },
);
