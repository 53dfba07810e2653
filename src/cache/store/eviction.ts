import type { EvictionOrder } from './eviction-order.js';
import { IndexedHeap } from './indexed-heap.js';
import { ProbationOrder } from './probation-order.js';
import type { RecentlyEvicted } from './recently-evicted.js';
import { RecencyOrder } from './recency-order.js';

export const evictions = ['s3-fifo', 'lru', 'lfu', 'ttl'] as const;

/**
 * `s3-fifo`: what was asked for once goes before what was asked for again; `lru`: least recently used, where the newest
 * eighth count as equally new; `lfu`: least often used (with ageing); `ttl`: soonest to expire.
 */
export type Eviction = (typeof evictions)[number];

export function createEvictionOrder(eviction: Eviction, evicted: RecentlyEvicted): EvictionOrder {
  switch (eviction) {
    case 's3-fifo':
      return new ProbationOrder(evicted);
    case 'lru':
      return new RecencyOrder();
    case 'lfu':
      return frequencyOrder();
    case 'ttl':
      return expiryOrder();
  }
}

/** LFU with dynamic ageing (Arlitt et al., 2000): newcomers start where the last victim stood, so old fame fades. */
function frequencyOrder(): EvictionOrder {
  const heap = new IndexedHeap();
  let age = 0;
  return {
    added: ({ key }) => heap.set(key, age + 1),
    used: ({ key }) => heap.set(key, (heap.priorityOf(key) ?? age) + 1),
    removed: ({ key }) => heap.delete(key),
    next: () => {
      const key = heap.smallest();
      if (key !== undefined) age = heap.priorityOf(key) ?? age;
      return key;
    },
  };
}

function expiryOrder(): EvictionOrder {
  const heap = new IndexedHeap();
  return {
    added: ({ key, expiresAtMs }) => heap.set(key, expiresAtMs),
    used: () => undefined,
    removed: ({ key }) => heap.delete(key),
    next: () => heap.smallest(),
  };
}
