import type { Store } from '../../../src/cache/index.js';

/** A store that can be away, like one whose connection is lost. */
export function losable(inner: Store) {
  const state = { isAway: false };
  const unlessAway = <T>(work: () => T): T => {
    if (state.isAway) throw new Error('the store is away');
    return work();
  };
  const store: Store = {
    ...inner,
    isAway: () => state.isAway,
    read: (addresses) => unlessAway(() => inner.read(addresses)),
    acquire: (requests) => unlessAway(() => inner.acquire(requests)),
  };
  return { store, state };
}
