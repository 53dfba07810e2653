import type { ApolloServerPlugin, GraphQLRequestContext } from '@apollo/server';
import { visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import { memoWorld, type MemoContext, type MemoWorldOptions } from './memo-world.js';

const typeDefs = /* GraphQL */ `
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}")
    me: String @cached(ttl: 60, scope: PRIVATE)
    price: String @cached(ttl: 60, vary: ["tenant"])
  }
  type Film {
    id: ID!
    title: String
    salary: Int
  }
`;

function world(options: Partial<MemoWorldOptions>) {
  const resolvers: MemoWorldOptions['resolvers'] = {
    Query: {
      film: (_, { id }) => ({ id, title: `Film ${String(id)}`, salary: 42 }),
      me: (_, __, { viewer }) => `I am ${viewer?.id}`,
      price: (_, __, { tenant }) => `for ${tenant}`,
    },
  };
  const vary = { tenant: ({ tenant }: MemoContext) => tenant };
  return memoWorld({ typeDefs, resolvers, vary, ...options });
}

type Request = GraphQLRequestContext<MemoContext>;
/** When a plugin changes the request of a guest: each is called before the execution begins. */
type Moment = 'didResolveOperation' | 'responseForOperation' | 'executionDidStart';

function changing(moment: Moment, change: (request: Request) => void): ApolloServerPlugin<MemoContext> {
  const changed = (request: Request): Promise<null> => {
    if (request.contextValue.viewer === undefined) change(request);
    return Promise.resolve(null);
  };
  return { requestDidStart: async () => ({ [moment]: changed }) };
}

/** Guests get neither `salary` nor `me`. */
function hiding(moment: Moment): ApolloServerPlugin<MemoContext> {
  return changing(moment, (request) => {
    const { document } = request;
    const field = { Field: (node: { name: { value: string } }) => (isHidden(node) ? null : undefined) };
    Object.assign(request, { document: document && visit(document, field) });
  });
}

function isHidden({ name }: { name: { value: string } }): boolean {
  return name.value === 'salary' || name.value === 'me';
}

const ann = { context: { viewer: { id: 'ann' } } };
const IN_A_FRAGMENT = 'query { film(id: 1) { ...F } } fragment F on Film { title salary }';
const IN_THE_OPERATION = '{ film(id: 1) { title salary } }';
const WHOLE = '{"data":{"film":{"title":"Film 1","salary":42}}}\n';
const OF_GUEST = '{"data":{"film":{"title":"Film 1"}}}\n';
const MOMENTS: readonly Moment[] = ['didResolveOperation', 'responseForOperation', 'executionDidStart'];

describe.each([['before'], ['after']])(
  'a plugin %s that of the cache, which changes requests of guests',
  (place) => {
    const withPlugin = (plugin: ApolloServerPlugin<MemoContext>) =>
      world(place === 'before' ? { pluginsBefore: [plugin] } : { plugins: [plugin] });

    it.each([
      ['a fragment', IN_A_FRAGMENT],
      ['the operation', IN_THE_OPERATION],
    ])('in %s: guests get nothing that was kept for others', async (_what, query) => {
      const { settled } = await withPlugin(hiding('didResolveOperation'));
      expect((await settled(query, ann)).text).toBe(WHOLE);
      expect((await settled(query)).text).toBe(OF_GUEST);
      expect((await settled(query, ann)).text).toBe(WHOLE);
    });

    it.each(MOMENTS)(
      'in their document, in %s: others get nothing that was kept for guests',
      async (moment) => {
        for (const query of [IN_A_FRAGMENT, IN_THE_OPERATION]) {
          const { settled } = await withPlugin(hiding(moment));
          expect((await settled(query)).text).toBe(OF_GUEST);
          expect((await settled(query, ann)).text).toBe(WHOLE);
        }
      },
    );

    it.each(MOMENTS)(
      'in their variables, in %s: others get nothing that was kept for guests',
      async (moment) => {
        const query = 'query ($id: ID!) { film(id: $id) { title } }';
        const given = { variables: { id: '1' } };
        for (const change of [
          (request: Request) => void (request.request.variables = { id: 'open' }),
          (request: Request) => void Object.assign(request.request.variables ?? {}, { id: 'open' }),
        ]) {
          const { settled } = await withPlugin(changing(moment, change));
          expect((await settled(query, structuredClone(given))).text).toContain('Film open');
          expect((await settled(query, { ...structuredClone(given), ...ann })).text).toContain('Film 1');
        }
      },
    );

    it.each(MOMENTS)(
      'in their context, in %s: others get nothing that was kept for guests',
      async (moment) => {
        // What is changed in the same object later than in `didResolveOperation` is not seen by fields either.
        const { settled } = await withPlugin(
          changing(moment, (request) => void Object.assign(request, { contextValue: { tenant: 'guests' } })),
        );
        expect((await settled('{ price }')).text).toContain('for guests');
        expect((await settled('{ price }', ann)).text).toContain('for undefined');
      },
    );

    it.each(MOMENTS)(
      'in which operation it is, in %s: others get nothing that was kept for guests',
      async (moment) => {
        const query = 'query A { film(id: 1) { title } } query B { film(id: 2) { title } }';
        const { settled } = await withPlugin(
          changing(moment, ({ request }) => void (request.operationName = 'B')),
        );
        expect((await settled(query, { operationName: 'A' })).text).toContain('Film 2');
        expect((await settled(query, { operationName: 'A', ...ann })).text).toContain('Film 1');
      },
    );
  },
);

it('of two operations of one name, which a server without validation lets through, no answer is kept', async () => {
  // Apollo Server finds the first one, and graphql-js executes the last one.
  const { settled, cache } = await world({ isValidating: false });
  const query = 'query Film { film(id: 1) { title } } query Film { me }';
  for (const id of ['ann', 'ben'])
    expect((await settled(query, { operationName: 'Film', context: { viewer: { id } } })).text).toBe(
      `{"data":{"me":"I am ${id}"}}\n`,
    );
  expect(cache.stats.memo().kept).toBe(0);
});
