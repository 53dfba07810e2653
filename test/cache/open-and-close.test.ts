import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, memoryJournal, memoryStore, type Journal, type Store } from '../../src/cache/index.js';
import { cacheLog } from '../support/cache-log.js';
import { createGate } from '../support/gate.js';
import { leaseRequest } from '../support/stores/generations-for.js';
import { memoryOutbox } from '../../src/cache/testing/index.js';
import { testCache } from '../support/test-cache.js';

const typeDefs = `
  type Cart { id: ID! }
  type Query { cart(id: ID!): Cart @cached(ttl: 60, pattern: READ_THROUGH, key: "Cart:{args.id}") }
  type Mutation { touch(id: ID!): Cart @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Cart:{args.id}") }
`;

interface Parts {
  readonly journal?: Partial<Journal>;
  readonly store?: Partial<Store>;
  readonly flush?: () => Promise<void>;
  /** Waited for while the outbox is opened. */
  readonly opening?: () => Promise<void>;
}

/** A cache whose parts tell what is asked of them. */
function told({ journal = {}, store = {}, flush = () => Promise.resolve(), opening }: Parts = {}) {
  const calls: string[] = [];
  const note = (call: string): void => void calls.push(call);
  const rows = memoryOutbox();
  const outbox = rows.outbox();
  const { cache, query } = testCache({
    typeDefs,
    store: { ...memoryStore(), close: () => note('store.close'), ...store },
    journal: {
      ...memoryJournal(),
      open: async () => note('journal.open'),
      close: () => note('journal.close'),
      ...journal,
    },
    outbox: {
      ...outbox,
      open: async () => {
        note('outbox.open');
        await opening?.();
      },
      register: () => {
        note('outbox.register');
        return outbox.register();
      },
      close: async () => note('outbox.close'),
    },
    resolvers: { Mutation: { touch: (_, { id }) => ({ id }) } },
    origins: { Cart: { load: (ids) => Promise.resolve(ids.map(() => null)), flush } },
  });
  onTestFinished(() => cache.close().catch(() => undefined));
  return { cache, query, calls, rows };
}

describe('a memory store whose caches come and go', () => {
  it('holds nothing of those that were closed', async () => {
    const store = memoryStore();
    for (let round = 0; round < 3; round += 1) {
      const cache = createCache({ store, log: cacheLog() });
      await cache.start();
      for (let row = 0; row < 20; row += 1)
        await cache.fetch(`Row:${row}`, { ttl: 60 }, () => 'x'.repeat(2000));
      await cache.close();
      expect(await store.health?.()).toMatchObject({ usedBytes: 0 });
    }
  });

  it('tells none of those that were closed what is invalidated, or that a lease has ended', async () => {
    const store = memoryStore();
    const told: string[] = [];
    const ended = new AbortController();
    store.onInvalidated?.((tags) => void told.push(`invalidated ${String(tags)}`), ended.signal);
    store.watch?.((key) => void told.push(`settled ${key}`), ended.signal);
    store.holdBeside?.(() => 1_000_000, ended.signal);
    const waited = async (): Promise<void> => {
      const [first, second] = [
        leaseRequest({ key: 'Row:1', tags: [] }),
        leaseRequest({ key: 'Row:1', tags: [] }),
      ];
      await store.acquire([first, second]);
      await store.release([first]);
      await store.invalidate(['Row:1']);
    };
    await waited();
    expect(told).toEqual(['settled Row:1', 'invalidated Row:1']);
    ended.abort();
    await waited();
    expect(told).toHaveLength(2);
    expect((await store.health?.())?.usedBytes).toBeLessThan(1000);
  });
});

describe('closing a cache', () => {
  it('while it is started waits for what is being opened, opens nothing more, and rejects the start', async () => {
    const gate = createGate();
    const { cache, calls } = told({ opening: () => gate.wait() });
    const started = cache.start();
    const refused = expect(started).rejects.toThrow('the cache was closed while it was started');
    await gate.arrived();
    const closed = cache.close();
    gate.open();
    await Promise.all([refused, closed]);
    expect(calls).toEqual(['outbox.open', 'outbox.close', 'store.close']);
  });

  it('twice at once ends both calls when all is closed', async () => {
    const gate = createGate();
    const { cache, query } = told({ flush: () => gate.wait() });
    await cache.start();
    await query('mutation { touch(id: 1) { id } }');
    const ended: string[] = [];
    const closes = ['first', 'second'].map((name) => cache.close().then(() => ended.push(name)));
    await gate.arrived();
    expect(ended).toEqual([]);
    gate.open();
    await Promise.all(closes);
    expect(ended).toHaveLength(2);
  });

  it('closes a journal that refused at the start', async () => {
    const { cache, calls } = told({ journal: { open: () => Promise.reject(new Error('refused')) } });
    await expect(cache.start()).rejects.toThrow('refused');
    await cache.close();
    expect(calls).toContain('journal.close');
  });

  it('leaves nothing open because one part cannot be closed, and says which error that was', async () => {
    const { cache, calls } = told({ journal: { close: () => Promise.reject(new Error('stuck')) } });
    await cache.start();
    await expect(cache.close()).rejects.toThrow('stuck');
    expect(calls).toEqual(['outbox.open', 'outbox.register', 'journal.open', 'outbox.close', 'store.close']);
  });
});
