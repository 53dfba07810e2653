import { textOf } from '../errors.js';
import { doublingPauseMs, type DoublingPause } from '../time/doubling-pause.js';
import type { Clock } from '../time/clock.js';
import type { Troubles } from '../time/troubles.js';
import { channels } from '../diagnostics/channels.js';
import type { InvalidateMessage } from '../diagnostics/messages.js';
import { tellWork } from '../diagnostics/tell-work.js';
import { namespacesOf } from '../keys/namespace.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { Entries, Written } from './entries.js';
import type { Relay } from '../outbox/relay.js';
import { StoreAway } from '../store/store-away.js';

const ATTEMPTS = 3;
const PAUSE: DoublingPause = { firstMs: 25, longestMs: 1000 };
/** Milliseconds for which an invalidation that was written down is waited for. */
const RELAYED_WITHIN_MS = 400;

export interface InvalidationOptions {
  readonly entries: Entries;
  readonly clock: Clock;
  readonly troubles: Troubles;
  /** Undefined while no outbox is relayed. */
  readonly relay: () => Relay | undefined;
}

/**
 * Applies the invalidations of one write; true once they are applied, false when they could not be.
 */
export type Invalidate = (
  tags: readonly string[],
  site: { readonly coordinate: string; readonly counters: FieldCounters },
  written?: Written,
) => Promise<boolean>;

/**
 * A write is acknowledged after this has ended. A failure is retried, then written into the outbox, where there is one,
 * for whichever process reaches the store; it is counted and logged, never silent. A store that says it is away is not asked again: in
 * an outage each write would wait for that.
 */
export function createInvalidate({ entries, clock, troubles, relay }: InvalidationOptions): Invalidate {
  async function attempt(tags: readonly string[], written?: Written): Promise<unknown> {
    const attempts = relay() === undefined ? ATTEMPTS : 1;
    for (let made = 1; ; made += 1) {
      try {
        await entries.invalidate(tags, written);
        return undefined;
      } catch (error) {
        if (error instanceof StoreAway || made === attempts) return error;
        await clock.sleep(doublingPauseMs(PAUSE, made));
      }
    }
  }

  async function handOver(tags: readonly string[]): Promise<boolean> {
    const outbox = relay();
    return outbox !== undefined && (await outbox.writeDown(tags)) && outbox.settled(RELAYED_WITHIN_MS);
  }

  const apply: Invalidate = async (tags, { coordinate, counters }, written) => {
    const error = await attempt(tags, written);
    if (error === undefined || (await handOver(tags))) {
      counters.invalidations += 1;
      return true;
    }
    counters.failedInvalidations += 1;
    const late = relay() === undefined ? '' : ' in time';
    troubles({
      level: 'error',
      message: `an invalidation could not be applied${late}`,
      details: { coordinate, tags: tags.length, error: textOf(error) },
    });
    return false;
  };

  return async (tags, site, written) => {
    if (tags.length === 0) return true;
    if (!channels.invalidate.hasSubscribers) return apply(tags, site, written);
    const { coordinate } = site;
    const message: InvalidateMessage = { coordinate, tags: tags.length, namespaces: namespacesOf(tags) };
    return tellWork(channels.invalidate, message, async () => {
      message.isApplied = await apply(tags, site, written);
      return message.isApplied;
    });
  };
}
