import type { GraphQLSchema } from 'graphql';
import { createApolloPlugin, type ApolloPluginOptions, type CachePlugin } from './apollo/apollo-plugin.js';
import { applySchema, type Applied, type CachedField } from './apply-schema.js';
import { assemble, type Parts } from './assemble.js';
import type { CacheOptions } from './cache-options.js';
import { checkCacheOptions } from './check-cache-options.js';
import { createTools, type CacheTools } from './cache-tools.js';
import type { Consistency } from './coherence/acknowledgement.js';
import { CacheError } from './errors.js';
import type { HttpCaching } from './http/http-answers.js';
import type { DeadLetter } from './journal/accepted-writes.js';
import type { JournalSize } from './journal/journal.js';
import { withMeetingTags } from './keys/meeting-tag.js';
import { namespaceOf } from './keys/namespace.js';
import { shortenKey } from './keys/shorten-key.js';
import type { VaryValues } from './keys/variant.js';
import { checkReport, type ReportOptions } from './report/report-options.js';
import type { CacheReport } from './report/cache-report.js';
import { outsideLoads } from './load-scope.js';
import type { BoundedBy } from './metrics/bounded-writes.js';
import { FetchCoordinates } from './patterns/fetch-coordinates.js';
import type { CacheTimes } from './metrics/counters.js';
import type { FieldCounters } from './metrics/field-counters.js';
import type { FlushCounters } from './metrics/flush-counters.js';
import type { ProbeCounters } from './metrics/probe-counters.js';
import { NO_REGIONS, type RegionFigures } from './metrics/region-figures.js';
import type { RelayState } from './metrics/relay-counters.js';
import type { ShadowCounters } from './metrics/shadow-counters.js';
import type { Trace } from './metrics/trace.js';
import { noteMemo } from './memo/memo-of.js';
import { NO_MEMO, type MemoCounters } from './metrics/memo-counters.js';
import { checkFetch, checkInvalidate } from './patterns/check-fetch.js';
import { tagOfVariant, tagOfViewer } from './patterns/clear.js';
import { fetchEntry, type FetchOptions } from './patterns/fetch.js';
import { isAway } from './store/store-away.js';
import type { Clock } from './time/clock.js';
import { within } from './time/within.js';
import { UnreadTags } from './policy/unread-tags.js';
import { closeCache, openCache, stopBackground } from './open-cache.js';

/** A cache: one schema, one store, the origins. */
export interface Cache<Context> {
  /** A new schema whose fields are cached as their directives say. @throws CacheError with every fault together. */
  apply(schema: GraphQLSchema): GraphQLSchema;
  /**
   * Opens the store, then the outbox and the journal, and begins to keep entries warm. Resolves when what waits in the outbox is
   * applied, or all that was stored before is forgotten. A store that is away is no error: the cache serves from the origin and
   * heals by itself. @throws CacheError when the store answers but refuses to be used, and what the outbox cannot be opened with.
   */
  start(): Promise<void>;
  /**
   * Flushes accepted writes, waits for background work, then closes the outbox, the journal and the store; a second call
   * waits for the first. @throws once all is closed, what could not be, or CacheError where accepted writes were in the memory of this
   * process only and could not be flushed.
   */
  close(): Promise<void>;
  /**
   * Caching outside of GraphQL: reads `key`, or loads and stores what `load` returns. A key is a namespace, a colon and the
   * rest, such as `Report:42`: what happens is counted by namespace.
   * @throws CacheError naming every option that does not exist or cannot be.
   */
  fetch<T>(key: string, options: FetchOptions, load: () => Promise<T> | T): Promise<T>;
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
  /**
   * Runs a check that lies inside the resolver of a PUBLIC field, so that what it reads of the viewer is no part of the
   * load around it. It must decide no more than whether the load goes on: what it lets through is stored for everybody whom
   * `authorize` lets through. Without `authorize` it runs the check as it is.
   */
  asCheck<T>(check: () => T): T;
  /**
   * Declares that a resolver that was put around that of a cached field answers any viewer as it does, or with an error,
   * so that the option `memo` keeps answers with that field. A check of arguments is such a one, a check of the viewer is not.
   * Returns `around`.
   */
  answersAs<Resolver>(resolve: unknown, around: Resolver): Resolver;
  /** Adds `extensions.cache` to the answers of Apollo Server. Caching works without it. */
  apolloPlugin(options?: ApolloPluginOptions<Context>): CachePlugin<Context>;
  /** What `environment` or NODE_ENV said at the start. In production a request is given evidence only where its plugin is told so. */
  readonly isProduction: boolean;
  /** Collects the evidence of one request of any server: call it before execution, `report()` after. */
  trace(context: object): Trace;
  /** What answers tell over HTTP, for plugins of servers; undefined without the option `http`. */
  readonly http: HttpCaching | undefined;
  /** Writes: what an acknowledgement of one means, and those of WRITE_BEHIND that the database does not have. */
  readonly writes: CacheWrites;
  /** What happened since the start, and how it is now. Nothing of it asks the database. */
  readonly stats: CacheStats;
  /** What PREFETCH keeps warm. */
  readonly warm: CacheWarm;
  /** For people who look after it, and pages for them. */
  readonly tools: CacheTools;
}

/** See `Cache.writes`. */
export interface CacheWrites {
  /** What a write survives that was accepted by WRITE_BEHIND and is not in the database yet, as a sentence. */
  readonly durability: string;
  /**
   * What may be told of a request with this context once it is executed: `bounded` where a write of it was acknowledged
   * before its invalidation was known to be applied. The plugins of servers tell it by themselves.
   */
  consistencyOf(context: object): Consistency;
  /**
   * What is not known to be applied of a bounded write of a request with this context: `store` where its invalidation is not applied,
   * `database` where that only did not say in time whether more is to be applied than the write names, `regions` where it is applied here
   * and not known to be in other regions. Undefined for none.
   */
  boundedBy(context: object): BoundedBy | undefined;
  /** What the slowest of the other regions lags, milliseconds, as `stats.regions()` says; undefined where that is not known. */
  regionLagMs(): number | undefined;
  /** What this process has flushed since the start, and what waits; `size` is undefined while the journal is away. */
  journal(): Promise<{ readonly flushed: Readonly<FlushCounters>; readonly size: JournalSize | undefined }>;
  /** What the database refused for good, of the accepted writes. */
  deadLetters(): Promise<readonly DeadLetter[]>;
  /**
   * Has a dead letter flushed once more, once its cause is gone; what is newer in the database stays.
   * @throws CacheError where there is no such letter, or a newer write waits already.
   */
  replay(key: string): Promise<void>;
  /** Removes a dead letter: its write is given up. @throws CacheError where there is no such letter. */
  discard(key: string): Promise<void>;
}

/** See `Cache.stats`. */
export interface CacheStats {
  /** The cached fields that are read, as their directives say. */
  fields(): readonly CachedField[];
  /** Counters by coordinate since the start. */
  counters(): Readonly<Record<string, Readonly<FieldCounters>>>;
  /** How long hits, loads, round trips and operations took in this process. */
  times(): CacheTimes;
  /**
   * Begins to measure one operation of a server without a plugin; call what it returns once the answer is there. The plugins for servers
   * measure by themselves.
   */
  timeOperation(): () => void;
  /** What this process has applied of the outbox since the start, and for how long it could not look into it. */
  relay(): Readonly<RelayState>;
  /** The other stores of the outbox, as those of other regions: how far they lag, and what became of writes that waited for them. */
  regions(): RegionFigures;
  /** What the prober found, by namespace; empty without the option `probe`. */
  probes(): Readonly<Record<string, Readonly<ProbeCounters>>>;
  /** What became of shadow checks since the start, by coordinate; empty without the option `shadow`. */
  shadowChecks(): Readonly<Record<string, Readonly<ShadowCounters>>>;
  /** What became of answers of whole operations; all 0 without the option `memo`. */
  memo(): MemoCounters;
  /**
   * The traffic that was recorded since the start, for `corral simulate`; undefined without the option `record`. It is made anew for each
   * call, and is as large as what was recorded.
   */
  recording(): Uint8Array | undefined;
  /**
   * What happened in all processes that share the store, since they started or in the last `minutes`, and how the store and the
   * journal are. For a page or a person: it asks the store. @throws CacheError for minutes that are no number from 1 to 60.
   */
  report(options?: ReportOptions): Promise<CacheReport>;
  /** How far the server of the store is: a round trip as measured at the start, or for the last report; undefined where there is none. */
  storeRoundTripMs(): number | undefined;
  /** True while the store cannot be reached: loads go straight to the origin, and answers stay right. */
  storeIsAway(): boolean;
}

/** See `Cache.warm`. */
export interface CacheWarm {
  /**
   * Resolves when what PREFETCH keeps warm is loaded for the first time, or takes too long: from then on the process is as
   * fast as it can be. At once where nothing is kept warm.
   */
  ready(): Promise<void>;
  /** True once that is so. */
  isReady(): boolean;
}

const NONE_BEHIND: ReadonlySet<string> = new Set();
const INVALIDATE_SITE = 'cache.invalidate';
const START_ENDS_WITHIN_MS = 5000;

/** Puts a cache together. Nothing connects and no timer starts before `start()`. @throws CacheError naming every option that cannot be. */
export function createCache<Context = unknown>(options: CacheOptions<Context>): Cache<Context> {
  checkCacheOptions(options);
  const parts = assemble(options);
  const { services, counters, variants, keepWarm, log } = parts;
  const declared = [...parts.origins.keys(), ...(options.fetches ?? [])];
  const unreadTags = new UnreadTags(log, declared);
  const fetchCoordinates = new FetchCoordinates(log, options.fetches ?? []);
  let applied: Applied | undefined;
  let started: Promise<void> | undefined;
  let closed = false;
  let closing: Promise<void> | undefined;
  const requireOpen = (): void => {
    if (closed) throw new CacheError('CACHE_CLOSED', 'the cache was closed; create another one');
  };
  const invalidate = async (call: string, tags: readonly string[]): Promise<void> => {
    requireOpen();
    const site = { coordinate: INVALIDATE_SITE, counters: counters.of(INVALIDATE_SITE) };
    if (await services.invalidate(tags, site)) return;
    throw new CacheError(
      'CACHE_INVALIDATION_FAILED',
      `${call}: the store could not apply the invalidation; call it again once the store is back`,
    );
  };

  const { isProduction, http } = parts;
  const writes = writesOf(parts, requireOpen);
  const trace = (context: object): Trace => services.traces.start(context);
  const timeOperation = (): (() => void) => counters.timeOperation();

  const cache: Cache<Context> = {
    apply: (schema) => {
      requireOpen();
      if (applied !== undefined) {
        throw new CacheError('CACHE_CONFIGURATION', 'apply: a cache serves one schema; create another cache');
      }
      if (started !== undefined) {
        throw new CacheError('CACHE_CONFIGURATION', 'apply: call it before start(), which opens the store');
      }
      applied = applySchema(schema, { options, parts });
      // Where nothing is cached, nothing is known of what `cache.fetch` uses either.
      if (options.disabled !== 'all') unreadTags.applied(applied.namespaces);
      return applied.schema;
    },
    start: () => {
      requireOpen();
      // A store can be opened once; a second call waits for the same.
      started ??= openCache({ options, parts, applied, isClosed: () => closed });
      return started;
    },
    close: async () => {
      if (closing !== undefined) {
        // Why it could not be closed is told to the first caller.
        await closing.catch(() => undefined);
        return;
      }
      closed = true;
      stopBackground(parts);
      closing = afterStart(started, services.clock).then(() => closeCache(parts, options.store));
      await closing;
    },
    fetch: async <T>(key: string, fetchOptions: FetchOptions, load: () => Promise<T> | T): Promise<T> => {
      requireOpen();
      const behind = applied?.behind ?? NONE_BEHIND;
      checkFetch({ key, options: fetchOptions, load, variants, behind });
      const coordinate = fetchCoordinates.of(key);
      const isWrittenBehind = behind.has(namespaceOf(key));
      const own = { counters: counters.of(coordinate), coordinate, isWrittenBehind };
      const request = { key, options: fetchOptions, ...own };
      if (options.disabled === 'all') {
        request.counters.bypassed += 1;
        return load();
      }
      // What is stored under a key is what its `load` returned: the caller who names both says that it is a T.
      return (await fetchEntry(
        services,
        { onTags: (tags) => unreadTags.fetched(tags), ...request },
        load,
      )) as T;
    },
    invalidate: async (tags) => {
      requireOpen();
      checkInvalidate(tags);
      unreadTags.warnOf(tags);
      // The key of a variant is no tag, but its row is.
      const rows = tags.flatMap((tag) => variants.rowOfKey(tag) ?? []);
      // Other spellings are told apart while the text is whole.
      await invalidate('cache.invalidate', withMeetingTags([...tags, ...rows]).map(shortenKey));
    },
    clearVariant: async (variant) => invalidate('cache.clearVariant', [tagOfVariant(variant, variants)]),
    clearViewer: async (viewerId) => invalidate('cache.clearViewer', [tagOfViewer(viewerId)]),
    asCheck: (check) => (options.authorize === undefined ? check() : outsideLoads(check)),
    answersAs: (resolve, around) => {
      parts.plans.sameAs(resolve, around);
      return around;
    },
    apolloPlugin: (plugin = {}) =>
      createApolloPlugin(
        {
          isProduction,
          trace,
          writes,
          plans: parts.plans,
          memo: parts.memo,
          http,
          log: parts.log,
          stats: { timeOperation },
        },
        plugin,
      ),
    isProduction,
    trace,
    http,
    writes,
    stats: {
      fields: () => applied?.fields ?? [],
      counters: () => counters.snapshot(),
      times: () => counters.times(),
      timeOperation,
      relay: () => {
        const log = options.outbox?.lag?.();
        return { ...parts.relayed, blindForMs: parts.relay?.blindForMs() ?? 0, ...(log && { log }) };
      },
      regions: () => parts.others?.figures() ?? NO_REGIONS,
      probes: () => parts.prober?.counters() ?? {},
      shadowChecks: () => services.shadow?.counters() ?? {},
      memo: () => parts.memo?.counters() ?? NO_MEMO,
      recording: () => parts.recorder?.bytes(applied?.fields ?? []),
      report: (asked = {}) => {
        checkReport(asked);
        return parts.reporter.report(asked);
      },
      storeRoundTripMs: () => parts.reporter.roundTripMs,
      storeIsAway: () => isAway(options.store),
    },
    tools: createTools({ parts, declared, requireOpen, store: options.store, applied: () => applied }),
    warm: { ready: () => keepWarm.warmedUp(), isReady: () => keepWarm.isWarm },
  };
  noteMemo(cache, parts.memo);
  return cache;
}

/** What is being opened is closed once it is open, or has failed; what hangs is not waited for longer. */
async function afterStart(started: Promise<void> | undefined, clock: Clock): Promise<void> {
  if (started === undefined) return;
  const ended = started.catch(() => undefined);
  await within(clock, { work: ended, ms: START_ENDS_WITHIN_MS, onLate: () => undefined });
}

function writesOf(
  { services: { acceptedWrites, boundedWrites }, others }: Parts,
  requireOpen: () => void,
): CacheWrites {
  return {
    durability: acceptedWrites.survives,
    consistencyOf: (context) => (boundedWrites.of(context) === undefined ? 'strict' : 'bounded'),
    boundedBy: (context) => boundedWrites.of(context),
    regionLagMs: () => others?.figures().lagMs,
    journal: async () => ({ flushed: acceptedWrites.counters(), size: await acceptedWrites.size() }),
    deadLetters: () => acceptedWrites.deadLetters(),
    replay: async (key) => {
      requireOpen();
      const outcome = await acceptedWrites.replay(key);
      if (outcome === 'replayed') return;
      throw new CacheError(
        'CACHE_DEAD_LETTER',
        outcome === 'unknown'
          ? 'cache.writes.replay: there is no dead letter with this key; cache.writes.deadLetters() lists them'
          : 'cache.writes.replay: a newer write of this key waits already, so the dead letter was removed',
      );
    },
    discard: async (key) => {
      requireOpen();
      if (await acceptedWrites.discard(key)) return;
      throw new CacheError(
        'CACHE_DEAD_LETTER',
        'cache.writes.discard: there is no dead letter with this key; cache.writes.deadLetters() lists them',
      );
    },
  };
}
