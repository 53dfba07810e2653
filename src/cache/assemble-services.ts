import { textOf } from './errors.js';
import type { CacheOptions } from './cache-options.js';
import type { ValueCodec } from './codec/value-codec.js';
import { createAcknowledge } from './coherence/acknowledgement.js';
import type { Entries } from './coherence/entries.js';
import { createInvalidate, type Invalidate } from './coherence/invalidation.js';
import { authorizer, backgroundContext, flushTargets, viewerFinder } from './for-any-context.js';
import { AcceptedWrites } from './journal/accepted-writes.js';
import { memoryJournal } from './journal/memory-journal.js';
import { noValues } from './keys/variant.js';
import { createLoadContext } from './loads/guard/load-context.js';
import type { Origin } from './loads/origin.js';
import type { Loaded, Services } from './loads/services.js';
import { ShadowChecks } from './loads/shadow/shadow-checks.js';
import { checkedShadow } from './loads/shadow/shadow-options.js';
import type { CacheLog } from './log.js';
import { BoundedWrites } from './metrics/bounded-writes.js';
import type { Counters } from './metrics/counters.js';
import { Traces } from './metrics/trace.js';
import type { OtherStores } from './outbox/other-stores.js';
import type { Relay } from './outbox/relay.js';
import { BackOff } from './stampede/back-off.js';
import { Background } from './stampede/background.js';
import { Flights } from './stampede/flights.js';
import { LeaseKeeper } from './stampede/lease-keeper.js';
import type { LoadBounds } from './stampede/load-bounds.js';
import { LoadTimes } from './stampede/load-times.js';
import { OverdueLoads } from './stampede/overdue-loads.js';
import { SingleFlight } from './stampede/single-flight.js';
import { WakeUps } from './stampede/wake-ups.js';
import { isAway, isPartlyAway } from './store/store-away.js';
import { elapsedMs, type Clock } from './time/clock.js';
import { createTroubles } from './time/troubles.js';
import type { Variants } from './vary/variants.js';

/** Where invalidations of flushed writes are counted. */
const FLUSH_SITE = 'cache.flush';

/** What patterns share, and what the face needs besides. */
export interface CacheServices extends Services {
  readonly shadow: ShadowChecks | undefined;
  readonly invalidate: Invalidate;
  readonly codec: ValueCodec;
}

/** Longer than a database takes that answers at all; a store waits no longer before it is used again. */
export const CAUGHT_UP_WITHIN_MS = 1000;

/** What every part of one cache is made with. */
export interface Shared<Context> {
  readonly options: CacheOptions<Context>;
  readonly log: CacheLog;
  readonly clock: Clock;
  readonly random: () => number;
  readonly isProduction: boolean;
  readonly loads: LoadBounds;
  readonly variants: Variants;
  readonly codec: ValueCodec;
  readonly refuse: Services['refuse'];
  readonly onStoreTrouble: (operation: string, error: unknown) => void;
}

/** What services stand on. */
interface Under {
  readonly entries: Entries;
  /** Undefined without an outbox. */
  readonly relay: Relay | undefined;
  /** Undefined where no other region is spoken of. */
  readonly others: OtherStores | undefined;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly counters: Counters;
}

/** Makes what all patterns of one cache share. */
export function createServices<Context>(
  shared: Shared<Context>,
  { entries, relay, others, origins, counters }: Under,
): CacheServices {
  const { options, log, clock, random, isProduction, loads, variants, codec, refuse } = shared;
  const { store } = options;
  const background = new Background();
  const troubles = createTroubles({ log, clock });
  const viewerOf = viewerFinder(options.viewer);
  // Before it is started nothing is known of an outbox.
  const started = (): Relay | undefined => (relay?.isStarted === true ? relay : undefined);
  const invalidateHere = createInvalidate({ entries, clock, troubles, relay: started });
  const invalidate: Invalidate = async (tags, site, written) => {
    const told = started() === undefined ? undefined : others?.tell(tags);
    const isApplied = await invalidateHere(tags, site, written);
    await told;
    return isApplied;
  };
  const storeIsAway = (): boolean => isAway(store);
  const acknowledge = createAcknowledge({
    ...{ invalidate, relay: started, others, storeIsAway: () => isPartlyAway(store) },
  });
  const singleFlight = createSingleFlight(shared, { entries, background, storeIsAway });
  const isBusy = (): boolean => storeIsAway() || singleFlight.isCrowded;
  const isCaughtUp = async (): Promise<boolean> => (await started()?.caughtUp(CAUGHT_UP_WITHIN_MS)) !== 'no';
  const shadow = checkedShadow(options.shadow);
  return {
    invalidate,
    codec,
    acknowledge,
    boundedWrites: new BoundedWrites(),
    acceptedWrites: new AcceptedWrites({
      journal: options.journal ?? memoryJournal({ clock }),
      targets: flushTargets(origins, () => backgroundContext(options)(noValues)),
      flushSite: () => ({ coordinate: FLUSH_SITE, counters: counters.of(FLUSH_SITE) }),
      acknowledge: async (tags, site) => (await acknowledge(tags, site)).boundedBy,
      onEnded: (keys) => entries.hasEnded(keys),
      hasOtherRegions: () => others?.areThere === true,
      ...{ codec, clock, random, log, invalidate, invalidateHere },
    }),
    mayWrite: () => (options.onStoreLoss === 'fail' ? entries.confirm() : Promise.resolve(true)),
    entries,
    loads: singleFlight,
    background,
    backOff: new BackOff({ clock, random }),
    traces: new Traces(),
    clock,
    softTimeoutMs: loads.softTimeoutMs,
    log,
    troubles,
    refuse,
    viewerOf,
    variants,
    contextOfLoad: createLoadContext({
      ...{ viewerOf, vary: variants.functions, neutral: options.neutral },
      ...{ throws: !isProduction, log },
    }),
    authorize: authorizer(options.authorize),
    shadow:
      shadow &&
      new ShadowChecks({ ...shadow, entries, codec, clock, random, log, background, isBusy, isCaughtUp }),
  };
}

function createSingleFlight<Context>(
  { options: { store }, log, clock, random, loads, onStoreTrouble }: Shared<Context>,
  {
    entries,
    background,
    storeIsAway,
  }: { entries: Entries; background: Background; storeIsAway: () => boolean },
): SingleFlight<Loaded> {
  return new SingleFlight<Loaded>({
    entries,
    flights: new Flights(),
    keeper: new LeaseKeeper({ ...loads, clock, renew: (leases) => entries.renew(leases) }),
    wakeUps: new WakeUps(store),
    overdue: new OverdueLoads({ ...loads, clock, log }),
    loadTimes: new LoadTimes({ ...loads, clock }),
    background,
    clock,
    random,
    onOverload: (error) => onStoreTrouble('load', error),
    storeIsAway,
    ...loads,
    loadedOf: (found) => ({
      value: found?.value,
      copy: found?.copy,
      hint: found?.hint,
      ageMs: found === undefined ? 0 : elapsedMs(clock, found.loadedAtMs),
      loadMs: found?.loadMs ?? 0,
      isPending: false,
      sharable: true,
      filled: undefined,
      keptUntilMs: found === undefined || found.isDue ? undefined : entries.untilMs(found),
    }),
    onBug: (error) => log.error({ error: textOf(error) }, 'a load ended without an answer'),
  });
}
