import type { ApolloServerPlugin } from '@apollo/server';
import { defaultFieldResolver, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { memoWorld, type MemoContext, type MemoWorldOptions } from './memo-world.js';

const typeDefs = `
  type Query {
    film: Film @cached(ttl: 60, key: "Film:1")
    price: String @cached(ttl: 60, vary: ["tenant"])
  }
  type Film { title: String }
  type Mutation { rename: Film @invalidates(tags: ["Film:1"]) }
`;
const FILM = '{ film { title } }';
const STALKER = '{"data":{"film":{"title":"Stalker"}}}\n';

function world(options: Partial<MemoWorldOptions> = {}) {
  const resolvers: MemoWorldOptions['resolvers'] = {
    Query: {
      film: () => ({ title: 'Stalker' }),
      price: (_, __, { tenant }) => `price for ${tenant}`,
    },
    Mutation: { rename: () => ({ title: 'Stalker' }) },
  };
  const vary = { tenant: ({ tenant }: MemoContext) => tenant };
  return memoWorld({ typeDefs, resolvers, vary, ...options });
}

const ana = { context: { viewer: { id: 'ana' } } };

describe('an answer that is kept, beside plugins of others', () => {
  it('has nothing of what a plugin before that of the cache makes of it for one viewer', async () => {
    const telling: ApolloServerPlugin<MemoContext> = {
      requestDidStart: async () => ({
        willSendResponse: async ({ response: { body }, contextValue: { viewer } }) => {
          if (viewer && body.kind === 'single' && body.singleResult.data) {
            body.singleResult.data['film'] = { title: `for ${viewer.id}` };
          }
        },
      }),
    };
    const { settled } = await world({ pluginsBefore: [telling] });
    expect((await settled(FILM, ana)).text).toContain('for ana');
    expect(await settled(FILM)).toEqual({ text: STALKER, isExecuted: false });
  });

  it.each<[string, (data: Record<string, unknown>) => void, string]>([
    ['takes', (data) => void delete data['film'], '{"data":{}}\n'],
    ['adds', (data) => void (data['more'] = 1), '{"data":{"film":{"title":"Stalker"},"more":1}}\n'],
    ['defines', (data) => void Object.defineProperty(data, 'film', { value: 1 }), '{"data":{"film":1}}\n'],
  ])('is sent without what a plugin %s', async (_, change, text) => {
    const changing: ApolloServerPlugin<MemoContext> = {
      requestDidStart: async () => ({
        willSendResponse: async ({ response: { body } }) => {
          if (body.kind === 'single' && body.singleResult.data) change(body.singleResult.data);
        },
      }),
    };
    const { settled } = await world({ plugins: [changing] });
    expect(await settled(FILM)).toEqual({ text, isExecuted: false });
  });

  it('is that of the context that a plugin has put in place of the first', async () => {
    const tenants: ApolloServerPlugin<MemoContext> = {
      requestDidStart: async () => ({
        didResolveOperation: async (request) => {
          const { viewer } = request.contextValue;
          if (viewer) Object.assign(request, { contextValue: { viewer, tenant: `that of ${viewer.id}` } });
        },
      }),
    };
    const { settled } = await world({ plugins: [tenants] });
    expect((await settled('{ price }')).text).toContain('price for undefined');
    expect((await settled('{ price }', ana)).text).toContain('price for that of ana');
  });

  it('is not given where a plugin puts checks around resolvers when the server starts', async () => {
    const guarding: ApolloServerPlugin<MemoContext> = {
      serverWillStart: async ({ schema }) => {
        const types = Object.values(schema.getTypeMap()).filter(isObjectType);
        for (const field of types.flatMap((type) => Object.values(type.getFields()))) {
          const { resolve = defaultFieldResolver } = field;
          field.resolve = (parent, args, context: MemoContext, info) => {
            if (!context.viewer) throw new Error('who are you?');
            return resolve(parent, args, context, info);
          };
        }
      },
    };
    const { settled } = await world({ plugins: [guarding] });
    expect((await settled(FILM, ana)).text).toBe(STALKER);
    expect((await settled(FILM)).text).toContain('who are you?');
  });
});

it('variables that are too deep to look at are left to the execution', async () => {
  const { ask } = await world();
  let deep: unknown = 1;
  for (let depth = 0; depth < 50_000; depth += 1) deep = [deep];
  expect((await ask(FILM, { variables: { deep } })).text).toBe(STALKER);
});
