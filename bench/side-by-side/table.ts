import { resultsOf, type Slice } from '../overhead/slices.js';
import type { Workload, WorkloadName } from '../overhead/workloads.js';
import { contestantTitle } from './contestants.js';
import { worseRatioOf } from './ratios.js';

const TARGETS: readonly { server: string; workload: WorkloadName; ratio: number }[] = [
  { server: 'library-memo', workload: 'one', ratio: 3 },
  { server: 'library-memo-node', workload: 'one', ratio: 3 },
  { server: 'library-redis', workload: 'one', ratio: 1.3 },
  { server: 'library-strict', workload: 'one', ratio: 1.3 },
  { server: 'library-plans', workload: 'one', ratio: 1.3 },
  { server: 'library-strict-plans', workload: 'one', ratio: 1.3 },
  { server: 'library-memo', workload: 'list', ratio: 8 },
  { server: 'library-memo-node', workload: 'list', ratio: 8 },
  { server: 'library-redis', workload: 'list', ratio: 1.9 },
  { server: 'library-strict', workload: 'list', ratio: 1.9 },
  { server: 'library-plans', workload: 'list', ratio: 1.9 },
  { server: 'library-strict-plans', workload: 'list', ratio: 1.9 },
  { server: 'library-memo', workload: 'one-shapes', ratio: 2.2 },
  { server: 'library-memo-node', workload: 'one-shapes', ratio: 2.2 },
  { server: 'library-redis', workload: 'one-shapes', ratio: 1.2 },
  { server: 'library-strict', workload: 'one-shapes', ratio: 1.2 },
  { server: 'library-plans', workload: 'one-shapes', ratio: 1.2 },
  { server: 'library-strict-plans', workload: 'one-shapes', ratio: 1.2 },
];

/** A Markdown table, the best of each workload first. A target that was missed is named so. */
export function peersTable(slices: readonly Slice[], workloads: readonly Workload[]): string {
  const results = resultsOf(slices, 'constants');
  const rows = workloads.flatMap(({ name, title }) =>
    results
      .filter(({ workload }) => workload === name)
      .map((result) => ({ result, ratio: worseRatioOf(slices, result.server, name) }))
      .sort((a, b) => b.ratio.median - a.ratio.median)
      .map(({ result: { server, requestsPerSecond, cpuPerRequestUs }, ratio }) => {
        const spread = `${ratio.lower.toFixed(2)} to ${ratio.upper.toFixed(2)}`;
        const cells = [
          title,
          contestantTitle(server),
          Math.round(requestsPerSecond).toLocaleString('en-US'),
          cpuPerRequestUs.toFixed(0),
          `**${ratio.median.toFixed(2)}**`,
          spread,
          targetOf(server, name, ratio.median),
        ];
        return `| ${cells.join(' | ')} |`;
      }),
  );
  return [
    '| workload | server | req/s | CPU µs a request | ratio | quartiles | target |',
    '|---|---|---:|---:|---:|---|---|',
    ...rows,
  ].join('\n');
}

function targetOf(server: string, workload: WorkloadName, reached: number): string {
  const target = TARGETS.find((other) => other.server === server && other.workload === workload);
  if (target === undefined) return '';
  return `${target.ratio}, ${reached >= target.ratio ? 'reached' : 'MISSED'}`;
}
