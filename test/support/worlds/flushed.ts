import { expect } from 'vitest';
import type { Cache } from '../../../src/cache/index.js';

/** Resolves once the database has every accepted write. */
export async function flushed(cache: Pick<Cache<never>, 'writes'>): Promise<void> {
  const pending = async (): Promise<number | undefined> => (await cache.writes.journal()).size?.pending;
  await expect.poll(pending, { interval: 5, timeout: 20_000 }).toBe(0);
}
