import type { BoundedBy } from '../metrics/bounded-writes.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { Written } from './entries.js';
import type { Invalidate } from './invalidation.js';
import type { OtherStores } from '../outbox/other-stores.js';
import type { Relay } from '../outbox/relay.js';

/** `strict`: no read that starts now returns older data. `bounded`: one may, until the outbox has been relayed. */
export type Consistency = 'strict' | 'bounded';

/** What a write did to the cache when it is acknowledged. */
interface Acknowledgement {
  /** Undefined for a strict one. */
  readonly boundedBy: BoundedBy | undefined;
  /** Whether the tags that the write names are invalidated. */
  readonly applied: boolean;
}

/** Waits until a write may be acknowledged, at most for a while. Never rejects. */
export type Acknowledge = (
  tags: readonly string[],
  site: { readonly coordinate: string; readonly counters: FieldCounters },
  written?: Written,
) => Promise<Acknowledgement>;

/** Milliseconds for which a write waits for its invalidation before it is acknowledged as bounded. */
const ACKNOWLEDGE_WITHIN_MS = 500;
/**
 * The same while the store is there: then it is the database that is slow, which has just taken the write itself, and will say
 * what became of its rows.
 */
const DATABASE_ACKNOWLEDGES_WITHIN_MS = 3000;

export interface AcknowledgeOptions {
  readonly invalidate: Invalidate;
  /** Undefined while no outbox is relayed: then the tags that a write names are all there is. */
  readonly relay: () => Relay | undefined;
  /** Undefined where no other region is spoken of. */
  readonly others: OtherStores | undefined;
  readonly storeIsAway: () => boolean;
}

/**
 * A write is acknowledged after the tags it names, and those that triggers wrote down with its rows, are invalidated:
 * by this process, or by whichever relay was faster. Where there are other regions, and writes shall wait for them, after all of these too.
 */
export function createAcknowledge({
  invalidate,
  relay,
  others,
  storeIsAway,
}: AcknowledgeOptions): Acknowledge {
  return async (tags, site, written) => {
    const outbox = relay();
    const [applied, settled] = await Promise.all([
      // What triggers wrote down may end the row as well, so it comes in after that.
      invalidate(tags, site, outbox === undefined ? written : written && { versions: written.versions }),
      outbox?.settled(ACKNOWLEDGE_WITHIN_MS, DATABASE_ACKNOWLEDGES_WITHIN_MS) ?? true,
    ]);
    if (applied && settled) {
      if (others === undefined || (await others.haveApplied())) return { boundedBy: undefined, applied };
      // That no write waits for other regions is no fault to be counted.
      if (others.areWaitedFor) site.counters.boundedWrites += 1;
      return { boundedBy: 'regions', applied };
    }
    site.counters.boundedWrites += 1;
    return { boundedBy: applied && !storeIsAway() ? 'database' : 'store', applied };
  };
}
