import type { Lease } from '../store/store.js';
import type { Deferred } from '../time/deferred.js';

/** A load that this process makes, for itself and for all who wait. The load that leads settles the flight. */
export interface Led<W, T> {
  readonly wanted: W;
  /** As they were before the load began; undefined while the store is in trouble. */
  readonly generations: readonly string[] | undefined;
  readonly lease: Lease | undefined;
  readonly flight: Deferred<T>;
}

/** Makes the loads of many led flights, in one call of the origin where it can. Settles every flight. */
export type Lead<W, T> = (led: readonly Led<W, T>[]) => Promise<void>;
