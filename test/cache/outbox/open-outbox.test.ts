import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type Outbox, type Store } from '../../../src/cache/index.js';
import type { OutboxOpenOptions } from '../../../src/cache/types/index.js';
import { memoryOutbox } from '../../../src/cache/testing/index.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Film { id: ID! }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}", tags: ["Shelf"])
  }
  type Mutation { note(id: ID!): Film @invalidates(tags: ["Film:{args.id}", "Session"]) }
`;

/** A cache with an outbox that tells what is asked of it. */
function opened({
  store = memoryStore(),
  region,
  refusal,
}: { store?: Store; region?: string; refusal?: Error } = {}) {
  const calls: string[] = [];
  const given: OutboxOpenOptions[] = [];
  const inner = memoryOutbox().outbox();
  const outbox: Outbox = {
    ...inner,
    open: async (options) => {
      calls.push('open');
      given.push(options);
      if (refusal !== undefined) throw refusal;
    },
    register: () => {
      calls.push('register');
      return inner.register();
    },
    close: () => {
      calls.push('close');
      return inner.close();
    },
  };
  const { cache } = testCache({
    ...{ typeDefs, store, outbox, fetches: ['Session'], ...(region !== undefined && { region }) },
    origins: { Film: { load: (ids) => Promise.resolve(ids.map((id) => ({ id }))) } },
  });
  onTestFinished(() => cache.close());
  return { cache, calls, given };
}

describe('the outbox of a cache', () => {
  it('is opened by start(), before anything else is asked of it, and closed with the cache', async () => {
    const { cache, calls } = opened();
    expect(calls).toEqual([]);
    await Promise.all([cache.start(), cache.start()]);
    expect(calls).toEqual(['open', 'register']);
    await cache.close();
    expect(calls).toEqual(['open', 'register', 'close']);
  });

  it('is told the namespaces of the fields that are read, and those of cache.fetch', async () => {
    const { cache, given } = opened();
    await cache.start();
    expect(given).toMatchObject([
      {
        namespaces: new Set(['Film', 'Shelf']),
        used: new Set(['Film', 'Shelf', 'Session']),
        store: undefined,
      },
    ]);
  });

  it('is told what processes call the store that they share', async () => {
    const { cache, given } = opened({ store: { ...memoryStore(), sharedAs: 'redis here:6379/0 films' } });
    await cache.start();
    expect(given).toMatchObject([{ store: 'redis here:6379/0 films' }]);
  });

  it('is told the region with it, as the same address may be another store there', async () => {
    const store = { ...memoryStore(), sharedAs: 'redis redis:6379/0 films' };
    const { cache, given } = opened({ store, region: 'eu-west' });
    await cache.start();
    expect(given).toMatchObject([{ store: 'eu-west: redis redis:6379/0 films' }]);
  });

  it('rejects start() where it cannot be opened, and the cache closes all the same', async () => {
    const { cache, calls } = opened({ refusal: new Error('the table "Film" has no primary key') });
    await expect(cache.start()).rejects.toThrow('the table "Film" has no primary key');
    await cache.close();
    expect(calls).toEqual(['open', 'close']);
  });
});
