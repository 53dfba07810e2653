import { propertiesOf } from './watched-object.js';

/** Who waits for a load. */
export interface Caller {
  /** True once the caller is gone: a signal of its has fired. */
  isGone(): boolean;
}

/**
 * A load that failed since the caller who began it is gone. The caller gets the cause; those who have joined it lead the
 * load on, as it belongs to none of them.
 */
export class AbandonedLoad extends Error {
  /** What its caller wanted; everybody else wants another object. */
  readonly wanted: object;
  /** True where the caller is known to be gone, and not only guessed from the error. */
  readonly isKnown: boolean;

  constructor(wanted: object, { cause, isKnown }: { cause: unknown; isKnown: boolean }) {
    super(String(cause), { cause });
    this.name = 'AbandonedLoad';
    this.wanted = wanted;
    this.isKnown = isKnown;
  }
}

/** An abort that nobody owns up to may be the origin's own: it is tried again so often, by one at a time. */
const GUESSES = 3;

/** What a failed load is told to those who wait for it: the error itself, unless it failed because of its caller. */
export function failureOf(error: unknown, caller: Caller, wanted: object): unknown {
  const isKnown = caller.isGone();
  return isKnown || isAbort(error) ? new AbandonedLoad(wanted, { cause: error, isKnown }) : error;
}

/** Makes a load, and once more where the one that was joined was abandoned. */
export async function leadOn<T>(caller: Caller, wanted: object, load: () => Promise<T>): Promise<T> {
  for (let guesses = 0; ;) {
    try {
      return await load();
    } catch (error) {
      if (!(error instanceof AbandonedLoad)) throw error;
      if (!error.isKnown) guesses += 1;
      if (error.wanted === wanted || guesses > GUESSES || caller.isGone()) throw error;
    }
  }
}

/** What the caller is told. */
export function causeOf(error: unknown): unknown {
  return error instanceof AbandonedLoad ? error.cause : error;
}

/** The caller of a request: its context, or the request that the context holds, has a signal where servers have one. */
export function callerOf(context: unknown): Caller {
  return { isGone: () => isObject(context) && holdersOf(context).some(hasFired) };
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
  if (Reflect.get(holder, 'aborted') === true) return true;
  return SIGNALS.some((name) => {
    const signal = valueOf(holder, name);
    return isSignal(signal) && signal.aborted;
  });
}

function valueOf(holder: object, name: string): unknown {
  try {
    return holder instanceof Map ? (holder.get(name) as unknown) : (Reflect.get(holder, name) as unknown);
  } catch {
    // A getter that fails knows of no signal.
    return undefined;
  }
}

function isSignal(value: unknown): value is AbortSignal {
  return isObject(value) && 'aborted' in value && 'addEventListener' in value;
}

function isAbort(error: unknown): boolean {
  if (!isObject(error)) return false;
  return Reflect.get(error, 'name') === 'AbortError' || isAbort(Reflect.get(error, 'cause'));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
