import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';

const typeDefs = `
  type Query { film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}", vary: ["locale"]) }
  type Film { title: String }
`;

it('an origin is given the context of the request that loads, also where that is a text', async () => {
  const given: unknown[] = [];
  const cache = createCache<string>({
    store: memoryStore(),
    viewer: () => undefined,
    vary: { locale: (context) => context },
    origins: {
      Film: {
        load: (ids, context, { locale }) => {
          given.push(context);
          return Promise.resolve(ids.map((id) => ({ title: `${id} in ${String(locale)}` })));
        },
      },
    },
  });
  onTestFinished(() => cache.close());
  const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs] }));
  const ask = async (contextValue: string): Promise<unknown> => {
    const { data, errors } = await graphql({ schema, source: '{ film(id: 1) { title } }', contextValue });
    return errors ?? JSON.parse(JSON.stringify(data));
  };
  const answers = await Promise.all([ask('de'), ask('en'), ask('de')]);
  answers.push(await ask('fr'), await ask('en'));
  const locales = ['de', 'en', 'de', 'fr', 'en'];
  expect(answers).toEqual(locales.map((locale) => ({ film: { title: `1 in ${locale}` } })));
  expect(given).toEqual(['de', 'en', 'fr']);
});
