import { nameOf } from './modes.js';
import { workloads } from './movies.js';
import type { Result } from './slices.js';

const TARGETS = { triggers: { speed: 0.6, p99: 2 }, log: { speed: 0.9, p99: 1.5 } } as const;
const SEEN_WITHIN_MS = { idle: 300, paced: 1000 } as const;

/** The results as a table in Markdown, workload by workload. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { setup, workload, connections, perSecond, p50Ms, p99Ms, speedRatio, p99Ratio } = result;
    const what =
      workload === 'idle'
        ? 'idle'
        : workload === 'paced'
          ? `2,000 writes a second, ${connections} writers`
          : `${workloads[workload].title}, ${connections} ${connections === 1 ? 'writer' : 'writers'}`;
    const ratio = (value: number): string => (Number.isNaN(value) ? '' : value.toFixed(2));
    const written =
      workload === 'idle' ? ['', '', ''] : [perSecond.toFixed(perSecond < 100 ? 1 : 0), ms(p50Ms), ms(p99Ms)];
    const seen = [result.seenP50Ms, result.seenP99Ms].map((value) => (value === undefined ? '' : ms(value)));
    return [what, nameOf(setup), ...written, ratio(speedRatio), ratio(p99Ratio), ...seen];
  });
  const head = [
    'writers',
    'watched by',
    'transactions/s',
    'p50 ms',
    'p99 ms',
    'speed : without',
    'p99 : without',
  ];
  const lines = [[...head, 'seen p50 ms', 'seen p99 ms'], Array<string>(9).fill('---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What the figures come to, measured by the targets. */
export function verdictsOf(results: readonly Result[]): readonly string[] {
  return results.flatMap(({ setup, workload, connections, speedRatio, p99Ratio, seenP99Ms = 0 }) => {
    if (setup.mode === 'none' || setup.mode === 'reader' || setup.processes !== 1) return [];
    const name = nameOf(setup);
    if (workload === 'idle' || workload === 'paced') {
      return [
        verdict(
          seenP99Ms <= SEEN_WITHIN_MS[workload],
          `${name}, ${workload}: seen within ${ms(seenP99Ms)} ms (p99)`,
        ),
      ];
    }
    if (workload !== 'single' || connections !== 32) return [];
    const { speed, p99 } = TARGETS[setup.mode];
    return [
      verdict(
        speedRatio >= speed,
        `${name}, 32 writers: ${speedRatio.toFixed(2)} of the writes/s (target ${speed})`,
      ),
      verdict(p99Ratio <= p99, `${name}, 32 writers: p99 ${p99Ratio.toFixed(2)} times (target ${p99})`),
    ];
  });
}

function verdict(isReached: boolean, sentence: string): string {
  return `${isReached ? 'reached' : 'MISSED'}: ${sentence}`;
}

function ms(value: number): string {
  return Number.isNaN(value) ? '' : value.toFixed(value < 10 ? 1 : 0);
}
