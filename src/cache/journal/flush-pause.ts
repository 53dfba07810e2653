import type { DoublingPause } from '../time/doubling-pause.js';

/** Before a write that could not be flushed is tried again. */
export const flushPause: DoublingPause = { firstMs: 200, longestMs: 5000, jitter: 0.3 };
