import { expect, it } from 'vitest';
import { memoryStore } from '../../../src/cache/index.js';
import { memoWorld } from './memo-world.js';

const typeDefs = `
  type Query { film: Film @cached(ttl: 60, key: "Film:1") }
  type Film { title: String }
  type Mutation { rename: Film @invalidates(tags: ["Film:1"]) }
`;
const resolvers = {
  Query: { film: () => ({ title: 'Stalker' }) },
  Mutation: { rename: () => ({ title: 'Stalker' }) },
};

it('two caches over one store in memory hear of what the other ends', async () => {
  const store = memoryStore();
  const one = await memoWorld({ typeDefs, resolvers, store });
  const other = await memoWorld({ typeDefs, resolvers, store });
  const film = '{ film { title } }';
  const ends = [
    () => other.ask('mutation { rename { title } }'),
    () => other.cache.invalidate(['Film:1']),
    () => store.forget(),
  ];
  for (const end of ends) {
    expect(await one.settled(film)).toMatchObject({ isExecuted: false });
    await end();
    expect(await one.ask(film)).toMatchObject({ isExecuted: true });
  }
});
