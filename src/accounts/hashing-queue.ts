import { requestAbandoned, signInBusy } from '../api-errors/api-error.js';

/** Bounds how many passwords are hashed at once, and how long a request waits for its turn. */
export interface HashingQueue {
  /**
   * Runs the work when its turn comes, and not at all once the signal has fired.
   * @throws GraphQLError SIGN_IN_BUSY where the wait is too long, REQUEST_ABANDONED where the client is gone.
   */
  run<T>(work: () => Promise<T>, client: AbortSignal): Promise<T>;
  /** How many requests wait for their turn. */
  waiting(): number;
  /** How many requests were refused since the process began, as the wait was too long. */
  refused(): number;
}

export interface HashingQueueOptions {
  /** How many run at the same time. */
  readonly atOnce: number;
  /** No request waits longer than this for its turn. Milliseconds. */
  readonly maxWaitMs: number;
  /** For tests; by default the clock of the process. */
  readonly nowMs?: () => number;
}

/** What a hash is taken to need before one was measured. */
const FIRST_GUESS_MS = 50;
/** Bounds the queue also where hashing seems to need no time. */
const LEAST_MS = 5;
/** The share of the newest measurement in what a hash usually needs. */
const SHARE_OF_NEWEST = 0.2;
/** A queue that is longer is served from its end. */
const LONG_MS = 200;

interface Waiting {
  readonly sinceMs: number;
  start(): void;
  refuse(error: Error): void;
}

/**
 * A short queue is served in order of arrival. A long one is an attack or an outage, and is served newest first: a request
 * that comes now is answered soon, and those that have waited longest, whose clients are the likeliest to have given up,
 * are refused. The queue is bounded by time, as that is what a client notices: the slower the machine, the shorter.
 */
export function createHashingQueue(options: HashingQueueOptions): HashingQueue {
  const { atOnce, maxWaitMs, nowMs = () => performance.now() } = options;
  const waiting: Waiting[] = [];
  let running = 0;
  let refusals = 0;
  let usualMs = FIRST_GUESS_MS;
  const waitOf = (length: number): number => (usualMs * length) / atOnce;

  /** Refuses the oldest for as long as the queue is too long, or they have waited for too long. */
  function shorten(): void {
    for (const oldest of [...waiting]) {
      const isTooLong = waitOf(waiting.length) > maxWaitMs && waiting.length > 1;
      if (!isTooLong && nowMs() - oldest.sinceMs <= maxWaitMs) return;
      refuseAsBusy(oldest);
    }
  }

  function refuseAsBusy(entry: Waiting): void {
    refusals += 1;
    entry.refuse(signInBusy(Math.ceil(waitOf(waiting.length))));
  }

  async function runNow<T>(work: () => Promise<T>): Promise<T> {
    running += 1;
    const startedAtMs = nowMs();
    try {
      const result = await work();
      // Work that fails has hashed nothing, and says nothing about how long a hash takes.
      usualMs = Math.max(LEAST_MS, usualMs + (nowMs() - startedAtMs - usualMs) * SHARE_OF_NEWEST);
      return result;
    } finally {
      running -= 1;
      shorten();
      const next = waitOf(waiting.length) > LONG_MS ? waiting.at(-1) : waiting[0];
      next?.start();
    }
  }

  function waitFor<T>(work: () => Promise<T>, client: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        client.removeEventListener('abort', onGone);
        const index = waiting.indexOf(entry);
        if (index >= 0) waiting.splice(index, 1);
      };
      const refuse = (error: Error): void => {
        leave();
        reject(error);
      };
      const onGone = (): void => refuse(requestAbandoned());
      const start = (): void => {
        leave();
        resolve(runNow(work));
      };
      const entry: Waiting = { sinceMs: nowMs(), start, refuse };
      // Hashes that hang end nothing, and so would shorten nothing.
      const timer = setTimeout(() => refuseAsBusy(entry), maxWaitMs);
      waiting.push(entry);
      client.addEventListener('abort', onGone);
      shorten();
    });
  }

  return {
    async run(work, client) {
      if (client.aborted) throw requestAbandoned();
      return running < atOnce ? runNow(work) : waitFor(work, client);
    },
    waiting: () => waiting.length,
    refused: () => refusals,
  };
}
