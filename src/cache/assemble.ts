import { systemClock, type Clock } from './time/clock.js';
import { createValueCodec, type ValueCodec } from './codec/value-codec.js';
import type { ValueType } from './codec/value-type.js';
import { CacheError } from './errors.js';
import { AcceptedWrites } from './journal/accepted-writes.js';
import type { FlushTarget } from './journal/flusher.js';
import type { Journal } from './journal/journal.js';
import { memoryJournal } from './journal/memory-journal.js';
import type { VaryValues } from './keys/variant.js';
import type { CacheLog } from './log.js';
import type { FieldCounters } from './metrics/field-counters.js';
import { BoundedWrites } from './metrics/bounded-writes.js';
import { Traces } from './metrics/trace.js';
import { BackOff } from './stampede/back-off.js';
import { Background } from './stampede/background.js';
import { earlyRefresh } from './stampede/early-refresh.js';
import { Flights } from './stampede/flights.js';
import { LeaseKeeper } from './stampede/lease-keeper.js';
import { LoadTimes } from './stampede/load-times.js';
import { OverdueLoads } from './stampede/overdue-loads.js';
import { SingleLoads } from './stampede/single-loads.js';
import { WakeUps } from './stampede/wake-ups.js';
import type { Bounds } from './store/bounded-map.js';
import { LocalCopies } from './store/local-copies.js';
import { troubleLog } from './store/trouble-log.js';
import type { Store } from './store/store.js';
import { createAcknowledge } from './coherence/acknowledgement.js';
import { Entries } from './coherence/entries.js';
import { createInvalidate, type Invalidate } from './coherence/invalidation.js';
import type { Relay } from './outbox/relay.js';
import { tooLongFaults } from './time/timer-limit.js';
import { refuseFaults } from './unknown-options.js';
import { withDefaults } from './with-defaults.js';
import type { WarmVariants } from './policy/warm-variants.js';
import type { Authorize } from './loads/authorize-option.js';
import { createLoadContext } from './loads/guard/load-context.js';
import type { Origin } from './loads/origin.js';
import type { Loaded, Services } from './loads/services.js';
import type { Variants } from './vary/variants.js';
import { ShadowChecks } from './loads/shadow/shadow-checks.js';
import type { ShadowOptions } from './loads/shadow/shadow-options.js';
import { KeepWarm } from './warm/keep-warm.js';
import { checkedPrefetch, type PrefetchBounds } from './warm/warm-bounds.js';
import { checkedViewer, type ViewerId } from './vary/viewer-id.js';

/** Bounds of loads. Waiting and leases only save work: what is served is right whatever they are. */
export interface LoadBounds {
  /** Milliseconds a lease is held unless it is renewed, which happens three times in between; default 1,500. */
  readonly leaseMs: number;
  /**
   * Milliseconds from its beginning after which a load is waited for no longer: those who wait get CACHE_LOAD_OVERDUE, or a
   * stale value within `staleIfError`; its place and its lease are given back, and what it brings later is dropped. Should
   * be longer than the time limits of your database and services, which end what hangs. Default 30,000.
   */
  readonly deadlineMs: number;
  /**
   * Loads of one field that may hang past their deadline; default 8. While so many do, its further loads fail at once with
   * CACHE_LOAD_OVERDUE, but for one at a time, which tries. Other fields load as always.
   */
  readonly overdueAtMost: number;
  /**
   * Milliseconds a process waits at most for another one's load before it loads as well; default 10,000. It waits for less
   * where loads of the field usually take less, their wait for a turn included: three times that, at least 500 ms, 4,000
   * where it is not known yet, and never more than half of `deadlineMs`. Where loads of the field wait for their turn in
   * this process as well, it goes on waiting.
   */
  readonly waitAtMostMs: number;
  /**
   * Most loads of fields at the same time in this process; a call of an origin is one, whatever it is for. From 16 on, one
   * field has at most three times the places that are free, which leaves some to others. Ten times as many
   * wait for their turn, further ones fail with CACHE_OVERLOADED, or serve a stale value within `staleIfError`; default 64.
   */
  readonly atMost: number;
  /** Most loads at the same time while the store is away; ten times as many wait for their turn; default 32. */
  readonly atMostWithoutStore: number;
  /**
   * Milliseconds a reader waits for a load where a stale value within `staleIfError` could answer; `softTimeoutMs` of
   * `@cached` goes before it. Default: until the load ends.
   */
  readonly softTimeoutMs: number | undefined;
  /** How early fresh entries are refreshed, see docs/staying-warm.md: 1 is the default, 0 turns it off. */
  readonly earlyRefreshBeta: number;
}

/** The names of all bounds of loads. */
export const loadOptions = {
  leaseMs: true,
  deadlineMs: true,
  overdueAtMost: true,
  waitAtMostMs: true,
  atMost: true,
  atMostWithoutStore: true,
  softTimeoutMs: true,
  earlyRefreshBeta: true,
} satisfies Record<keyof LoadBounds, true>;

export interface ServicesOptions<Context> {
  readonly store: Store;
  readonly viewer?: (context: Context) => ViewerId | bigint | null;
  readonly neutral?: readonly PropertyKey[];
  readonly authorize?: Authorize<Context>;
  readonly types?: readonly ValueType[];
  readonly localCopies?: Partial<Bounds>;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly loads: LoadBounds;
  readonly onStoreLoss?: 'fail' | 'degrade';
  readonly strictCopies?: boolean;
  readonly journal?: Journal;
  readonly shadow: ShadowOptions | undefined;
}

const localCopiesDefaults: Bounds = { maxEntries: 10_000, maxBytes: 64 * 1024 * 1024, eviction: 's3-fifo' };
const loadDefaults: LoadBounds = {
  leaseMs: 1500,
  deadlineMs: 30_000,
  overdueAtMost: 8,
  waitAtMostMs: 10_000,
  atMost: 64,
  atMostWithoutStore: 32,
  softTimeoutMs: undefined,
  earlyRefreshBeta: 1,
};

/** Bounds of a part of what a process holds in front of the store; each part has all of the entries. */
function part(bounds: Bounds, share: number): Bounds {
  return { ...bounds, maxBytes: Math.max(1, Math.floor(bounds.maxBytes * share)) };
}

/** Where invalidations of flushed writes are counted. */
const FLUSH_SITE = 'cache.flush';

/** @throws CacheError naming every bound that cannot be. */
export function checkedLoads(given: Partial<LoadBounds> = {}): LoadBounds {
  const loads = withDefaults(loadDefaults, given);
  const { earlyRefreshBeta, ...bounds } = loads;
  const faults = Object.entries(bounds)
    .filter(([, bound]) => bound !== undefined && (!Number.isSafeInteger(bound) || bound <= 0))
    .map(([name, bound]) => `loads.${name} must be a positive whole number, but got ${bound}`);
  if (!(earlyRefreshBeta >= 0 && earlyRefreshBeta < Infinity)) {
    faults.push(`loads.earlyRefreshBeta must be 0 or a positive number, but got ${earlyRefreshBeta}`);
  }
  const { leaseMs, softTimeoutMs } = loads;
  faults.push(...tooLongFaults({ 'loads.leaseMs': leaseMs, 'loads.softTimeoutMs': softTimeoutMs }));
  refuseFaults('createCache', faults);
  return loads;
}

/** What assembling knows beyond the options. */
export interface ServicesParts {
  readonly log: CacheLog;
  readonly isProduction: boolean;
  /** Undefined while nobody relays an outbox. */
  readonly relay: () => Relay | undefined;
  /** See `EntriesOptions`. */
  readonly believedForMs: () => number | undefined;
  /** False where a write of the outbox may not be applied yet. */
  readonly isCaughtUp: () => Promise<boolean>;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly countersOf: (coordinate: string) => FieldCounters;
  readonly variants: Variants;
  /** Told of tags whose invalidation was applied. */
  readonly onInvalidated: (tags: readonly string[]) => void;
}

/** Makes what all patterns of one cache share. Nothing connects and no timer starts. */
export function createServices<Context>(
  options: ServicesOptions<Context>,
  {
    log,
    isProduction,
    relay,
    believedForMs,
    isCaughtUp,
    origins,
    countersOf,
    variants,
    onInvalidated,
  }: ServicesParts,
): Services & { readonly invalidate: Invalidate; readonly codec: ValueCodec } {
  const { store, loads, random = Math.random, clock = systemClock } = options;
  const onStoreTrouble = troubleLog(store.name, { log, clock });
  const background = new Background();
  const refuse = refuser({ log, isProduction });
  const codec = createValueCodec(options.types);
  const bounds = withDefaults(localCopiesDefaults, options.localCopies);
  const isStrict = options.strictCopies === true && store.readLog !== undefined;
  const entries = new Entries({
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
    onInvalidated,
    refuse,
  });
  const viewerOf = viewerFinder(options.viewer);
  const invalidate = createInvalidate({ entries, clock, log, relay });
  const storeIsAway = (): boolean => store.isAway?.() ?? false;
  const acknowledge = createAcknowledge({ invalidate, relay, storeIsAway });
  const singleLoads = new SingleLoads<Loaded>({
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
      landed: undefined,
    }),
    onBug: (error) => log.error({ error: String(error) }, 'a load ended without an answer'),
  });
  const isBusy = (): boolean => storeIsAway() || singleLoads.isCrowded;
  return {
    invalidate,
    codec,
    acknowledge,
    boundedWrites: new BoundedWrites(),
    acceptedWrites: new AcceptedWrites({
      journal: options.journal ?? memoryJournal({ clock }),
      targets: flushTargets(origins),
      flushSite: () => ({ coordinate: FLUSH_SITE, counters: countersOf(FLUSH_SITE) }),
      acknowledge: async (tags, site) => (await acknowledge(tags, site)).boundedBy,
      ...{ codec, clock, random, log, invalidate },
    }),
    mayWrite: () => (options.onStoreLoss === 'fail' ? entries.confirm() : Promise.resolve(true)),
    entries,
    loads: singleLoads,
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
      options.shadow &&
      new ShadowChecks({
        ...options.shadow,
        entries,
        codec,
        clock,
        random,
        log,
        background,
        isBusy,
        isCaughtUp,
      }),
  };
}

/** What PREFETCH needs; see the options of the cache. */
export interface KeepWarmGiven<Context> {
  readonly store: Store;
  readonly warm?: Readonly<Record<string, (context: Context) => unknown>>;
  readonly warmContext?: (variant: VaryValues) => Context | Promise<Context>;
  readonly warmVariants?: WarmVariants;
  readonly prefetch?: Partial<PrefetchBounds> | false;
}

/** Makes what keeps entries warm. No timer starts. @throws CacheError for bounds that cannot be. */
export function createKeepWarm<Context>(
  { store, warm = {}, warmContext, warmVariants = [], prefetch }: KeepWarmGiven<Context>,
  services: Services & { readonly codec: ValueCodec },
): KeepWarm {
  return new KeepWarm({
    ...checkedPrefetch(prefetch === false ? {} : prefetch),
    ...{ store, services, codec: services.codec, isEnabled: prefetch !== false },
    // What `warmContext` makes is handed on to those lists as it is.
    lists: warm as Readonly<Record<string, (context: unknown) => unknown>>,
    context: warmContext ?? (() => ({})),
    variants: async () => (typeof warmVariants === 'function' ? warmVariants() : warmVariants),
  });
}

/** Those of the origins that flush. */
function flushTargets(origins: ReadonlyMap<string, Origin>): ReadonlyMap<string, FlushTarget> {
  return new Map(
    Array.from(origins).flatMap(([namespace, origin]): [string, FlushTarget][] => {
      if (origin.flush === undefined) return [];
      const flush: FlushTarget['flush'] = async (writes) => origin.flush?.(writes);
      return [[namespace, { flush, isPermanent: (error) => origin.isPermanent?.(error) }]];
    }),
  );
}

/** What must never happen is aloud where somebody develops; in production the reader is answered by a load of its own. */
function refuser({ log, isProduction }: Pick<ServicesParts, 'log' | 'isProduction'>): Services['refuse'] {
  return ({ coordinate = 'a field', counters }, reason) => {
    counters.refused += 1;
    if (!isProduction) {
      throw new CacheError('CACHE_FOREIGN_ENTRY', `${coordinate}: an entry was refused, because ${reason}`);
    }
    if (counters.refused === 1) log.error({ coordinate, reason }, 'an entry was refused; please report this');
  };
}

function authorizer<Context>(authorize: ServicesOptions<Context>['authorize']): Services['authorize'] {
  // As above: the context is only handed on.
  return (
    authorize &&
    ((coordinate, parent, args, context) => authorize(coordinate, parent, args, context as Context))
  );
}

function viewerFinder<Context>(viewer: ServicesOptions<Context>['viewer']): Services['viewerOf'] {
  // The schema's context is what its owner says it is; the engine only hands it on.
  return (context) => checkedViewer(() => viewer?.(context as Context));
}
