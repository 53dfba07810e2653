import { textOf } from '../errors.js';
import type { EntryMessage, ReadMessage } from '../diagnostics/messages.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { Outcome, ResponsePath, Trace, TraceRecord } from '../metrics/trace.js';
import { valueOf, type Found } from '../coherence/entry-field.js';
import { causeOf, isOfItsCaller } from '../loads/abandoned-load.js';
import type { FieldCall } from '../loads/field-call.js';
import { hasReplaced } from '../loads/store-result.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import type { LoadedRead, Services } from '../loads/services.js';
import { elapsedMs } from '../time/clock.js';
import { within } from '../time/within.js';

/** One read of one entry, on its way to an answer. */
export interface Read {
  readonly policy: Pick<
    ReadPolicy,
    'coordinate' | 'pattern' | 'counters' | 'swrMs' | 'staleIfErrorMs' | 'softTimeoutMs' | 'shownKey'
  > &
    Partial<Pick<ReadPolicy, 'scope'>>;
  readonly path: ResponsePath;
  readonly key: string | undefined;
  /** What the entry is a variant of. */
  readonly row?: string | undefined;
  readonly trace: Trace | undefined;
  /** Where it is noted for those who are told of reads. */
  readonly told?: ReadMessage | undefined;
  /** The place in the list, where the field is a list of entries. */
  readonly element?: number | undefined;
  /** Told what the load of the answer said to caches of whole answers. */
  readonly onHint?: FieldCall['onHint'];
}

/** What becomes of the entry that there is: it is refreshed behind a reader, or for one who takes nothing from before `sinceMs`. */
interface Refreshing {
  readonly refreshes?: Found;
  readonly sinceMs?: number;
}

/** Loads for a reader who waits, or refreshes what there is. */
export type LoadFor = (refreshing?: Refreshing) => Promise<LoadedRead>;

/**
 * Counts a fresh hit of which neither a note nor a hint is wanted, and says that there was one: the hot path, which allocates nothing
 * but the reader's own value. Everything else is for `serve`.
 */
export function isPlainHit(
  counters: FieldCounters,
  found: Found | undefined,
  notes: Trace | ReadMessage | undefined,
  onHint?: FieldCall['onHint'],
): found is Found {
  if (!isHit(found) || found.isDue || notes !== undefined) return false;
  if (found.hint !== undefined && onHint !== undefined) return false;
  counters.hits += 1;
  counters.savedMs += found.loadMs;
  return true;
}

/** The same for all elements of a list. */
export function arePlainHits(
  counters: FieldCounters,
  all: readonly (Found | undefined)[],
  notes: Trace | ReadMessage | undefined,
): all is readonly Found[] {
  if (notes !== undefined) return false;
  let savedMs = 0;
  for (const found of all) {
    if (!isHit(found) || found.isDue) return false;
    savedMs += found.loadMs;
  }
  counters.hits += all.length;
  counters.savedMs += savedMs;
  return true;
}

/** Whether `serve` answers with it as a HIT. */
export function isHit(found: Found | undefined): found is Found {
  return found?.staleForMs === 0;
}

/**
 * Answers a read from what was found, or loads: fresh at once, and refreshed behind where its end is near; stale within
 * `swr` at once, with one refresh behind; stale within `staleIfError` when the load fails or takes too long. Stale is by
 * time only: what was invalidated is not found at all, and what may have been without this process knowing is loaded first.
 * A request that wants fresh values gets what was loaded since it began.
 */
export function serve(services: Services, read: Read, found: Found | undefined, load: LoadFor): unknown {
  const sinceMs = read.trace?.freshSinceMs;
  if (sinceMs !== undefined && found !== undefined && found.loadedAtMs < sinceMs)
    return refreshed(services, read, load({ refreshes: found, sinceMs }));
  if (found === undefined || found.isUnsure === true || found.staleForMs > read.policy.swrMs)
    return loadOrStale(services, read, { found, load });
  if (found.isDue || found.staleForMs > 0) refresh(services, read, () => load({ refreshes: found }));
  return hit(services, read, found, found.staleForMs === 0 ? 'HIT' : 'STALE');
}

function refresh(
  { background, backOff, troubles }: Services,
  read: Read,
  load: () => Promise<LoadedRead>,
): void {
  const { key = '' } = read;
  if (backOff.isOn(key)) return;
  const loadAgain = async (): Promise<void> => {
    // What stays stale would be refreshed again by each read.
    if (await hasReplaced(await load())) backOff.succeeded(key);
    else backOff.failed(key);
  };
  background.runOnce(`refresh ${key}`, loadAgain, (error) => {
    // Its caller has got an answer and is gone; the next reader refreshes.
    if (isOfItsCaller(error)) return;
    backOff.failed(key);
    const { coordinate } = read.policy;
    troubles({
      level: 'warn',
      message: 'a refresh failed',
      details: { coordinate, error: textOf(causeOf(error)) },
    });
  });
}

/**
 * Answers with a fresh value once everybody gets it: it is stored, and copies of the one before are dropped. Where the load
 * fails the reader is told so, and the entry stays as it was for the others.
 */
async function refreshed(services: Services, read: Read, loading: Promise<LoadedRead>): Promise<unknown> {
  const result = await unlessAbandoned(loading);
  const { key, row = key } = read;
  await result.filled;
  if (row !== undefined) await services.entries.dropCopies(row);
  return loaded(read, { ...result, outcome: 'REFRESHED' });
}

async function loadOrStale(
  services: Services,
  read: Read,
  { found, load }: { found: Found | undefined; load: LoadFor },
): Promise<unknown> {
  const { staleIfErrorMs } = read.policy;
  const usable = found !== undefined && found.staleForMs <= staleIfErrorMs ? found : undefined;
  if (usable === undefined) return loaded(read, await unlessAbandoned(load()));
  const { backOff } = services;
  const { key = '' } = read;
  if (backOff.isOn(key)) return hit(services, read, usable, 'STALE_ON_ERROR');
  const loading = load().then(
    (value) => {
      backOff.succeeded(key);
      return value;
    },
    (error: unknown) => {
      if (!isOfItsCaller(error)) backOff.failed(key);
      throw error;
    },
  );
  try {
    const inTime = await withinSoftTimeout(services, read, loading);
    return inTime === undefined ? hit(services, read, usable, 'STALE') : loaded(read, inTime);
  } catch {
    // It has been counted where it failed, and this reader has an answer.
    return hit(services, read, usable, 'STALE_ON_ERROR');
  }
}

/** The caller of an abandoned load is told why it failed. */
function unlessAbandoned(loading: Promise<LoadedRead>): Promise<LoadedRead> {
  return loading.catch((error: unknown) => {
    throw causeOf(error);
  });
}

/** What was loaded; undefined where that takes longer than readers shall wait who could have a stale value. */
async function withinSoftTimeout(
  { clock, troubles }: Services,
  { policy: { coordinate, counters, softTimeoutMs } }: Read,
  loading: Promise<LoadedRead>,
): Promise<LoadedRead | undefined> {
  if (softTimeoutMs === undefined) return loading;
  const inTime = await within(clock, { work: loading, ms: softTimeoutMs, onLate: () => undefined });
  if (inTime !== undefined) return inTime;
  counters.slowLoads += 1;
  // It goes on, and what it brings is stored; the next reader who is told of its failure is the one who begins it anew.
  loading.catch((error: unknown) =>
    troubles({ level: 'warn', message: 'a slow load failed', details: { coordinate, error: textOf(error) } }),
  );
  return undefined;
}

type Brought = Omit<LoadedRead, 'outcome'> & { readonly outcome: LoadedRead['outcome'] | 'REFRESHED' };

function loaded(read: Read, { outcome, isPending, loadMs, message, ...result }: Brought): unknown {
  const { counters } = read.policy;
  if (result.hint !== undefined) read.onHint?.(result.hint, result.ageMs ?? 0);
  if (isPending) counters.pending += 1;
  if (outcome === 'JOINED') counters.joined += 1;
  else if (outcome === 'WAITED') counters.waited += 1;
  else if (outcome === 'REFRESHED') counters.refreshed += 1;
  else counters.misses += 1;
  if (isNoted(read)) {
    read.trace?.reads?.noteLoad(result);
    const tier = isPending ? 'journal' : 'origin';
    note(read, isPending ? 'PENDING' : outcome, { tier, ageMs: 0, loadMs, load: message });
  }
  return valueOf(result);
}

function hit(
  { clock }: Services,
  read: Read,
  found: Found,
  outcome: 'HIT' | 'STALE' | 'STALE_ON_ERROR',
): unknown {
  if (found.hint !== undefined) read.onHint?.(found.hint, elapsedMs(clock, found.loadedAtMs));
  const { counters } = read.policy;
  if (outcome === 'HIT') counters.hits += 1;
  else if (outcome === 'STALE') counters.stale += 1;
  else counters.staleOnError += 1;
  counters.savedMs += found.loadMs;
  if (isNoted(read)) {
    const { tier, loadMs, loadedAtMs } = found;
    const ageMs = elapsedMs(clock, loadedAtMs);
    note(read, outcome, { tier, ageMs, loadMs, savedMs: loadMs });
  }
  return valueOf(found);
}

/** Counts and notes a read that goes past the cache. */
export function bypassed(read: Read, reason: string): void {
  read.policy.counters.bypassed += 1;
  if (isNoted(read)) note(read, 'BYPASS', { reason });
}

/** Answers what has no entry and no id: what was read already says that it is null. */
export function nullWithout(read: Read, reason: string): null {
  const { policy, path, trace, told, element } = read;
  policy.counters.bypassed += 1;
  told?.entries.push({ outcome: 'BYPASS', reason });
  const { coordinate, pattern } = policy;
  trace?.recordNull(path, { coordinate, pattern, key: undefined, outcome: 'BYPASS', reason }, element);
  return null;
}

interface Evidence extends Pick<TraceRecord, 'reason' | 'tier' | 'ageMs' | 'loadMs' | 'savedMs'> {
  readonly load?: EntryMessage['load'];
}

function isNoted({ trace, told }: Read): boolean {
  return trace !== undefined || told !== undefined;
}

function note(
  { policy, path, key, trace, told, element }: Read,
  outcome: Outcome,
  { load, ...evidence }: Evidence,
): void {
  const { coordinate, pattern, scope } = policy;
  const shown = key === undefined ? undefined : policy.shownKey(key);
  if (told !== undefined) {
    const { reason, tier, ageMs, loadMs } = evidence;
    told.entries.push({
      outcome,
      key: scope === 'PUBLIC' ? shown : undefined,
      reason,
      tier,
      ageMs,
      loadMs,
      load,
    });
  }
  trace?.record(path, { coordinate, pattern, key: shown, outcome, ...evidence }, element);
}
