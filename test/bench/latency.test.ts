import { expect, it } from 'vitest';
import { latencyTable } from '../../bench/latency/latency-table.js';

it('a row says how far Redis was away, how many asked at once, and what they waited for', () => {
  const row = { workload: 'one film', connections: 4, server: 'constants', p50Ms: 0.284, p99Ms: 1.5 };
  const table = latencyTable([
    { ...row, networkMs: 0 },
    { ...row, networkMs: 1, server: 'library' },
  ]);
  expect(table.split('\n').slice(2)).toEqual([
    '| beside it | one film | 4 | constants | 0.28 | 1.50 |',
    '| 1 ms away | one film | 4 | library | 0.28 | 1.50 |',
  ]);
});
