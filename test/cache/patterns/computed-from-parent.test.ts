import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import { createGate } from '../../support/gate.js';

interface Film {
  readonly id: string;
  readonly version: number;
  readonly released: string;
}

/** What is read after a film was changed while a reader had it in hand as it was before. */
async function readAfterRace(label: string): Promise<unknown> {
  const typeDefs = `
    type Film { id: ID! released: String! label: String! ${label} }
    type Query { film(id: ID!): Film @cached(ttl: 300, pattern: READ_THROUGH, key: "Film:{args.id}") }
    type Mutation { release(id: ID!, released: String!): Film @cached(ttl: 300, pattern: HYBRID, key: "Film:{args.id}") }`;
  let row: Film = { id: '1', version: 1, released: '1990' };
  const gate = createGate();
  let isFirst = true;
  const load = async (): Promise<readonly Film[]> => {
    const read = { ...row };
    if (isFirst) {
      isFirst = false;
      await gate.wait();
    }
    return [read];
  };
  const cache = createCache({ store: memoryStore(), origins: { Film: { load } } });
  onTestFinished(() => cache.close());
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Film: { label: ({ released }: Film) => `released ${released}` },
        Mutation: {
          release: (_: unknown, { released }: { released: string }) =>
            (row = { ...row, version: row.version + 1, released }),
        },
      },
    }),
  );
  await cache.start();
  const ask = (source: string) => graphql({ schema, source, contextValue: {} });
  const early = ask('{ film(id: 1) { released label } }');
  await gate.arrived();
  const written = await ask('mutation { release(id: 1, released: "2026") { released } }');
  expect(written.errors).toBeUndefined();
  gate.open();
  await early;
  const { data } = await ask('{ film(id: 1) { released label } }');
  return data?.['film'];
}

it('what is computed from a parent is right after each write where the key has what it is computed from', async () => {
  const film = await readAfterRace('@cached(ttl: 3600, key: "Label:{parent.released}")');
  expect(film).toEqual({ released: '2026', label: 'released 2026' });
});

it('is stale where only its tags name the parent, which docs/cache-aside.md warns of', async () => {
  const film = await readAfterRace('@cached(ttl: 3600, tags: ["Film:{parent.id}"])');
  expect(film).toEqual({ released: '2026', label: 'released 1990' });
});
