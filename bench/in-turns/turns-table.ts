import { median } from '../overhead/slices.js';
import type { Turn } from './in-turns.js';

/** The beginning of a table whose rows are of `turnsRow`. */
export function turnsHead(names: readonly string[], [without, withIt]: readonly [string, string]): string {
  const cells = [
    ...names,
    `µs ${without}`,
    `µs ${withIt}`,
    'ratio CPU',
    'ratio elapsed',
    'of single processes',
  ];
  const lines = cells.map((_, at) => (at < names.length || at === cells.length - 1 ? '---' : '---:'));
  return `| ${cells.join(' | ')} |\n|${lines.join('|')}|`;
}

/** What one side costs beside the other: the median over the turns of a process, and over the processes. */
export function turnsRow(
  names: readonly string[],
  runs: readonly (readonly Turn[])[],
  target: number,
): string {
  const ratiosOf = (of: 'cpuUs' | 'elapsedUs'): number[] =>
    runs.map((turns) => median(turns.map(({ reference, measured }) => measured[of] / reference[of])));
  const [cpu, elapsed] = [ratiosOf('cpuUs'), ratiosOf('elapsedUs')];
  const all = runs.flat();
  const worse = Math.max(median(cpu), median(elapsed));
  const cells = [
    ...names,
    median(all.map(({ reference }) => reference.cpuUs)).toFixed(1),
    median(all.map(({ measured }) => measured.cpuUs)).toFixed(1),
    median(cpu).toFixed(3),
    median(elapsed).toFixed(3) + (worse > target ? ' MISSED' : ''),
    cpu.map((ratio) => ratio.toFixed(2)).join(', '),
  ];
  return `| ${cells.join(' | ')} |`;
}
