import { hasCome, type Clock } from './clock.js';

/** Work that takes long, and how long it may take. */
export interface Bounded<T, Late> {
  readonly work: Promise<T>;
  /** Milliseconds, from now on, after which it is waited for no longer. */
  readonly ms: number;
  /** What is answered then, or thrown: what the work brings later is dropped, also where that is an error. */
  readonly onLate: () => Late | PromiseLike<Late>;
}

/** What the work brings, or what `onLate` answers where it takes too long. No timer is left behind. */
export function within<T, Late>(
  clock: Pick<Clock, 'nowMs' | 'after'>,
  { work, ms, onLate }: Bounded<T, Late>,
): Promise<T | Late> {
  return new Promise((resolve, reject) => {
    const untilMs = clock.nowMs() + ms;
    const look = (): void => {
      const nowMs = clock.nowMs();
      // A timer may end early: where it cannot be set for so long, or the time is a test's.
      if (!hasCome(untilMs, nowMs, ms)) callOff = clock.after(Math.max(untilMs - nowMs, 1), look);
      else
        try {
          resolve(onLate());
        } catch (error) {
          reject(error);
        }
    };
    let callOff = clock.after(ms, look);
    void work.then(resolve, reject).finally(() => callOff());
  });
}

/** The same for what code of the application brings, as long as loads may take. @throws Error naming what has taken too long */
export function withinDeadline<T>(
  clock: Pick<Clock, 'nowMs' | 'after'>,
  {
    work,
    what,
    deadlineMs,
  }: { readonly work: Promise<T>; readonly what: string; readonly deadlineMs: number },
): Promise<T> {
  const onLate = (): never => {
    throw new Error(`${what} took longer than loads.deadlineMs, which is ${deadlineMs}`);
  };
  return within(clock, { work, ms: deadlineMs, onLate });
}
