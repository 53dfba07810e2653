import type { FieldCounters } from '../metrics/field-counters.js';
import type { Outcome, ResponsePath, Trace } from '../metrics/trace.js';
import type { Outcome as LoadOutcome } from '../stampede/single-loads.js';
import type { Found } from '../tags/entry-field.js';
import type { ReadPolicy } from './read-policy.js';
import type { Loaded, Services } from './services.js';

/** One read of one entry, on its way to an answer. */
export interface Read {
  readonly policy: Pick<ReadPolicy, 'coordinate' | 'pattern' | 'counters' | 'swrMs' | 'staleIfErrorMs'>;
  readonly path: ResponsePath;
  readonly key: string | undefined;
  readonly trace: Trace | undefined;
  /** The place in the list, where the field is a list of entries. */
  readonly element?: number | undefined;
}

/** A load for one reader, and how he came to it. */
export interface LoadedRead extends Loaded {
  readonly outcome: LoadOutcome;
}

/** Loads for a reader who waits, or refreshes what he has been answered with. */
export type LoadFor = (isRefresh: boolean) => Promise<LoadedRead>;

/**
 * Counts a fresh hit of which nobody wants evidence, and says that there was one: the hot path, which allocates
 * nothing. Everything else is for `serve`.
 */
export function isPlainHit<Hit extends { readonly staleForMs: number; readonly loadMs: number }>(
  counters: FieldCounters,
  found: Hit | undefined,
  trace: Trace | undefined,
): found is Hit {
  if (found === undefined || found.staleForMs !== 0 || trace !== undefined) return false;
  counters.hits += 1;
  counters.savedMs += found.loadMs;
  return true;
}

/**
 * Answers a read from what was found, or loads: fresh at once; stale within `swr` at once, with one refresh behind;
 * stale within `staleIfError` when the load fails. Stale is by time only: what was invalidated is not found at all.
 */
export function serve(services: Services, read: Read, found: Found | undefined, load: LoadFor): unknown {
  if (found !== undefined && found.staleForMs === 0) return hit(read, found, 'HIT');
  if (found !== undefined && found.staleForMs <= read.policy.swrMs) {
    services.background.runOnce(
      `refresh ${read.key}`,
      () => load(true),
      (error) => {
        services.log.warn({ coordinate: read.policy.coordinate, error: String(error) }, 'a refresh failed');
      },
    );
    return hit(read, found, 'STALE');
  }
  return loadOrStale(read, found, load);
}

async function loadOrStale(read: Read, found: Found | undefined, load: LoadFor): Promise<unknown> {
  const { counters, staleIfErrorMs } = read.policy;
  try {
    const loaded = await load(false);
    const { outcome, isPending } = loaded;
    if (isPending) counters.pending += 1;
    if (outcome === 'JOINED') counters.joined += 1;
    else if (outcome === 'WAITED') counters.waited += 1;
    else counters.misses += 1;
    if (read.trace !== undefined) {
      const tier = isPending ? 'journal' : 'origin';
      note(read, isPending ? 'PENDING' : outcome, { tier, ageMs: 0, loadMs: loaded.loadMs });
    }
    return loaded.value;
  } catch (error) {
    if (found === undefined || found.staleForMs > staleIfErrorMs) throw error;
    return hit(read, found, 'STALE_ON_ERROR');
  }
}

function hit(read: Read, found: Found, outcome: 'HIT' | 'STALE' | 'STALE_ON_ERROR'): unknown {
  const { counters } = read.policy;
  if (outcome === 'HIT') counters.hits += 1;
  else if (outcome === 'STALE') counters.stale += 1;
  else counters.staleOnError += 1;
  counters.savedMs += found.loadMs;
  if (read.trace !== undefined) {
    const { tier, loadMs, loadedAtMs } = found;
    const ageMs = read.trace.ageOf(loadedAtMs);
    note(read, outcome, { tier, ageMs, loadMs, savedMs: loadMs });
  }
  return found.value;
}

/** Counts and notes a read that goes past the cache. */
export function bypassed(read: Read, reason: string): void {
  read.policy.counters.bypassed += 1;
  if (read.trace !== undefined) note(read, 'BYPASS', { reason });
}

function note(
  { policy, path, key, trace, element }: Read,
  outcome: Outcome,
  evidence: { reason?: string; tier?: string; ageMs?: number; loadMs?: number; savedMs?: number },
): void {
  const { coordinate, pattern } = policy;
  trace?.record(path, { coordinate, pattern, key, outcome, ...evidence }, element);
}
