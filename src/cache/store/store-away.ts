import type { Store } from './store.js';

/** What an operation is refused with while the store is away: it never reached the store. Told by the store itself. */
export class StoreAway extends Error {
  override readonly name = 'StoreAway';
}

/** True while a part of it cannot be reached, or nothing of it: some invalidations have to wait. */
export function isPartlyAway(store: Pick<Store, 'isAway' | 'isPartlyAway'>): boolean {
  return isAway(store) || (store.isPartlyAway?.() ?? false);
}

/** True while it cannot be reached. */
export function isAway(store: Pick<Store, 'isAway'>): boolean {
  return store.isAway?.() ?? false;
}
