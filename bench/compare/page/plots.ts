import { svgChart } from '../../published/svg-chart.js';
import { titleOf } from '../contestants/names.js';
import { phases } from '../traffic/phases.js';
import type { Row } from './figures.js';

/** A picture beside the page, by the name of its file. */
export interface Plot {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

/** The pictures of a table: latencies of reads, of writes, and of reads by the part of the traffic where it has parts. */
export function plotsOf(rows: readonly Row[]): readonly Plot[] {
  const names = rows.map(({ contestant }) => titleOf(contestant));
  const series = (name: string, figureOf: (row: Row) => number): Series => ({
    name,
    values: rows.map(figureOf),
  });
  return [
    plot('compare-reads.svg', 'Latency of reads, ms', names, [
      series('p50', ({ read }) => read.p50.median),
      series('p95', ({ read }) => read.p95.median),
      series('p99', ({ read }) => read.p99.median),
    ]),
    plot('compare-writes.svg', 'Latency of writes, ms', names, [
      series('p50', ({ write }) => write.p50.median),
      series('p95', ({ write }) => write.p95.median),
    ]),
    ...(rows.every((row) => row.phases !== undefined) ? [phasesPlot(names, series)] : []),
  ];
}

function phasesPlot(
  names: readonly string[],
  series: (name: string, figureOf: (row: Row) => number) => Series,
): Plot {
  return plot(
    'compare-phases.svg',
    'p95 of reads by the part of the traffic, ms',
    names,
    Object.values(phases).map(({ name, title }) => series(title, (row) => row.phases?.[name] ?? NaN)),
  );
}

/** Bars on a logarithmic axis, as one pattern may be a hundred times as fast as another. */
function plot(file: string, title: string, names: readonly string[], series: readonly Series[]): Plot {
  const size = { width: 900, height: 90 + 60 * names.length };
  const svg = svgChart(title, size, {
    grid: { left: 190, right: 60, top: 40, bottom: 60 },
    xAxis: { type: 'log' },
    yAxis: { type: 'category', data: [...names], inverse: true },
    series: series.map(({ name, values }) => ({
      type: 'bar',
      name,
      data: values.map((value) => Number(value.toFixed(2))),
      label: { show: true, position: 'right', fontSize: 9 },
    })),
  });
  return { file, title, svg };
}
