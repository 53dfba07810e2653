import { makeExecutableSchema } from '@graphql-tools/schema';
import { expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';

const typeDefs = `
  type Query { movie: Int @cached(ttl: 60, key: "Movie:1") }
  type Mutation { rate: Int @invalidates(tags: ["Movie:1"]) }
`;

it('a resolver that writes may be called by hand, without the variables of an execution, with strict copies', async () => {
  let rating = 1;
  const readLog = () => ({ last: '1-0', tags: [], isMore: false });
  const cache = createCache({
    store: { ...memoryStore(), readLog },
    strictCopies: true,
    environment: 'test',
  });
  onTestFinished(() => cache.close());
  const resolvers = { Query: { movie: () => rating }, Mutation: { rate: () => (rating += 1) } };
  const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
  const call = async (type: 'Query' | 'Mutation', field: string): Promise<unknown> => {
    const resolve = schema.getType(type);
    if (resolve === undefined || !('getFields' in resolve)) throw new Error(`no type ${type}`);
    const wrapped: unknown = resolve.getFields()[field];
    if (typeof wrapped !== 'object' || wrapped === null || !('resolve' in wrapped)) throw new Error(field);
    if (typeof wrapped.resolve !== 'function') throw new Error(`${field} has no resolver`);
    const path = { prev: undefined, key: field, typename: type };
    return Reflect.apply(wrapped.resolve, undefined, [undefined, {}, {}, { path, fieldNodes: [] }]);
  };
  expect(await call('Query', 'movie')).toBe(1);
  expect(await call('Mutation', 'rate')).toBe(2);
  expect(await call('Query', 'movie')).toBe(2);
});
