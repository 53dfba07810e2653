import { describe, expect, it } from 'vitest';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { createGate } from '../../support/gate.js';
import { testCache } from '../../support/test-cache.js';

const AT_MOST = 2;
const KEYS = Array.from({ length: 20 }, (_, index) => `Key:${index}`);

describe('loads after the store was away', () => {
  it('are bounded at first, by twice as many every second, and after five seconds no more', async () => {
    let isStoreAway = false;
    const away = (): never => {
      throw new Error('the store is away');
    };
    const inner = memoryStore();
    const store: Store = {
      ...inner,
      isAway: () => isStoreAway,
      read: (addresses) => (isStoreAway ? away() : inner.read(addresses)),
      acquire: (requests) => (isStoreAway ? away() : inner.acquire(requests)),
    };
    const { cache, clock } = testCache({
      typeDefs: 'type Query { nothing: Int }',
      store,
      loads: { atMostWithoutStore: AT_MOST },
    });
    /** The most loads at the same time, of many cold keys that are asked for at once. */
    const mostAtOnce = async (round: string): Promise<number> => {
      let [running, most] = [0, 0];
      const gate = createGate();
      const read = (key: string): Promise<number> =>
        cache.fetch(`${key}/${round}`, { ttl: 60 }, async () => {
          most = Math.max(most, (running += 1));
          await gate.wait();
          return (running -= 1);
        });
      const all = Promise.all(KEYS.map(read));
      await gate.arrived();
      for (let tick = 0; tick < 20; tick += 1) await new Promise((resolve) => setImmediate(resolve));
      gate.open();
      await all;
      return most;
    };
    expect(await mostAtOnce('before')).toBe(KEYS.length);
    isStoreAway = true;
    expect(await mostAtOnce('while away')).toBe(AT_MOST);
    isStoreAway = false;
    expect(await mostAtOnce('just back')).toBe(AT_MOST);
    clock.advance(2000);
    expect(await mostAtOnce('after two seconds')).toBe(AT_MOST * 4);
    clock.advance(3000);
    expect(await mostAtOnce('after five seconds')).toBe(KEYS.length);
    await cache.close();
  });
});
