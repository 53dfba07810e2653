import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it, vi } from 'vitest';
import { createCache, memoryStore } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';

it('what tells loads apart is off once loads have shown that they read no entry', async () => {
  const run = vi.spyOn(AsyncLocalStorage.prototype, 'run');
  const cache = createCache({ store: memoryStore(), log: cacheLog() });
  const load = async (from: number, to: number): Promise<number> => {
    run.mockClear();
    for (let id = from; id < to; id += 1) await cache.fetch(`Film:${id}`, { ttl: 60 }, () => id);
    return run.mock.calls.length;
  };
  expect(await load(0, 32)).toBe(32);
  expect(await load(32, 255)).toBe(0);
  expect(await load(255, 256)).toBe(1);
  run.mockRestore();
});
