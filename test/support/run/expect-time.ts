import { expect, type Assertion } from 'vitest';
import { MISSED_TIME } from './missed-time.js';

/**
 * Expects something of a time, or of a ratio of times, and of nothing else: where it is missed three times, the test fails.
 * What must never happen, a stale read or an error, is expected before it and by `expect` itself.
 */
export function expectTime(measured: number, what = 'milliseconds'): Assertion<number> {
  return expect(measured, `${MISSED_TIME}, ${what}`);
}

/** Milliseconds until this has ended. */
export async function tookMs(work: () => PromiseLike<unknown>): Promise<number> {
  const sinceMs = performance.now();
  await work();
  return performance.now() - sinceMs;
}
