import type { GraphQLSchema } from 'graphql';
import type { CacheOptions } from './cache-options.js';
import { checkCacheOptions } from './check-cache-options.js';
import { createApolloPlugin, type ApolloPluginOptions, type CachePlugin } from './apollo/apollo-plugin.js';
import { planSchema } from './directives/plan-schema.js';
import { internalObjects } from './directives/internal-objects.js';
import { schemaDigest } from './directives/schema-digest.js';
import { wrapSchema } from './directives/wrap-schema.js';
import { CacheError } from './errors.js';
import type { DeadLetter } from './journal/accepted-writes.js';
import type { JournalSize } from './journal/journal.js';
import { shortenKey } from './keys/shorten-key.js';
import type { VaryValues } from './keys/variant.js';
import { warningLog } from './log.js';
import type { BoundedBy } from './metrics/bounded-writes.js';
import { Counters } from './metrics/counters.js';
import { FetchCoordinates } from './metrics/fetch-coordinates.js';
import type { FieldCounters } from './metrics/field-counters.js';
import type { FlushCounters } from './metrics/flush-counters.js';
import { countRelayed, createRelayCounters, type RelayState } from './metrics/relay-counters.js';
import type { ShadowCounters } from './metrics/shadow-counters.js';
import type { Trace } from './metrics/trace.js';
import { checkFetch, checkInvalidate } from './patterns/check-fetch.js';
import { tagOfVariant, tagOfViewer } from './patterns/clear.js';
import { fetchEntry, type FetchOptions } from './patterns/fetch.js';
import type { ProbeCounters } from './metrics/probe-counters.js';
import { outsideLoads } from './load-scope.js';
import { OriginLoads } from './loads/origin-loads.js';
import { checkedProbe, type ProbeOptions } from './prober/probe-options.js';
import { Prober } from './prober/prober.js';
import type { ReadPolicy } from './policy/read-policy.js';
import type { LoadingOrigin, Origin } from './loads/origin.js';
import { checkedLoads, createKeepWarm, createServices } from './assemble.js';
import { checkedShadow } from './loads/shadow/shadow-options.js';
import { createVariants } from './vary/vary-options.js';
import { checkWarm, checkWarmVariants } from './policy/check-warm.js';
import { switchOff } from './policy/switch-off.js';
import { UnreadTags } from './policy/unread-tags.js';
import type { Consistency } from './coherence/acknowledgement.js';
import type { Outbox } from './outbox/outbox.js';
import { Relay } from './outbox/relay.js';
import { checkedRelay, type RelayingOptions } from './outbox/relay-options.js';

/** What a directive says of a field that is read. */
export interface CachedField {
  readonly coordinate: string;
  readonly pattern: string;
  /** Seconds. */
  readonly ttl: number;
  readonly swr: number;
  /** The names that its entries vary by; empty for none. */
  readonly vary: readonly string[];
}

/** A cache: one schema, one store, the origins. */
export interface Cache<Context> {
  /** A new schema whose fields are cached as their directives say. @throws CacheError with every fault together. */
  apply(schema: GraphQLSchema): GraphQLSchema;
  /**
   * Runs a check that lies inside the resolver of a PUBLIC field, so that what it reads of the viewer is no part of the
   * load around it. It must decide no more than whether the load goes on: what it lets through is stored for everybody whom
   * `authorize` lets through. Without `authorize` it runs the check as it is.
   */
  asCheck<T>(check: () => T): T;
  /**
   * Caching outside of GraphQL: reads `key`, or loads and stores what `load` returns. A key is a namespace, a colon and the
   * rest, such as `Report:42`: what happens is counted by namespace.
   * @throws CacheError naming every option that does not exist or cannot be.
   */
  fetch<T>(key: string, options: FetchOptions, load: () => Promise<T> | T): Promise<T>;
  /**
   * Resolves when what PREFETCH keeps warm is loaded for the first time, or takes too long: from then on the process is as
   * fast as it can be. At once where nothing is kept warm.
   */
  warmedUp(): Promise<void>;
  /** True once that is so. */
  isWarm(): boolean;
  /**
   * Invalidates these tags; resolves once it is applied. Of a namespace that nothing reads the log warns once.
   * @throws CacheError when the store could not.
   */
  invalidate(tags: readonly string[]): Promise<void>;
  /**
   * Clears all entries with one value of one name of `vary`, such as `{ tenant: 'acme' }`, by one tag whatever their number;
   * resolves once it is applied. @throws CacheError for another name or value, and when the store could not.
   */
  clearVariant(variant: VaryValues): Promise<void>;
  /** Clears all entries of PRIVATE fields of one viewer in the same way. @throws CacheError when the store could not. */
  clearViewer(viewerId: string | number): Promise<void>;
  /** Adds `extensions.cache` to the answers of Apollo Server. Caching works without it. */
  apolloPlugin(options?: ApolloPluginOptions<Context>): CachePlugin<Context>;
  /** What `environment` or NODE_ENV said at the start. In production a request is given evidence only where its plugin is told so. */
  readonly isProduction: boolean;
  /** Collects the evidence of one request of any server: call it before execution, `report()` after. */
  trace(context: object): Trace;
  /**
   * What may be told of a request with this context once it is executed: `bounded` where a write of it was acknowledged
   * before its invalidation was known to be applied. The Apollo plugin tells it by itself.
   */
  consistencyOf(context: object): Consistency;
  /**
   * What a bounded write of a request with this context waited for in vain: `store` where its invalidation is not applied,
   * `database` where that only did not say in time whether more is to be applied than the write names. Undefined for none.
   */
  boundedBy(context: object): BoundedBy | undefined;
  /** The cached fields that are read, as their directives say. */
  fields(): readonly CachedField[];
  /** Counters by coordinate since the start. */
  counters(): Readonly<Record<string, Readonly<FieldCounters>>>;
  /** What this process has applied of the outbox since the start, and for how long it could not look into it. */
  relayed(): Readonly<RelayState>;
  /** True while the store cannot be reached: loads go straight to the origin, and answers stay right. */
  storeIsAway(): boolean;
  /**
   * Opens the store. A store that is away is no error: the cache serves from the origin and heals by itself.
   * @throws CacheError when the store answers but refuses to be used.
   */
  start(): Promise<void>;
  /**
   * Applies from now on what is written into an outbox, whoever wrote it; mutations are acknowledged after what they
   * wrote there is applied. Call it once, after start(). Resolves when what waits already is applied, or all that was
   * stored before is forgotten. @throws CacheError naming every option that does not exist or cannot be.
   */
  relay(outbox: Outbox, options?: Partial<RelayingOptions>): Promise<void>;
  /** The namespaces of the schema's keys and tags: `Movie` of `Movie:{args.id}`. */
  namespaces(): ReadonlySet<string>;
  /**
   * Follows some of the writes from now on: reads what was written back through the cache, and compares it with what its
   * origin says. What does not agree is counted and logged. Call it once, after `apply`.
   */
  probe(options: ProbeOptions<Context>): void;
  /** What was found by it, by namespace. */
  probed(): Readonly<Record<string, Readonly<ProbeCounters>>>;
  /** What became of shadow checks since the start, by coordinate; empty without the option `shadow`. */
  shadowChecks(): Readonly<Record<string, Readonly<ShadowCounters>>>;
  /** What a write survives that was accepted by WRITE_BEHIND and is not in the database yet, as a sentence. */
  readonly survives: string;
  /** What the database refused for good, of the accepted writes. */
  deadLetters(): Promise<readonly DeadLetter[]>;
  /**
   * Has a dead letter flushed once more, once its cause is gone; what is newer in the database stays.
   * @throws CacheError where there is no such letter, or a newer write waits already.
   */
  replayDeadLetter(key: string): Promise<void>;
  /** What this process has flushed since the start, and what waits; `undefined` while the journal is away. */
  journal(): Promise<{ readonly flushed: Readonly<FlushCounters>; readonly size: JournalSize | undefined }>;
  /**
   * Flushes accepted writes, waits for background work, then closes the journal and the store. @throws CacheError, once
   * all is closed, where accepted writes were in the memory of this process only and could not be flushed.
   */
  close(): Promise<void>;
}

const INVALIDATE_SITE = 'cache.invalidate';
/** Longer than a database takes that answers at all; a store waits no longer before it is used again. */
const CAUGHT_UP_WITHIN_MS = 1000;

/** Assembles a cache. Nothing connects and no timer starts before `start()`. @throws CacheError naming every option that cannot be. */
export function createCache<Context = unknown>(options: CacheOptions<Context>): Cache<Context> {
  checkCacheOptions(options);
  const log = options.log ?? warningLog;
  const isProduction = (options.environment ?? process.env['NODE_ENV']) === 'production';
  const counters = new Counters();
  const relayed = createRelayCounters();
  let relay: Relay | undefined;
  let believedForMs: number | undefined;
  const loads = checkedLoads(options.loads);
  let prober: Prober | undefined;
  let policies: readonly ReadPolicy[] = [];
  const origins = new Map(
    Object.entries(options.origins ?? {}).map(([namespace, origin]) => [namespace, forAnyContext(origin)]),
  );
  const loading = new Map(
    Array.from(origins).flatMap(([namespace, origin]): [string, LoadingOrigin][] =>
      canLoad(origin) ? [[namespace, origin]] : [],
    ),
  );
  const variants = createVariants(options, log);
  const services = createServices(
    { ...options, loads, shadow: checkedShadow(options.shadow) },
    {
      log,
      isProduction,
      origins,
      variants,
      relay: () => relay,
      believedForMs: () => (relay?.isBlind === true ? believedForMs : undefined),
      isCaughtUp: async () => (await relay?.caughtUp(CAUGHT_UP_WITHIN_MS)) !== 'no',
      countersOf: (coordinate) => counters.of(coordinate),
      onInvalidated: (tags) => {
        prober?.wrote(tags);
        keepWarm.wereInvalidated(tags);
      },
    },
  );
  const keepWarm = createKeepWarm(options, services);
  const { invalidate, acceptedWrites } = services;
  const storeIsAway = (): boolean => options.store.isAway?.() ?? false;
  const originLoads = new Map(
    Array.from(loading, ([namespace, origin]) => [namespace, new OriginLoads(services, namespace, origin)]),
  );
  const unreadTags = new UnreadTags(log, [...origins.keys(), ...(options.fetches ?? [])]);
  const fetchCoordinates = new FetchCoordinates(log, options.fetches ?? []);
  let writesBehind = false;
  let digest: string | undefined;
  let started: Promise<void> | undefined;
  let closed = false;
  const requireOpen = (): void => {
    if (closed) throw new CacheError('CACHE_CLOSED', 'the cache was closed; create another one');
  };
  const startAll = async (): Promise<void> => {
    await options.store.open?.({
      digest: digest ?? 'none',
      log,
      onForgotten: () => {
        services.entries.forgetCopies();
        relay?.forgotten();
      },
      caughtUp: async () => (await relay?.caughtUp(CAUGHT_UP_WITHIN_MS)) ?? 'unknown',
    });
    if (writesBehind) await acceptedWrites.start();
    keepWarm.start();
  };

  const trace = (context: object): Trace => services.traces.start(context);
  const boundedBy = (context: object): BoundedBy | undefined => services.boundedWrites.of(context);
  const applied = async (call: string, tags: readonly string[]): Promise<void> => {
    requireOpen();
    const site = { coordinate: INVALIDATE_SITE, counters: counters.of(INVALIDATE_SITE) };
    if (await invalidate(tags, site)) return;
    throw new CacheError(
      'CACHE_INVALIDATION_FAILED',
      `${call}: the store could not apply the invalidation; call it again once the store is back`,
    );
  };

  return {
    apply: (schema) => {
      requireOpen();
      if (digest !== undefined) {
        throw new CacheError('CACHE_CONFIGURATION', 'apply: a cache serves one schema; create another cache');
      }
      if (started !== undefined) {
        throw new CacheError('CACHE_CONFIGURATION', 'apply: call it before start(), which opens the store');
      }
      const plan = planSchema(schema, {
        origins: new Set(loading.keys()),
        flushing: new Set(
          Array.from(origins).flatMap(([name, { flush }]) => (flush === undefined ? [] : [name])),
        ),
        hasJournal: options.journal !== undefined || options.store.isLocal,
        knowsViewer: options.viewer !== undefined,
        authorizes: options.authorize !== undefined,
        fetches: options.fetches,
        softTimeoutMs: loads.softTimeoutMs,
        variants,
        varyAll: options.varyAll ?? [],
        countersOf: (coordinate) => counters.of(coordinate),
        onUnnamed: (coordinate, tag) =>
          log.error(
            { coordinate, tag },
            'a tag could not be named from the result, so it was not invalidated',
          ),
      });
      const { reads: switched, isOff, faults: switchFaults } = switchOff(plan, options.disabled ?? []);
      const faults = [
        ...switchFaults,
        ...checkWarm(plan.reads, Object.keys(options.warm ?? {})),
        ...(options.prefetch === false ? [] : checkWarmVariants(plan.reads, options.warmVariants)),
      ];
      // Of what could not be compiled nobody can say whether it is cached.
      if (plan.faults.length > 0) throw configurationError(plan.faults);
      if (faults.length > 0) throw configurationError(faults);
      const reads = services.shadow?.switchable(switched) ?? switched;
      digest = schemaDigest(schema, plan);
      services.codec.distinguish(internalObjects(schema));
      // Where nothing is cached, nothing is known of what `cache.fetch` uses either.
      if (options.disabled !== 'all') unreadTags.applied(plan.namespaces);
      policies = [...plan.reads.values()];
      writesBehind = [...plan.writes.values()].some(({ pattern }) => pattern === 'WRITE_BEHIND');
      return wrapSchema(schema, { plan: { ...plan, reads }, services, keepWarm, originLoads, isOff });
    },
    asCheck: (check) => (options.authorize === undefined ? check() : outsideLoads(check)),
    fetch: async <T>(key: string, fetchOptions: FetchOptions, load: () => Promise<T> | T): Promise<T> => {
      requireOpen();
      checkFetch({ key, options: fetchOptions, load, variants });
      const coordinate = fetchCoordinates.of(key);
      const request = { key, options: fetchOptions, counters: counters.of(coordinate), coordinate };
      if (options.disabled === 'all') {
        request.counters.bypassed += 1;
        return load();
      }
      // What is stored under a key is what its `load` returned: the caller who names both says that it is a T.
      return (await fetchEntry(
        services,
        { ...request, onTags: (tags) => unreadTags.fetched(tags) },
        load,
      )) as T;
    },
    invalidate: async (tags) => {
      requireOpen();
      checkInvalidate(tags);
      unreadTags.warnOf(tags);
      // The key of a variant is no tag, but its row is.
      const rows = tags.flatMap((tag) => variants.rowOfKey(tag) ?? []);
      await applied('cache.invalidate', [...tags, ...rows].map(shortenKey));
    },
    clearVariant: async (variant) => applied('cache.clearVariant', [tagOfVariant(variant, variants)]),
    clearViewer: async (viewerId) => applied('cache.clearViewer', [tagOfViewer(viewerId)]),
    apolloPlugin: (plugin = {}) => createApolloPlugin({ isProduction, trace, boundedBy }, plugin),
    isProduction,
    trace,
    consistencyOf: (context) => (boundedBy(context) === undefined ? 'strict' : 'bounded'),
    boundedBy,
    fields: () => policies.map(describePolicy),
    counters: () => counters.snapshot(),
    relayed: () => ({ ...relayed, blindForMs: relay?.blindForMs() ?? 0 }),
    storeIsAway,
    warmedUp: () => keepWarm.warmedUp(),
    isWarm: () => keepWarm.isWarm,
    namespaces: () => new Set(policies.flatMap((policy) => policy.namespaces)),
    probe: (probe) => {
      requireOpen();
      if (digest === undefined || prober !== undefined) {
        throw new CacheError('CACHE_CONFIGURATION', 'cache.probe: call it once, after apply()');
      }
      prober = new Prober({ ...checkedProbe(probe), origins: loading, policies, ...services });
    },
    probed: () => prober?.counters() ?? {},
    shadowChecks: () => services.shadow?.counters() ?? {},
    relay: async (outbox, relayOptions) => {
      requireOpen();
      const { blindAfterMs, whileBlind } = checkedRelay(relayOptions);
      if (relay !== undefined) throw new CacheError('CACHE_CONFIGURATION', 'relay: a cache has one outbox');
      if (whileBlind === 'load') believedForMs = blindAfterMs;
      relay = new Relay({
        blindAfterMs,
        outbox,
        invalidate: (tags, versions) => services.entries.invalidate(tags, versions),
        storeIsAway,
        clock: services.clock,
        random: options.random ?? Math.random,
        log,
        forgetAll: () => services.entries.forgetAll(),
        onApplied: (rows) => countRelayed(relayed, rows),
      });
      await relay.start(CAUGHT_UP_WITHIN_MS);
    },
    start: () => {
      requireOpen();
      // A store can be opened once; whoever starts again waits for the same.
      started ??= startAll();
      return started;
    },
    survives: acceptedWrites.survives,
    deadLetters: () => acceptedWrites.deadLetters(),
    replayDeadLetter: async (key) => {
      requireOpen();
      const outcome = await acceptedWrites.replay(key);
      if (outcome === 'replayed') return;
      throw new CacheError(
        'CACHE_DEAD_LETTER',
        outcome === 'unknown'
          ? 'cache.replayDeadLetter: there is no dead letter with this key; cache.deadLetters() lists them'
          : 'cache.replayDeadLetter: a newer write of this key waits already, so the dead letter was removed',
      );
    },
    journal: async () => ({ flushed: acceptedWrites.counters(), size: await acceptedWrites.size() }),
    close: async () => {
      if (closed) return;
      closed = true;
      prober?.stop();
      services.shadow?.stop();
      keepWarm.stop();
      // First: what it flushes is invalidated, which the relay and the store take part in.
      const isKept = await acceptedWrites.close();
      await relay?.close();
      services.loads.stop();
      await services.background.drain();
      await options.store.close();
      // Last, as everything else is closed all the same.
      if (isKept) return;
      throw new CacheError(
        'CACHE_WRITES_LOST',
        'cache.close: accepted writes in the memory of this process could not be flushed and are lost; the log says how many',
      );
    },
  };
}

function forAnyContext<Context>(origin: Origin<Context>): Origin {
  const { load, flush, isPermanent } = origin;
  return {
    ...(load && { load: (ids, context, variant) => load.call(origin, ids, context as Context, variant) }),
    ...(flush && { flush: (writes) => flush.call(origin, writes) }),
    ...(isPermanent && { isPermanent: (error) => isPermanent.call(origin, error) }),
  };
}

function describePolicy({ coordinate, pattern, lifetime, swrMs, vary }: ReadPolicy): CachedField {
  return { coordinate, pattern, ttl: lifetime.ttlMs / 1000, swr: swrMs / 1000, vary };
}

function canLoad(origin: Origin): origin is LoadingOrigin {
  return origin.load !== undefined;
}

function configurationError(faults: readonly string[]): CacheError {
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  const list = faults.map((fault) => `  - ${fault}`).join('\n');
  return new CacheError('CACHE_CONFIGURATION', `The schema's cache directives have ${count}:\n${list}`);
}
