export { manualClock, type ManualClock } from '../../src/cache/testing/index.js';
