import { VIEWERS } from '../viewers.js';
import { exchange, type PlayOptions } from './play.js';
import type { Due } from './schedule.js';

export interface WarmUpOptions extends PlayOptions {
  /** Sent again and again; where there are none, there is no warm-up. */
  readonly requests: readonly Due[];
  readonly ms: number;
}

/** As many at once as keep both ends busy. */
const WORKERS = 16;

/**
 * Sends requests as fast as they are answered, so that what is measured afterwards is a server whose code is compiled and whose
 * cache is in use, as users have it. Resolves with the requests that were answered in a second of its second half.
 */
export async function warmUp({ requests, ms, signal, ...exchanging }: WarmUpOptions): Promise<number> {
  const beganMs = performance.now();
  let [next, late] = [0, 0];
  const take = (): Due | undefined => {
    const at = next % Math.max(1, requests.length);
    next += 1;
    return requests[at];
  };
  const work = async (): Promise<void> => {
    for (let due = take(); due !== undefined; due = take()) {
      const passedMs = performance.now() - beganMs;
      if (passedMs > ms) return;
      signal.throwIfAborted();
      const { viewer } = due;
      await exchange(due, viewer === undefined ? undefined : VIEWERS - 1 - viewer, exchanging);
      if (passedMs > ms / 2) late += 1;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return late / (ms / 2000);
}
