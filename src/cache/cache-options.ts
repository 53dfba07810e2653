import type { Clock } from './time/clock.js';
import type { ValueType } from './codec/value-type.js';
import type { VaryValue, VaryValues } from './keys/variant.js';
import type { Journal } from './journal/journal.js';
import type { CacheLog } from './log.js';
import type { LoadBounds } from './stampede/load-bounds.js';
import type { WarmVariants } from './policy/warm-variants.js';
import type { Origin } from './loads/origin.js';
import type { HttpOptions } from './http/http-options.js';
import type { MemoOptions } from './memo/memo-options.js';
import type { Outbox } from './outbox/outbox.js';
import type { RelayingOptions } from './outbox/relay-options.js';
import type { ProbeOptions } from './prober/probe-options.js';
import type { RecordOptions } from './record/record-options.js';
import type { ShadowOptions } from './loads/shadow/shadow-options.js';
import type { ViewerId } from './vary/viewer-id.js';
import type { PrefetchBounds } from './warm/warm-bounds.js';
import type { SwitchedOff } from './policy/switch-off.js';
import type { Bounds } from './store/bounded-map.js';
import type { Store } from './store/store.js';

/** Argument sets, such as `[{ decade: 1990 }, {}]`. */
export type WarmSetsGiven = readonly Readonly<Record<string, unknown>>[];

/** What `createCache` is told. */
export interface CacheOptions<Context> {
  /** Where entries rest. The cache closes it. */
  readonly store: Store;
  /**
   * Who is asking; needed by PRIVATE fields and by `{viewer.id}`. Should read one property of the context, and answer at
   * once. A guest: undefined, null, "" or NaN.
   */
  readonly viewer?: (context: Context) => ViewerId | bigint | null;
  /**
   * What decides values besides arguments and parents, such as `tenant: (context) => context.tenantId`; fields name it in
   * `@cached(vary: ["tenant"])` and have one entry for each value. Each function is called once for the keys of a context. Texts of
   * at most 256 characters, numbers, true, false and null; undefined is a value of its own. See docs/vary.md. Default: nothing.
   */
  readonly vary?: Readonly<Record<string, (context: Context) => VaryValue | undefined>>;
  /** Names of `vary` by which every @cached field varies that does not say `sameFor`. Default: none. */
  readonly varyAll?: readonly string[];
  /**
   * Names of `vary` whose values have rows of their own, as tenants with a database each: a mutation then invalidates the
   * rows of its own value only. Default: none, and a row is the same for all.
   */
  readonly varyTags?: readonly string[];
  /**
   * What of the context is the same for every reader, such as `['prisma', 'loaders', 'log']`. Once it is given, loads of
   * PUBLIC fields may read nothing else in development and test: a name that is not declared is an error that says how to
   * declare it. Without it such names are told once, as a warning. Default: not given.
   */
  readonly neutral?: readonly PropertyKey[];
  /**
   * Asked each time before a cached value is handed out, for every field with `@cached` (not for `cache.fetch`): hits, stale
   * values, joined loads and what was read ahead come after a `true`. After a `false` the field's own resolver runs for
   * this reader alone, past the cache, and answers as without a cache; a READ_THROUGH field without a resolver is an error
   * (CACHE_FORBIDDEN). For fields whose check lies inside the resolver, where a hit skips it: see docs/checks.md. A value
   * is answered at once; a promise is waited for by every read. Throwing, or any other answer, is an error of the field
   * (CACHE_AUTHORIZE). Default: nothing is asked, which costs nothing.
   */
  readonly authorize?: (
    coordinate: string,
    parent: unknown,
    args: Readonly<Record<string, unknown>>,
    context: Context,
  ) => boolean | Promise<boolean>;
  /** Origins by namespace: `Movie` loads the keys `Movie:{…}`. */
  readonly origins?: Readonly<Record<string, Origin<Context>>>;
  /** Namespaces of keys and tags that only `cache.fetch` uses, such as `Session`; `@invalidates` may name them. */
  readonly fetches?: readonly string[];
  /** Kinds of values that should come back as what they were, such as Decimal. */
  readonly types?: readonly ValueType[];
  /**
   * Keeps copies of what all viewers share in this process, and proves them unchanged, once for each request, before they
   * answer: the promise of the store at the speed of a local copy. Needs a shared store. Default false.
   */
  readonly strictCopies?: boolean;
  /**
   * Keeps answers of whole operations in this process, and gives them without executing the operation, as long as every entry
   * that they were made of is fresh and was not invalidated: the promise of the entries, without the work. Only queries of PUBLIC
   * cached fields and of what GraphQL reads of their values by itself; never with `authorize`. `true` for the defaults, or the bytes
   * that all answers take at most. The plugin of the server must know of it: `cache.apolloPlugin()`. Default false. See docs/memo.md.
   */
  readonly memo?: boolean | MemoOptions;
  /**
   * What answers tell caches of whole answers over HTTP: `Cache-Control`, `ETag` with 304 for GET, and tags; and which requests
   * have fresh values loaded. `true` for the defaults, by which every cache asks each time. The plugin of the server writes it; that of
   * Apollo Server for cache control must be off. Default false: nothing is written. See docs/http-caching.md.
   */
  readonly http?: boolean | HttpOptions<Context>;
  /**
   * Bounds of what this process keeps in front of the store: half of the bytes for copies of fields with `local` and half for
   * decoded values; with `strictCopies` half for those, and a quarter each for the others. A memory store has its own place for
   * decoded values. Default 10,000 entries of each kind, 64 MiB of memory, s3-fifo. See docs/memory.md.
   */
  readonly localCopies?: Partial<Bounds>;
  /**
   * In `production` a PUBLIC load that touches the viewer is answered and not stored; otherwise it throws. Default:
   * NODE_ENV, and development without it.
   */
  readonly environment?: 'development' | 'test' | 'production';
  /** Default: Node's process warnings. Pino fits as it is. */
  readonly log?: CacheLog;
  readonly clock?: Clock;
  /** How loads of one entry are kept to one over all processes, and bounded while the store is away. */
  readonly loads?: Partial<LoadBounds>;
  /**
   * What becomes of a mutation with a cache directive while the store cannot be reached. `degrade`, the default: it
   * commits, and its answer says that older data may still be served for a while. `fail`: it is refused before it runs.
   */
  readonly onStoreLoss?: 'fail' | 'degrade';
  /**
   * The kill switch: `all`, or the coordinates of fields (`Query.movie`) that go past the cache. `all` stands for
   * `fetch` as well. Invalidations stay on. Default: nothing.
   */
  readonly disabled?: SwitchedOff;
  /**
   * Where accepted writes of WRITE_BEHIND rest until the database has them. Default: the memory of this process, for a
   * store in memory; a shared store needs one that is shared too. The cache closes it.
   */
  readonly journal?: Journal;
  /**
   * Rows that triggers of the database write in the transaction of each write, whichever program makes it: `start()` opens it, and
   * from then on mutations are acknowledged after what they wrote there is applied. Default: none, and only mutations with a
   * cache directive, `invalidate` and `fetch` are known. The cache closes it.
   */
  readonly outbox?: Outbox;
  /**
   * Names the place where this process runs, such as `eu-west`, the same for all that share its store: other stores of the outbox are those
   * of other regions then. The stores of two regions may have the same address, such as `redis:6379`, but not the same name. At most 64
   * letters, digits and _ . -. Default: none, and other stores are neither told nor waited for, unless `acknowledge` is given.
   */
  readonly region?: string;
  /**
   * When a mutation is answered where other regions read the same outbox. `region`, the default: once the store of this process
   * has applied it, and the answer tells how far the others lag. `all`: once every store has, or after
   * `acknowledgeWithinMs`; then the answer says that it is bounded. A store that no process was seen of, or that was behind, for 15 seconds is not waited for.
   */
  readonly acknowledge?: 'region' | 'all';
  /** With `acknowledge: 'all'`: milliseconds for which a mutation waits for the other stores. Default: 1,000. */
  readonly acknowledgeWithinMs?: number;
  /** What becomes of reads while this process cannot look into its outbox. */
  readonly relay?: Partial<RelayingOptions>;
  /**
   * Follows some of the writes: reads what was written back through the cache, and compares it with what its origin says; what
   * does not agree is counted (`stats.probes()`) and logged. Default: no write is followed; `{}` follows one a second.
   */
  readonly probe?: ProbeOptions | undefined;
  /**
   * PREFETCH: the argument sets that are kept warm, by coordinate, as a client would write them. Called anew from time to
   * time; may ask the database. A list that throws, or names what the field does not take, is logged and does no harm.
   */
  readonly warm?: Readonly<Record<string, (context: Context) => WarmSetsGiven | Promise<WarmSetsGiven>>>;
  /**
   * Makes the context of work that no request asked for: loads of PREFETCH, flushes of accepted writes, and the prober. It has
   * no viewer; it has these values, where what is loaded varies, and otherwise none. Called after `start()`. Default: an empty object.
   */
  readonly backgroundContext?: (variant: VaryValues) => Context | Promise<Context>;
  /**
   * PREFETCH: the variants in which fields that vary are kept warm, such as `[{ locale: 'de' }, { locale: 'fr' }]`, or a function
   * that names them and is called anew from time to time. Each names all by which such a field varies. Needed where one does.
   */
  readonly warmVariants?: WarmVariants;
  /** How much is kept warm, and how fast; `false` leaves it to other processes. */
  readonly prefetch?: Partial<PrefetchBounds> | false;
  /**
   * Shadow checks: a share of the fresh hits of fields is loaded anew in the background, with the context of the reader who
   * had the hit, and compared. What differs and no write explains is counted and logged, see docs/shadow-checking.md.
   * Each check is one load more, or two. Default: no hit is checked, in any environment.
   */
  readonly shadow?: ShadowOptions | undefined;
  /**
   * Records what readers ask of cached fields, what is stored and what is invalidated, in the memory of this process, for `corral
   * simulate`: see docs/simulation.md. No key, tag or value is in it. Default: nothing is recorded; `{}` records up to 16 MiB.
   */
  readonly record?: RecordOptions | undefined;
  /** Spreads expiries, and draws the hits of shadow checks; default Math.random. */
  readonly random?: () => number;
}
