import type { CpuShares } from './cpu-shares.js';
import { layers } from './layers.js';

/** One server under one workload. */
export interface Profiled {
  readonly server: string;
  /** Of the whole process, without the profiler. */
  readonly cpuPerRequestUs: number;
  readonly shares: CpuShares;
}

/** Microseconds of CPU of one answer by layer, as a Markdown table with a row for each server; rooms and functions below it. */
export function profileTable(title: string, profiled: readonly Profiled[], functions: number): string {
  const rows = profiled.map(({ server, cpuPerRequestUs, shares }) => {
    const cells = layers.map((layer) => us(cpuPerRequestUs * (shares.layers.get(layer) ?? 0)));
    return `| ${[server, us(cpuPerRequestUs), ...cells].join(' | ')} |`;
  });
  return [
    `## ${title}: µs of CPU an answer`,
    '',
    `| server | all | ${layers.join(' | ')} |`,
    `|---|${'---:|'.repeat(layers.length + 1)}`,
    ...rows,
    '',
    ...profiled.flatMap((one) => detailsOf(one, functions)),
    '',
  ].join('\n');
}

function detailsOf({ server, cpuPerRequestUs, shares }: Profiled, functions: number): string[] {
  const inOrder = (sums: ReadonlyMap<string, number>): (readonly [string, number])[] =>
    [...sums].sort(([, one], [, other]) => other - one);
  const rooms = inOrder(shares.rooms).map(([room, share]) => `${room} ${us(cpuPerRequestUs * share)}`);
  return [
    ...(rooms.length === 0 ? [] : [`- ${server}, rooms of the engine: ${rooms.join(', ')}`]),
    ...inOrder(shares.functions)
      .slice(0, functions)
      .map(([name, share]) => `  - ${us(cpuPerRequestUs * share)} ${name}`),
  ];
}

function us(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}
