import { setTimeout as passes } from 'node:timers/promises';
import { cpus } from 'node:os';
import { quantile } from './spread.js';

const SAMPLE_MS = 3000;
/** Of all cores, while the bench does nothing. */
const LEAST_IDLE = 0.85;
/** Of the figures of a reference, from one round to the next. */
const MOST_SPREAD = 0.15;

/** What the cores did while nothing was measured: work of others. Resolves with a reason not to believe figures, or none. */
export async function busyCores(when: string, signal: AbortSignal): Promise<readonly string[]> {
  const before = ticks();
  await passes(SAMPLE_MS, undefined, { signal });
  const after = ticks();
  const idle = (after.idle - before.idle) / (after.all - before.all);
  if (idle >= LEAST_IDLE) return [];
  return [`${when} the run others took ${percent(1 - idle)} of the cores`];
}

/** How far a reference differs from itself is how far all differ from what they would be by themselves. */
export function unsteady(what: string, values: readonly number[]): readonly string[] {
  const spread = spreadOf(values);
  return spread > MOST_SPREAD ? [`${what} differed by ${percent(spread)} between rounds`] : [];
}

/** The distance of the quartiles, as a share of the median. */
export function spreadOf(values: readonly number[]): number {
  const at = (share: number): number => quantile(values, share);
  return (at(0.75) - at(0.25)) / at(0.5);
}

function ticks(): { readonly idle: number; readonly all: number } {
  const times = cpus().map((core) => core.times);
  const idle = times.reduce((sum, time) => sum + time.idle, 0);
  const busy = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0);
  return { idle, all: idle + busy };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
