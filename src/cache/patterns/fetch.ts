// On hit:               the entry's value.
// On miss:              the given function loads, once per key and generations; what it returns is stored. Of what is written
//                       behind, a pending write answers in its place.
// When the store fails: the function loads, still once per key; nothing is stored.
// What is guaranteed:   the same as for fields: after an acknowledged invalidation, nothing older is returned.

import { channels } from '../diagnostics/channels.js';
import type { ReadMessage } from '../diagnostics/messages.js';
import { fetchPlace } from '../keys/fetch-place.js';
import { shortenKey } from '../keys/shorten-key.js';
import type { VaryValues } from '../keys/variant.js';
import type { LiveCounters } from '../metrics/field-counters.js';
import { partOfLoads } from '../load-scope.js';
import { loadOnce } from '../loads/load-once.js';
import { unlessPending } from '../loads/written-behind.js';
import { tellRead } from './tell-read.js';
import { isHit, serve, type LoadFor } from './serve.js';
import type { Load, Services } from '../loads/services.js';

/** How long what `cache.fetch` loads is kept; all in seconds, as in `@cached`. */
export interface FetchOptions {
  /** Seconds the entry is fresh; > 0 and at most 45 days. */
  readonly ttl: number;
  /** What the entry depends on, known before it is loaded; its own key is always a tag too. */
  readonly tags?: readonly string[];
  /** Seconds a null is kept, at most ttl, whatever `swr` and `staleIfError` are; default max(1, ttl / 10), where ttl is longer. */
  readonly negativeTtl?: number;
  /** Seconds past ttl in which a stale value is served while one flight refreshes it; default 0. */
  readonly swr?: number;
  /** Seconds past ttl in which a stale value is served when the load fails; default 0. */
  readonly staleIfError?: number;
  /** Milliseconds to wait for `load` where a stale value within `staleIfError` could be returned; default: its end. */
  readonly softTimeoutMs?: number;
  /** Seconds a process may answer from its own copy; default 0. */
  readonly local?: number;
  /**
   * Which variant of the entry is meant, by names that createCache declares: `{ tenant: 'acme' }`. Names that are left out do
   * not decide the value; those of `varyTags` must be named, unless the key is written behind. Default: one entry for all.
   */
  readonly vary?: VaryValues;
  /** The caller's: a load that fails after it has fired is led on by one of those who have joined it. */
  readonly signal?: AbortSignal | undefined;
  /** Larger values are returned, counted and not stored; default 102,400. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 102_400;
const FETCH_PATH = Object.freeze({ prev: undefined, key: 'cache.fetch' });

export interface FetchRequest {
  readonly key: string;
  readonly options: FetchOptions;
  readonly counters: LiveCounters;
  readonly coordinate: string;
  /** Whether the journal may have a later value of the key than the database. */
  readonly isWrittenBehind: boolean;
  /** Told of the key and the tags by which the entry can be invalidated. */
  readonly onTags: (tags: readonly string[]) => void;
  readonly told?: ReadMessage;
}

/** As `readOrLoad`, told to the subscribers of reads. */
export function fetchEntry(services: Services, request: FetchRequest, load: () => unknown): Promise<unknown> {
  if (!channels.read.hasSubscribers) return readOrLoad(services, request, load);
  const { coordinate } = request;
  return tellRead({ coordinate, pattern: 'CACHE_ASIDE' }, (told) =>
    readOrLoad(services, { ...request, told }, load),
  );
}

/** Caching outside of GraphQL: reads `key`, or loads and stores it. `checkFetch` has checked what is asked. */
async function readOrLoad(services: Services, request: FetchRequest, load: () => unknown): Promise<unknown> {
  const { key, options, counters, coordinate, isWrittenBehind, told } = request;
  const swrMs = (options.swr ?? 0) * 1000;
  const staleIfErrorMs = (options.staleIfError ?? 0) * 1000;
  const policy = {
    coordinate,
    shownKey: (shown: string) => shown,
    pattern: 'CACHE_ASIDE' as const,
    counters,
    swrMs,
    staleIfErrorMs,
    softTimeoutMs: options.softTimeoutMs ?? services.softTimeoutMs,
    lifetime: {
      ttlMs: options.ttl * 1000,
      negativeTtlMs: (options.negativeTtl ?? Math.min(options.ttl, Math.max(1, options.ttl / 10))) * 1000,
      staleMs: Math.max(swrMs, staleIfErrorMs),
      localMs: (options.local ?? 0) * 1000,
      maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    },
  };
  const { tags = [] } = options;
  const vary = isWrittenBehind ? ofNoTenant(services.variants) : options.vary;
  const variant =
    vary === undefined || Object.keys(vary).length === 0 ? undefined : services.variants.given(vary);
  const place = fetchPlace({ key, tags, variant }, services.variants.looksVaried);
  request.onTags([key, ...tags].map(shortenKey));
  // What is loaded within a load is no more for everybody than that load itself, and than what it reads.
  const part = partOfLoads(isWrittenBehind ? [] : Object.keys(vary ?? {}));
  const begin = (): Load => {
    const one = { run: () => part.run(load), touched: part.touched };
    return isWrittenBehind ? unlessPending(services, shortenKey(key), one) : one;
  };
  const caller = { isGone: () => options.signal?.aborted === true };
  const once: LoadFor = (refreshing) =>
    loadOnce(services, {
      ...{ field: policy, place, trace: undefined, isPart: true, caller, begin },
      ...refreshing,
    });
  const timed = counters.times.beginCall();
  const found = await services.entries.findOne(policy, place);
  if (isHit(found)) timed?.end();
  return serve(services, { policy, path: FETCH_PATH, key: place.key, trace: undefined, told }, found, once);
}

/** What is written behind is one for all: it varies by nothing, and where rows belong to tenants, it belongs to none. */
function ofNoTenant({ rowNames }: Services['variants']): VaryValues {
  return Object.fromEntries(Array.from(rowNames, (name) => [name, undefined]));
}
