import { memoryStore, type Store } from '../../src/cache/index.js';

/** A store that keeps nothing: with it every read loads, as if there were no cache. */
export function forgetfulStore(): Store {
  return { ...memoryStore(), name: 'forgetful', fill: (fills) => fills.map(() => 'no-room') };
}
