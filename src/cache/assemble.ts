import { createServices, type CacheServices, type Shared } from './assemble-services.js';
import type { CacheOptions } from './cache-options.js';
import { createValueCodec } from './codec/value-codec.js';
import { Entries, type EntriesOptions } from './coherence/entries.js';
import { CacheError } from './errors.js';
import { backgroundContext, httpForAnyContext, loadingOrigins, originsOf } from './for-any-context.js';
import { noValues } from './keys/variant.js';
import { OriginLoads } from './loads/origin-loads.js';
import type { LoadingOrigin, Origin } from './loads/origin.js';
import type { Services } from './loads/services.js';
import { warningLog, type CacheLog } from './log.js';
import { Counters } from './metrics/counters.js';
import { countRelayed, createRelayCounters, type RelayCounters } from './metrics/relay-counters.js';
import { HttpAnswers } from './http/http-answers.js';
import { memoBounds } from './memo/memo-options.js';
import { OperationMemo } from './memo/operation-memo.js';
import { OperationPlans } from './memo/operation-plans.js';
import { checkedRelay } from './outbox/relay-options.js';
import { OtherStores } from './outbox/other-stores.js';
import { Relay } from './outbox/relay.js';
import { checkedProbe } from './prober/probe-options.js';
import { Prober } from './prober/prober.js';
import { checkedRecord } from './record/record-options.js';
import { RecordedEntries } from './record/recorded-entries.js';
import { Recorder } from './record/recorder.js';
import { Reporter } from './report/reporter.js';
import { earlyRefresh } from './stampede/early-refresh.js';
import { checkedLoads, type LoadBounds } from './stampede/load-bounds.js';
import type { Bounds } from './store/bounded-map.js';
import { LocalCopies } from './store/local-copies.js';
import { isAway, isPartlyAway } from './store/store-away.js';
import { troubleLog } from './store/trouble-log.js';
import { systemClock } from './time/clock.js';
import type { Variants } from './vary/variants.js';
import { createVariants } from './vary/vary-options.js';
import { KeepWarm } from './warm/keep-warm.js';
import { checkedPrefetch } from './warm/warm-bounds.js';
import { withDefaults } from './with-defaults.js';

const localCopiesDefaults: Bounds = { maxEntries: 10_000, maxBytes: 64 * 1024 * 1024, eviction: 's3-fifo' };
/** Bounds of a part of what a process holds in front of the store; each part has all of the entries. */
function part(bounds: Bounds, share: number): Bounds {
  return { ...bounds, maxBytes: Math.max(1, Math.floor(bounds.maxBytes * share)) };
}

/** Milliseconds for which a write waits for other regions, where nothing else is said. */
const ALL_WITHIN_MS = 1000;

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
  /** Which operations are made of what all readers share. */
  readonly plans: OperationPlans;
  /** Answers of whole operations; undefined where none are kept. */
  readonly memo: OperationMemo | undefined;
  /** What answers tell over HTTP; undefined where that is left to the server. */
  readonly http: HttpAnswers | undefined;
  /** Undefined without an outbox. */
  readonly relay: Relay | undefined;
  /** Undefined where no other region is spoken of. */
  readonly others: OtherStores | undefined;
  readonly relayed: Readonly<RelayCounters>;
  /** Undefined where no write is followed. */
  readonly prober: Prober | undefined;
  /** Undefined where no traffic is recorded. */
  readonly recorder: Recorder | undefined;
  readonly reporter: Reporter;
}

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
  const origins = originsOf(options);
  const loading = loadingOrigins(origins);
  const { blindAfterMs, whileBlind } = checkedRelay(options.relay);
  const probe = options.probe === undefined ? undefined : checkedProbe(options.probe);
  const shared = {
    ...{ options, log, clock, random, isProduction, loads, variants },
    codec: createValueCodec(options.types),
    refuse: refuser({ log, isProduction }),
    onStoreTrouble: troubleLog(options.store.name, { log, clock }),
  };
  const recorder = options.record && new Recorder({ clock, ...checkedRecord(options.record) });
  const entries: Entries = createEntries(shared, {
    ...{ recorder, roundTrips: counters.storeRoundTrips },
    believedForMs: () => (whileBlind === 'load' && relay?.isBlind === true ? blindAfterMs : undefined),
    isLoadedSoon: (field) => services.loads.isLoadedSoon(field),
    onRead: () => services.loads.noteRead(),
  });
  const relay: Relay | undefined =
    options.outbox &&
    new Relay({
      outbox: options.outbox,
      blindAfterMs,
      invalidate: (tags, versions) => entries.invalidate(tags, { versions }),
      storeIsAway: () => isAway(options.store),
      storeIsPartlyAway: () => isPartlyAway(options.store),
      ...{ clock, random, log },
      forgetAll: () => entries.forgetAll(),
      onForgotten: (reason) => (relayed.forgotten[reason] += 1),
      onApplied: (rows) => countRelayed(relayed, rows),
      onOthers: (areThere) => others?.noticed(areThere),
    });
  const { region, acknowledge, acknowledgeWithinMs = ALL_WITHIN_MS } = options;
  // Another store of the same outbox may be anything, such as that of the prefix before: it is a region where one is spoken of.
  const hasRegions = region !== undefined || acknowledge !== undefined;
  const others: OtherStores | undefined =
    options.outbox && hasRegions
      ? new OtherStores({
          outbox: options.outbox,
          ...{ clock, log },
          waitsMs: acknowledge === 'all' ? acknowledgeWithinMs : undefined,
        })
      : undefined;
  const services = createServices(shared, { entries, relay, others, origins, counters });
  const { codec, background } = services;
  const originLoads = new Map(
    Array.from(loading, ([namespace, origin]) => [namespace, new OriginLoads(services, namespace, origin)]),
  );
  const context = (): unknown => backgroundContext(options)(noValues);
  const plans = new OperationPlans({ storeIsLocal: options.store.isLocal });
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
      others,
      relayed,
      recorder,
    },
    keepWarm: createKeepWarm(options, services, loads.deadlineMs),
    plans,
    memo: createMemo(options, services, { plans, counters }),
    http: createHttp(options, services, { plans, counters }),
    reporter: new Reporter({
      ...{ store: options.store, clock, log, isProduction, counters },
      acceptedWrites: services.acceptedWrites,
    }),
    prober:
      probe &&
      new Prober({
        ...probe,
        entries,
        codec,
        background,
        clock,
        random,
        log,
        origins: loading,
        context,
        deadlineMs: loads.deadlineMs,
      }),
  };
}

type RestOfEntries = Pick<EntriesOptions, 'roundTrips' | 'believedForMs' | 'isLoadedSoon' | 'onRead'>;

function createEntries<Context>(
  { options, clock, random, loads, codec, refuse, onStoreTrouble }: Shared<Context>,
  { recorder, ...rest }: { readonly recorder: Recorder | undefined } & RestOfEntries,
): Entries {
  const { store } = options;
  const bounds = withDefaults(localCopiesDefaults, options.localCopies);
  const isStrict = options.strictCopies === true && store.readLog !== undefined;
  const entriesOptions: EntriesOptions = {
    store,
    copies: new LocalCopies(part(bounds, isStrict ? 1 / 4 : 1 / 2)),
    answers: answerCopies(options.memo),
    provenCopies: isStrict ? new LocalCopies(part(bounds, 1 / 2)) : undefined,
    decodedMaxBytes: part(bounds, isStrict ? 1 / 4 : 1 / 2).maxBytes,
    codec,
    clock,
    random,
    early: earlyRefresh({ random, beta: loads.earlyRefreshBeta }),
    leaseMs: loads.leaseMs,
    onStoreTrouble,
    refuse,
    ...rest,
  };
  return recorder === undefined ? new Entries(entriesOptions) : new RecordedEntries(entriesOptions, recorder);
}

function answerCopies(memo: CacheOptions<unknown>['memo']): LocalCopies | undefined {
  const bounds = memoBounds(memo);
  return bounds && new LocalCopies(bounds);
}

/** Where every read must be asked about, or a share of the hits is checked, operations are executed. */
function createMemo<Context>(
  { memo, authorize, shadow }: CacheOptions<Context>,
  { entries, traces, clock }: CacheServices,
  { plans, counters }: Pick<Parts, 'plans' | 'counters'>,
): OperationMemo | undefined {
  if (memoBounds(memo) === undefined || authorize !== undefined || shadow !== undefined) return undefined;
  const countersOf = (coordinate: string) => counters.of(coordinate);
  return new OperationMemo({ entries, traces, countersOf, plans, clock });
}

function createHttp<Context>(
  { http = false, authorize }: CacheOptions<Context>,
  { traces, clock }: CacheServices,
  { plans, counters }: Pick<Parts, 'plans' | 'counters'>,
): HttpAnswers | undefined {
  if (http === false) return undefined;
  const options = httpForAnyContext(http === true ? {} : http);
  const countersOf = (coordinate: string) => counters.of(coordinate);
  return new HttpAnswers({
    options,
    plans,
    traces,
    clock,
    countersOf,
    isAuthorized: authorize !== undefined,
  });
}

/** Makes what keeps entries warm. @throws CacheError for bounds that cannot be. */
function createKeepWarm<Context>(
  options: CacheOptions<Context>,
  services: CacheServices,
  deadlineMs: number,
): KeepWarm {
  const { store, warm = {}, warmVariants = [], prefetch } = options;
  return new KeepWarm({
    ...checkedPrefetch(prefetch === false ? {} : prefetch),
    ...{ store, services, codec: services.codec, isEnabled: prefetch !== false, deadlineMs },
    // What `backgroundContext` makes is handed on to those lists as it is.
    lists: warm as Readonly<Record<string, (context: unknown) => unknown>>,
    context: backgroundContext(options),
    variants: async () => (typeof warmVariants === 'function' ? warmVariants() : warmVariants),
  });
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
