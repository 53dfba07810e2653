import { VIEWERS } from '../viewers.js';
import { exchange, type PlayOptions } from './play.js';
import { scheduleOf, type Due } from './schedule.js';

export interface WarmUpOptions extends PlayOptions {
  readonly seed: number;
  readonly ms: number;
}

/** As many at once as keep both ends busy. */
const WORKERS = 16;
/** A traffic that no machine gets to the end of. */
const ENOUGH = { seconds: 40, busiest: 1000 };

/**
 * Sends another traffic as fast as it is answered, so that what is measured afterwards is a server whose code is compiled and whose
 * cache is in use, as users have it. Resolves with the requests that were answered in a second of its second half.
 */
export async function warmUp({ seed, ms, signal, ...exchanging }: WarmUpOptions): Promise<number> {
  // Positions of one player must be written in their order.
  const waiting = scheduleOf({ ...ENOUGH, seed: seed + 1 }).filter(({ inOrder }) => inOrder === undefined);
  const beganMs = performance.now();
  let [next, late] = [0, 0];
  const take = (): Due | undefined => waiting[next++];
  const work = async (): Promise<void> => {
    for (let due = take(); due !== undefined; due = take()) {
      const passedMs = performance.now() - beganMs;
      if (passedMs > ms) return;
      signal.throwIfAborted();
      await exchange(due, VIEWERS - 1 - due.viewer, exchanging);
      if (passedMs > ms / 2) late += 1;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return late / (ms / 2000);
}
