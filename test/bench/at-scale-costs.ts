import type { MeasuredCosts } from '../../bench/at-scale/arithmetic.js';

/** As if nothing cost anything, for what does not depend on it. */
export const NO_COSTS: MeasuredCosts = {
  ...{ mgetUs: 0, acquireUs: 0, fillUs: 0, invalidateUs: 0, infoUs: 0, deleteUs: 0, figuresUs: 0 },
  ...{ deliveryUs: 0, logEntryUs: 0, entryBytes: 0, generationBytes: 0, entryUsage: 0, generationUsage: 0 },
  ...{ logEntryBytes: 0, connectionBytes: 0 },
};
