import { expect, it } from 'vitest';
import { readRecording } from '../../../src/cache/advise/index.js';
import { memoWorld } from '../memo/memo-world.js';

it('a recording has each reader once, those too who are given a whole answer without an execution', async () => {
  const { cache, ask } = await memoWorld({
    typeDefs: `type Query { film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}") }
      type Film { id: ID! director: String @cached(ttl: 60, key: "Director:{parent.id}") }`,
    resolvers: { Query: { film: (_, { id }) => ({ id }) }, Film: { director: () => 'a' } },
    record: {},
  });
  const executed: boolean[] = [];
  for (let reader = 0; reader < 6; reader += 1)
    executed.push((await ask('{ film(id: 1) { director } }')).isExecuted);
  expect(executed.filter((isExecuted) => !isExecuted).length).toBeGreaterThan(1);
  const { events } = readRecording(cache.stats.recording() ?? new Uint8Array());
  expect(events.filter(({ kind }) => kind === 'read')).toHaveLength(2 * 6);
});
