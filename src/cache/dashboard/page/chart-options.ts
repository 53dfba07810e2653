import type uPlot from 'uplot';
import type { Point } from '../messages.js';
import { hourAndMinute } from './format.js';

export interface Series {
  readonly name: string;
  readonly of: (point: Point) => number | null;
  /** Its number in the style sheet, `--series-1`. */
  readonly color: 1 | 2 | 3;
}

export interface ChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly points: readonly Point[];
  readonly untilMs: number;
  readonly spanMs: number;
  readonly write: (value: number | null | undefined) => string;
  /** What is measured: shares of 1, or milliseconds, which lie between microseconds and seconds. */
  readonly kind: 'share' | 'times' | 'count' | 'bytes';
  readonly isFilled?: boolean;
}

/** Pixels. */
export const HEIGHT = 190;

/** How a chart is drawn in the colours of its place; `onPoint` is told over which point the pointer is. */
export function optionsOf(
  props: ChartProps,
  element: HTMLElement,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const { series, isFilled = false } = props;
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--quiet'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: color('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: true }, y: heightOf(props) },
    axes: [
      {
        ...axis,
        size: 28,
        space: 70,
        values: (_plot, splits) => splits.map((seconds) => hourAndMinute(seconds * 1000)),
      },
      { ...axis, size: 62, ...marksOf(props) },
    ],
    series: [
      {},
      ...series.map(({ color: number, name }): uPlot.Series => {
        const stroke = color(`--series-${number}`);
        const fill = isFilled ? { fill: `${stroke}22` } : {};
        return { label: name, stroke, width: 2, points: { show: false }, spanGaps: false, ...fill };
      }),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
}

function heightOf({ kind }: ChartProps): uPlot.Scale {
  if (kind === 'times') return { distr: 3 };
  return { range: (_plot, _min, max) => [0, kind === 'share' ? 1 : Math.max(max, 1) * 1.1] };
}

const decades = Array.from({ length: 10 }, (_, power) => 10 ** (power - 4));
const powersOfTwo = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Where the scale has lines, and what stands beside them. */
function marksOf({ kind, write }: ChartProps): uPlot.Axis {
  const values: uPlot.Axis.Values = (_plot, splits) => splits.map((value) => write(value).replace('.0', ''));
  switch (kind) {
    case 'times':
      return {
        values,
        splits: (_plot, _axis, min, max) => decades.filter((decade) => decade >= min && decade <= max),
      };
    case 'bytes':
      return { values, space: 40, incrs: powersOfTwo };
    case 'share':
    case 'count':
      return { values, space: 32 };
  }
}
