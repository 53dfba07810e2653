import { textOf } from '../errors.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import { outsideLoads } from '../load-scope.js';
import { propertiesOf } from './guard/watched-object.js';

/** Who waits for a load. */
export interface Caller {
  /** True once the caller is gone: a signal of its has fired. */
  isGone(): boolean;
}

/**
 * Why a failure is its caller's alone. `gone`: a signal of the caller has fired; `maybe-gone`: the error says so and no signal
 * else; `maybe-refused`: a check of the caller may lie within the load; `viewer`: a PUBLIC load looked at the viewer, so
 * that the error may be about that viewer.
 */
type Reason = 'gone' | 'maybe-gone' | 'maybe-refused' | 'viewer';

/**
 * A load that failed because of the caller who began it. The caller gets the cause; those who have joined it lead the load
 * on, as it belongs to none of them, or load by themselves where it was about a viewer.
 */
class AbandonedLoad extends Error {
  /** What its caller wanted; everybody else wants another object. */
  readonly wanted: object;
  readonly reason: Reason;

  constructor(wanted: object, { cause, reason }: { cause: unknown; reason: Reason }) {
    super(textOf(cause), { cause });
    this.name = 'AbandonedLoad';
    this.wanted = wanted;
    this.reason = reason;
  }
}

/** An error that may be its caller's may be the origin's own as well: it is tried again so often, by one at a time. */
const GUESSES = 3;

/** What a failed load is told to those who wait for it: the error itself, unless it failed because of its caller. */
export function failureOf(
  error: unknown,
  of: { caller: Caller; wanted: object; touched: boolean; isChecked?: boolean },
): unknown {
  const { wanted } = of;
  const reason = reasonOf(error, of);
  return reason === undefined ? error : new AbandonedLoad(wanted, { cause: error, reason });
}

function reasonOf(
  error: unknown,
  { caller, touched, isChecked }: { caller: Caller; touched: boolean; isChecked?: boolean },
): Reason | undefined {
  if (touched) return 'viewer';
  if (caller.isGone()) return 'gone';
  if (isAbort(error)) return 'maybe-gone';
  return isChecked === true ? 'maybe-refused' : undefined;
}

/** Makes a load, and once more where the one that was joined was abandoned; `alone` makes it for this caller only. */
export async function leadOn<T>(
  { caller, wanted, alone }: { caller: Caller; wanted: object; alone: () => Promise<T> },
  load: () => Promise<T>,
): Promise<T> {
  let guesses = 0;
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (!(error instanceof AbandonedLoad) || error.wanted === wanted) throw error;
      if (error.reason === 'viewer') return alone();
      if (error.reason !== 'gone') guesses += 1;
      if (guesses > GUESSES || caller.isGone()) throw error;
    }
  }
}

/** True where the load failed since its caller is known to be gone: that says nothing about the origin. */
export function isOfItsCaller(failure: unknown): boolean {
  return failure instanceof AbandonedLoad && failure.reason === 'gone';
}

/** Counts a load that failed. */
export function countFailure(counters: FieldCounters, failure: unknown): void {
  if (isOfItsCaller(failure)) counters.abandonedLoads += 1;
  else counters.failedLoads += 1;
}

/** What the caller is told. */
export function causeOf(error: unknown): unknown {
  return error instanceof AbandonedLoad ? error.cause : error;
}

/** The caller of a request: its context, or the request that the context holds, has a signal where servers have one. */
export function callerOf(context: unknown): Caller {
  // What the engine itself asks is no part of a load.
  return { isGone: () => isObject(context) && outsideLoads(() => holdersOf(context).some(hasFired)) };
}

const HOLDERS = ['request', 'req'];
const SIGNALS = ['signal', 'abortSignal'];

function holdersOf(context: object): object[] {
  const held = HOLDERS.map((name) => valueOf(context, name)).filter(isObject);
  const signals = Array.from(propertiesOf(context).values(), ({ value }): unknown => value).filter(isSignal);
  return [context, ...held, ...signals];
}

function hasFired(holder: object): boolean {
  // A signal itself, or the request of Node whose client has hung up.
  if (valueOf(holder, 'aborted') === true) return true;
  return SIGNALS.some((name) => {
    const signal = valueOf(holder, name);
    return isSignal(signal) && signal.aborted;
  });
}

function valueOf(holder: object, name: string): unknown {
  try {
    return holder instanceof Map ? (holder.get(name) as unknown) : (Reflect.get(holder, name) as unknown);
  } catch {
    // A getter that fails says nothing.
    return undefined;
  }
}

function isSignal(value: unknown): value is AbortSignal {
  return isObject(value) && 'aborted' in value && 'addEventListener' in value;
}

/** How far causes are followed: an error may be its own. */
const MOST_CAUSES = 16;

function isAbort(error: unknown, depth = 0): boolean {
  if (!isObject(error) || depth === MOST_CAUSES) return false;
  return valueOf(error, 'name') === 'AbortError' || isAbort(valueOf(error, 'cause'), depth + 1);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
