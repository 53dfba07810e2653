import { createCache, memoryStore, type Cache, type CacheOptions } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';

/** Who reads, as far as fields of these tests depend on it. */
export interface Reader {
  readonly viewer?: { readonly id: string };
  readonly tenant?: string;
}

/** A cache that keeps whole answers, with a field's variants by tenant. */
export function memoCache<Context extends Reader>(options: Partial<CacheOptions<Context>>): Cache<Context> {
  return createCache<Context>({
    ...{ store: memoryStore(), environment: 'test', log: cacheLog(), memo: true },
    viewer: ({ viewer }) => viewer?.id,
    vary: { tenant: ({ tenant }) => tenant },
    ...options,
  });
}
