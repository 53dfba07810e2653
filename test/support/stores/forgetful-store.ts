import { memoryStore, type Store } from '../../../src/cache/index.js';

/** A store that keeps nothing: with it every read loads, as if there were no cache. */
export function forgetfulStore(): Store {
  const store = memoryStore();
  return {
    ...store,
    name: 'forgetful',
    fill: (fills) => {
      // A fill gives its lease back, whatever becomes of it: nobody waits for what was not kept.
      void store.release(fills.map(({ key, token = '' }) => ({ key, token })));
      return fills.map(() => 'no-room');
    },
  };
}
