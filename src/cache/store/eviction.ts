import { IndexedHeap } from './indexed-heap.js';

export const evictions = ['lru', 'lfu', 'ttl'] as const;

/** `lru`: least recently used, `lfu`: least often used (with ageing), `ttl`: soonest to expire. */
export type Eviction = (typeof evictions)[number];

/** Chooses what goes first when room is needed. */
export interface EvictionOrder {
  added(key: string, expiresAtMs: number): void;
  used(key: string): void;
  removed(key: string): void;
  /** The key to evict next, undefined when empty. */
  next(): string | undefined;
}

export function createEvictionOrder(eviction: Eviction): EvictionOrder {
  switch (eviction) {
    case 'lru':
      return recencyOrder();
    case 'lfu':
      return frequencyOrder();
    case 'ttl':
      return expiryOrder();
  }
}

function recencyOrder(): EvictionOrder {
  const keys = new Set<string>();
  const touch = (key: string): void => {
    keys.delete(key);
    keys.add(key);
  };
  return {
    added: touch,
    used: touch,
    removed: (key) => void keys.delete(key),
    next: () => keys.values().next().value,
  };
}

/** LFU with dynamic ageing (Arlitt et al., 2000): newcomers start where the last victim stood, so old fame fades. */
function frequencyOrder(): EvictionOrder {
  const heap = new IndexedHeap();
  let age = 0;
  return {
    added: (key) => heap.set(key, age + 1),
    used: (key) => heap.set(key, (heap.priorityOf(key) ?? age) + 1),
    removed: (key) => heap.delete(key),
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
    added: (key, expiresAtMs) => heap.set(key, expiresAtMs),
    used: () => undefined,
    removed: (key) => heap.delete(key),
    next: () => heap.smallest(),
  };
}
