import { IndexedHeap } from './indexed-heap.js';
import { RecencyOrder } from './recency-order.js';

export const evictions = ['lru', 'lfu', 'ttl'] as const;

/**
 * `lru`: least recently used, where the newest eighth count as equally new; `lfu`: least often used (with ageing); `ttl`:
 * soonest to expire.
 */
export type Eviction = (typeof evictions)[number];

/** What may be evicted. The order keeps its notes in it, so that a use needs no look-up. */
export interface Evictable {
  readonly key: string;
  readonly expiresAtMs: number;
  /** Its neighbours, and the count of moves when it was last moved: `lru` only. */
  older: Evictable | undefined;
  newer: Evictable | undefined;
  movedAt: number;
}

/** Chooses what goes first when room is needed. Each object is added once, and removed at most once. */
export interface EvictionOrder {
  added(entry: Evictable): void;
  used(entry: Evictable): void;
  removed(entry: Evictable): void;
  /** The key to evict next, undefined when empty. */
  next(): string | undefined;
}

export function createEvictionOrder(eviction: Eviction): EvictionOrder {
  switch (eviction) {
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
