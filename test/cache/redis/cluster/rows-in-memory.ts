import type { Outbox, Store } from '../../../../src/cache/index.js';
import type { OutboxRow } from '../../../../src/cache/outbox/outbox.js';
import { Relay } from '../../../../src/cache/outbox/relay.js';
import { isAway, isPartlyAway } from '../../../../src/cache/store/store-away.js';
import { systemClock } from '../../../../src/cache/time/clock.js';
import { cacheLog } from '../../../support/cache-log.js';

/** An outbox without a database: its rows wait until they are applied. */
export function rowsInMemory(): Outbox & { readonly rows: OutboxRow[] } {
  const rows: OutboxRow[] = [];
  let count = 0;
  return {
    rows,
    relay: async (apply) => {
      const taken = [...rows];
      if (taken.length > 0) await apply(taken);
      rows.splice(0, taken.length);
      return { done: taken, elsewhere: [], isKnown: true };
    },
    register: () => Promise.resolve(true),
    add: (tags) => {
      rows.push({ id: String((count += 1)), tags, waitedMs: 0 });
      return Promise.resolve();
    },
    listen: () => () => Promise.resolve(),
    keep: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** What applies these rows to a store. */
export function relayOf(store: Store, outbox: Outbox): Relay {
  return new Relay({
    ...{ outbox, blindAfterMs: 60_000, clock: systemClock, random: () => 0, log: cacheLog() },
    invalidate: async (tags) => void (await store.invalidate(tags)),
    storeIsAway: () => isAway(store),
    storeIsPartlyAway: () => isPartlyAway(store),
    forgetAll: () => Promise.resolve(),
    onForgotten: () => undefined,
    onApplied: () => undefined,
    onOthers: () => undefined,
  });
}
