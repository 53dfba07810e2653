import { systemClock, type Clock } from './time/clock.js';
import { createValueCodec, type ValueCodec } from './codec/value-codec.js';
import { CacheError } from './errors.js';
import { AcceptedWrites } from './journal/accepted-writes.js';
import type { FlushTarget } from './journal/flush-target.js';
import { memoryJournal } from './journal/memory-journal.js';
import { noValues, type VaryValues } from './keys/variant.js';
import { warningLog, type CacheLog } from './log.js';
import { Counters } from './metrics/counters.js';
import { countRelayed, createRelayCounters, type RelayCounters } from './metrics/relay-counters.js';
import { BoundedWrites } from './metrics/bounded-writes.js';
import { Traces } from './metrics/trace.js';
import { BackOff } from './stampede/back-off.js';
import { Background } from './stampede/background.js';
import { earlyRefresh } from './stampede/early-refresh.js';
import { Flights } from './stampede/flights.js';
import { LeaseKeeper } from './stampede/lease-keeper.js';
import { checkedLoads, type LoadBounds } from './stampede/load-bounds.js';
import { LoadTimes } from './stampede/load-times.js';
import { OverdueLoads } from './stampede/overdue-loads.js';
import { SingleFlight } from './stampede/single-flight.js';
import { WakeUps } from './stampede/wake-ups.js';
import type { Bounds } from './store/bounded-map.js';
import { LocalCopies } from './store/local-copies.js';
import { troubleLog } from './store/trouble-log.js';
import { isAway } from './store/store-away.js';
import { createAcknowledge } from './coherence/acknowledgement.js';
import { Entries } from './coherence/entries.js';
import { createInvalidate, type Invalidate } from './coherence/invalidation.js';
import { Relay } from './outbox/relay.js';
import { withDefaults } from './with-defaults.js';
import { createLoadContext } from './loads/guard/load-context.js';
import type { LoadingOrigin, Origin } from './loads/origin.js';
import { OriginLoads } from './loads/origin-loads.js';
import { checkedShadow } from './loads/shadow/shadow-options.js';
import type { Loaded, Services } from './loads/services.js';
import type { Variants } from './vary/variants.js';
import { createVariants } from './vary/vary-options.js';
import { checkedRelay } from './outbox/relay-options.js';
import { Prober } from './prober/prober.js';
import { checkedProbe } from './prober/probe-options.js';
import type { CacheOptions } from './cache-options.js';
import { ShadowChecks } from './loads/shadow/shadow-checks.js';
import { KeepWarm } from './warm/keep-warm.js';
import { checkedPrefetch } from './warm/warm-bounds.js';
import { checkedViewer } from './vary/viewer-id.js';

const localCopiesDefaults: Bounds = { maxEntries: 10_000, maxBytes: 64 * 1024 * 1024, eviction: 's3-fifo' };
/** Bounds of a part of what a process holds in front of the store; each part has all of the entries. */
function part(bounds: Bounds, share: number): Bounds {
  return { ...bounds, maxBytes: Math.max(1, Math.floor(bounds.maxBytes * share)) };
}

/** Where invalidations of flushed writes are counted. */
const FLUSH_SITE = 'cache.flush';

/** The parts of one cache. */
export interface Parts {
  readonly log: CacheLog;
  readonly isProduction: boolean;
  readonly loads: LoadBounds;
  readonly counters: Counters;
  readonly variants: Variants;
  readonly origins: ReadonlyMap<string, Origin>;
  /** Those of the origins that load. */
  readonly loading: ReadonlyMap<string, LoadingOrigin>;
  readonly originLoads: ReadonlyMap<string, OriginLoads>;
  readonly services: CacheServices;
  readonly keepWarm: KeepWarm;
  /** Undefined without an outbox. */
  readonly relay: Relay | undefined;
  readonly relayed: Readonly<RelayCounters>;
  /** Undefined where no write is followed. */
  readonly prober: Prober | undefined;
}

/** What patterns share, and what the face needs besides. */
interface CacheServices extends Services {
  readonly shadow: ShadowChecks | undefined;
  readonly invalidate: Invalidate;
  readonly codec: ValueCodec;
}

/** Longer than a database takes that answers at all; a store waits no longer before it is used again. */
export const CAUGHT_UP_WITHIN_MS = 1000;

/** Puts a cache together. Nothing connects and no timer starts. @throws CacheError naming every option that cannot be. */
export function assemble<Context>(options: CacheOptions<Context>): Parts {
  const log = options.log ?? warningLog;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const isProduction = (options.environment ?? process.env['NODE_ENV']) === 'production';
  const loads = checkedLoads(options.loads);
  const counters = new Counters();
  const relayed = createRelayCounters();
  const variants = createVariants(options, log);
  const origins = new Map(
    Object.entries(options.origins ?? {}).map(([namespace, origin]) => [namespace, forAnyContext(origin)]),
  );
  const loading = new Map(
    Array.from(origins).flatMap(([namespace, origin]): [string, LoadingOrigin][] =>
      canLoad(origin) ? [[namespace, origin]] : [],
    ),
  );
  const { blindAfterMs, whileBlind } = checkedRelay(options.relay);
  const probe = options.probe === undefined ? undefined : checkedProbe(options.probe);
  const shared = {
    ...{ options, log, clock, random, isProduction, loads, variants },
    codec: createValueCodec(options.types),
    refuse: refuser({ log, isProduction }),
    onStoreTrouble: troubleLog(options.store.name, { log, clock }),
  };
  const entries: Entries = createEntries(shared, () => {
    return whileBlind === 'load' && relay?.isBlind === true ? blindAfterMs : undefined;
  });
  const relay: Relay | undefined =
    options.outbox &&
    new Relay({
      outbox: options.outbox,
      blindAfterMs,
      invalidate: (tags, versions) => entries.invalidate(tags, versions),
      storeIsAway: () => isAway(options.store),
      ...{ clock, random, log },
      forgetAll: () => entries.forgetAll(),
      onApplied: (rows) => countRelayed(relayed, rows),
    });
  const services = createServices(shared, { entries, relay, origins, counters });
  const { codec, background } = services;
  const originLoads = new Map(
    Array.from(loading, ([namespace, origin]) => [namespace, new OriginLoads(services, namespace, origin)]),
  );
  const context = (): unknown => backgroundContext(options)(noValues);
  return {
    ...{
      log,
      isProduction,
      loads,
      counters,
      variants,
      origins,
      loading,
      originLoads,
      services,
      relay,
      relayed,
    },
    keepWarm: createKeepWarm(options, services),
    prober:
      probe &&
      new Prober({ ...probe, entries, codec, background, clock, random, log, origins: loading, context }),
  };
}

/** What every part of one cache is made with. */
interface Shared<Context> {
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

function createEntries<Context>(
  { options, clock, random, loads, codec, refuse, onStoreTrouble }: Shared<Context>,
  believedForMs: () => number | undefined,
): Entries {
  const { store } = options;
  const bounds = withDefaults(localCopiesDefaults, options.localCopies);
  const isStrict = options.strictCopies === true && store.readLog !== undefined;
  return new Entries({
    store,
    copies: new LocalCopies(part(bounds, isStrict ? 1 / 4 : 1 / 2)),
    provenCopies: isStrict ? new LocalCopies(part(bounds, 1 / 2)) : undefined,
    decodedMaxBytes: part(bounds, isStrict ? 1 / 4 : 1 / 2).maxBytes,
    codec,
    clock,
    random,
    early: earlyRefresh({ random, beta: loads.earlyRefreshBeta }),
    leaseMs: loads.leaseMs,
    believedForMs,
    onStoreTrouble,
    refuse,
  });
}

/** Makes what all patterns of one cache share. */
function createServices<Context>(
  {
    options,
    log,
    clock,
    random,
    isProduction,
    loads,
    variants,
    codec,
    refuse,
    onStoreTrouble,
  }: Shared<Context>,
  {
    entries,
    relay,
    origins,
    counters,
  }: Pick<Parts, 'relay' | 'origins' | 'counters'> & { readonly entries: Entries },
): CacheServices {
  const { store } = options;
  const background = new Background();
  const viewerOf = viewerFinder(options.viewer);
  // Before it is started nothing is known of an outbox.
  const started = (): Relay | undefined => (relay?.isStarted === true ? relay : undefined);
  const invalidate = createInvalidate({ entries, clock, log, relay: started });
  const storeIsAway = (): boolean => isAway(store);
  const acknowledge = createAcknowledge({ invalidate, relay: started, storeIsAway });
  const singleFlight = new SingleFlight<Loaded>({
    entries,
    flights: new Flights(),
    keeper: new LeaseKeeper({ ...loads, clock, renew: (leases) => entries.renew(leases) }),
    wakeUps: new WakeUps(store),
    overdue: new OverdueLoads({ ...loads, clock, log }),
    loadTimes: new LoadTimes(loads),
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
      ageMs: found === undefined ? 0 : Math.max(0, clock.nowMs() - found.loadedAtMs),
      loadMs: found?.loadMs ?? 0,
      isPending: false,
      sharable: true,
      filled: undefined,
    }),
    onBug: (error) => log.error({ error: String(error) }, 'a load ended without an answer'),
  });
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
      ...{ codec, clock, random, log, invalidate },
    }),
    mayWrite: () => (options.onStoreLoss === 'fail' ? entries.confirm() : Promise.resolve(true)),
    entries,
    loads: singleFlight,
    background,
    backOff: new BackOff({ clock, random }),
    traces: new Traces(clock),
    clock,
    softTimeoutMs: loads.softTimeoutMs,
    log,
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

/** Makes what keeps entries warm. @throws CacheError for bounds that cannot be. */
function createKeepWarm<Context>(options: CacheOptions<Context>, services: CacheServices): KeepWarm {
  const { store, warm = {}, warmVariants = [], prefetch } = options;
  return new KeepWarm({
    ...checkedPrefetch(prefetch === false ? {} : prefetch),
    ...{ store, services, codec: services.codec, isEnabled: prefetch !== false },
    // What `backgroundContext` makes is handed on to those lists as it is.
    lists: warm as Readonly<Record<string, (context: unknown) => unknown>>,
    context: backgroundContext(options),
    variants: async () => (typeof warmVariants === 'function' ? warmVariants() : warmVariants),
  });
}

function backgroundContext<Context>({
  backgroundContext: make,
}: CacheOptions<Context>): (variant: VaryValues) => unknown {
  return make ?? (() => ({}));
}

/** Those of the origins that flush. */
function flushTargets(
  origins: ReadonlyMap<string, Origin>,
  context: () => unknown,
): ReadonlyMap<string, FlushTarget> {
  return new Map(
    Array.from(origins).flatMap(([namespace, origin]): [string, FlushTarget][] => {
      if (origin.flush === undefined) return [];
      const flush: FlushTarget['flush'] = async (writes) => origin.flush?.(writes, await context());
      return [[namespace, { flush, isPermanent: (error) => origin.isPermanent?.(error) }]];
    }),
  );
}

/** What must never happen is an error in development and test; in production the reader is answered by a load of its own. */
function refuser({ log, isProduction }: Pick<Parts, 'log' | 'isProduction'>): Services['refuse'] {
  return ({ coordinate = 'a field', counters }, reason) => {
    counters.refused += 1;
    if (!isProduction) {
      throw new CacheError('CACHE_FOREIGN_ENTRY', `${coordinate}: an entry was refused, because ${reason}`);
    }
    if (counters.refused === 1) log.error({ coordinate, reason }, 'an entry was refused; please report this');
  };
}

function authorizer<Context>(authorize: CacheOptions<Context>['authorize']): Services['authorize'] {
  // As above: the context is only handed on.
  return (
    authorize &&
    ((coordinate, parent, args, context) => authorize(coordinate, parent, args, context as Context))
  );
}

function viewerFinder<Context>(viewer: CacheOptions<Context>['viewer']): Services['viewerOf'] {
  // The schema's context is what its owner says it is; the engine only hands it on.
  return (context) => checkedViewer(() => viewer?.(context as Context));
}

function forAnyContext<Context>(origin: Origin<Context>): Origin {
  const { load, flush, isPermanent } = origin;
  return {
    ...(load && { load: (ids, context, variant) => load.call(origin, ids, context as Context, variant) }),
    ...(flush && { flush: (writes, context) => flush.call(origin, writes, context as Context) }),
    ...(isPermanent && { isPermanent: (error) => isPermanent.call(origin, error) }),
  };
}

function canLoad(origin: Origin): origin is LoadingOrigin {
  return origin.load !== undefined;
}
