import { expiry } from './two-processes/expiry.js';
import { mixed } from './two-processes/mixed.js';
import { hung, killed } from './two-processes/outage.js';
import type { Scenario } from './two-processes/scenario.js';
import { stampede } from './two-processes/stampede.js';

/** What two processes go through, by the name that `--rows` has for it. */
export const scenarios: ReadonlyMap<string, Scenario> = new Map([
  ['mixed', mixed],
  ['stampede', stampede],
  ['expiry', expiry],
  ['killed', killed],
  ['hung', hung],
]);

/** Everything that is measured; `hits` is one process of each contestant that has all in its cache. */
export const rowNames: readonly string[] = ['hits', ...scenarios.keys()];
