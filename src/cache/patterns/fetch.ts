// On hit:               the entry's value.
// On miss:              the given function loads, once per key and generations; what it returns is stored.
// When the store fails: the function loads, still once per key; nothing is stored.
// What is guaranteed:   the same as for fields: after an acknowledged invalidation, nothing older is returned.

import { MAX_TAGS, MAX_TTL_SECONDS } from '../codec/entry.js';
import { shortenKey } from '../keys/shorten-key.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { loadOnce } from './load-once.js';
import { serve, type LoadFor } from './serve.js';
import type { Services } from './services.js';

/** How long what `cache.fetch` loads is kept; all in seconds, as in `@cached`. */
export interface FetchOptions {
  /** Seconds the entry is fresh; > 0 and at most 45 days. */
  readonly ttl: number;
  /** What the entry depends on, known before it is loaded; its own key is always a tag too. */
  readonly tags?: readonly string[];
  /** Seconds a null is kept; default max(1, ttl / 10). */
  readonly negativeTtl?: number;
  /** Seconds past ttl in which a stale value is served while one flight refreshes it; default 0. */
  readonly swr?: number;
  /** Seconds past ttl in which a stale value is served when the load fails; default 0. */
  readonly staleIfError?: number;
  /** Milliseconds to wait for `load` where a stale value within `staleIfError` could be returned; default: its end. */
  readonly softTimeoutMs?: number;
  /** Seconds a process may answer from its own copy; default 0. */
  readonly local?: number;
  /** The caller's: a load that fails after it has fired is led on by one of those who have joined it. */
  readonly signal?: AbortSignal | undefined;
  /** Larger values are returned, counted and not stored; default 102,400. */
  readonly maxBytes?: number;
}

const fetchOptions = {
  ttl: true,
  tags: true,
  negativeTtl: true,
  swr: true,
  staleIfError: true,
  softTimeoutMs: true,
  local: true,
  maxBytes: true,
  signal: true,
} satisfies Record<keyof FetchOptions, true>;

const DEFAULT_MAX_BYTES = 102_400;
const FETCH_PATH = Object.freeze({ prev: undefined, key: 'cache.fetch' });

/** Caching outside of GraphQL: reads `key`, or loads and stores it. @throws CacheError for options that cannot be. */
export async function fetchEntry(
  services: Services,
  request: { key: string; options: FetchOptions; counters: FieldCounters; coordinate: string },
  load: () => unknown,
): Promise<unknown> {
  const { key, options, counters, coordinate } = request;
  checkFetch(key, options);
  const swrMs = (options.swr ?? 0) * 1000;
  const staleIfErrorMs = (options.staleIfError ?? 0) * 1000;
  const policy = {
    coordinate,
    pattern: 'CACHE_ASIDE' as const,
    counters,
    swrMs,
    staleIfErrorMs,
    softTimeoutMs: options.softTimeoutMs ?? services.softTimeoutMs,
    lifetime: {
      ttlMs: options.ttl * 1000,
      negativeTtlMs: (options.negativeTtl ?? Math.max(1, options.ttl / 10)) * 1000,
      staleMs: Math.max(swrMs, staleIfErrorMs),
      localMs: (options.local ?? 0) * 1000,
      maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    },
  };
  const place = { key: shortenKey(key), tags: (options.tags ?? []).map(shortenKey) };
  const begin = () => ({ run: load, touched: () => false });
  const caller = { isGone: () => options.signal?.aborted === true };
  const once: LoadFor = (refreshes) =>
    loadOnce(services, { field: policy, place, trace: undefined, refreshes, isPart: true, caller, begin });
  const found = await services.entries.findOne(policy, place);
  return serve(services, { policy, path: FETCH_PATH, key: place.key, trace: undefined }, found, once);
}

function checkFetch(key: string, options: FetchOptions): void {
  const faults = unknownOptions(options, fetchOptions);
  if (key === '') faults.push('the key must not be empty');
  if (!key.isWellFormed()) faults.push('the key must be well-formed text, without lone surrogates');
  const tags = options.tags?.length ?? 0;
  if (tags > MAX_TAGS) faults.push(`there must be at most ${MAX_TAGS} tags, but got ${tags}`);
  if (!(options.ttl > 0)) faults.push(`ttl must be a positive number of seconds, but got ${options.ttl}`);
  for (const name of ['ttl', 'swr', 'staleIfError'] as const) {
    const seconds = options[name] ?? 0;
    if (seconds > MAX_TTL_SECONDS) faults.push(`${name} must be at most 45 days, but got ${seconds} seconds`);
  }
  for (const name of ['negativeTtl', 'swr', 'staleIfError', 'local', 'maxBytes'] as const) {
    const value = options[name];
    if (value !== undefined && !(value >= 0)) faults.push(`${name} must not be negative, but got ${value}`);
  }
  const { softTimeoutMs } = options;
  if (softTimeoutMs !== undefined && !(softTimeoutMs > 0))
    faults.push(`softTimeoutMs must be a positive number of milliseconds, but got ${softTimeoutMs}`);
  if ((options.local ?? 0) > options.ttl) faults.push('local must not be longer than ttl');
  refuseFaults('cache.fetch', faults, 'CACHE_FETCH_OPTIONS');
}
