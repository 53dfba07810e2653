import { scheduleOf, type Due, type ScheduleOptions } from './schedule.js';

/** What each contestant is sent. */
export interface Traffic {
  readonly due: readonly Due[];
  /** Sent by other viewers before anything is measured, again and again. */
  readonly warmUp: readonly Due[];
  /** Keys of positions that do not only go on, so that a smaller one need not be an older one: they are not judged. */
  readonly unjudged: ReadonlySet<string>;
}

/** More than a machine answers while it warms up. */
const ENOUGH = { seconds: 40, busiest: 1000 };

/** The traffic of a seed. */
export function madeTraffic(options: ScheduleOptions): Traffic {
  return { due: scheduleOf(options), warmUp: madeWarmUp(options.seed), unjudged: new Set() };
}

/** Another traffic. Positions of one player must be written in their order, so it has none. */
export function madeWarmUp(seed: number): readonly Due[] {
  return scheduleOf({ ...ENOUGH, seed: seed + 1 }).filter(({ inOrder }) => inOrder === undefined);
}
