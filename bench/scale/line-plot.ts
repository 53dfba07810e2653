import { svgChart } from '../published/svg-chart.js';

/** What was seen at one size, and how far it was spread. Sizes and values are above 0, as both axes have equal distances for equal factors. */
export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  readonly spread: { readonly low: number; readonly high: number };
}

export interface PlotSeries {
  readonly name: string;
  readonly points: readonly PlotPoint[];
}

export interface LinePlot {
  readonly title: string;
  /** What stands along the axes. */
  readonly x: string;
  readonly y: string;
  readonly series: readonly PlotSeries[];
}

const WIDTH = 640;
const HEIGHT = 400;
/** Of the legend. */
const LINE_HEIGHT = 24;
/** Told apart by colour-blind readers too (Okabe and Ito), and by their dashes in print. */
const LOOKS: readonly { readonly color: string; readonly type: 'solid' | number[] }[] = [
  { color: '#0072b2', type: 'solid' },
  { color: '#d55e00', type: [7, 3] },
  { color: '#009e73', type: [2, 3] },
  { color: '#cc79a7', type: [9, 3, 2, 3] },
  { color: '#7a5c00', type: [4, 2] },
  { color: '#56b4e9', type: [12, 4] },
  { color: '#444444', type: [1, 2] },
  { color: '#8b0000', type: [5, 5] },
];

/** A line for each series and a bar for the spread of each of its points. @throws Error where an axis has no place for a value. */
export function linePlot({ title, x, y, series }: LinePlot): string {
  const points = series.flatMap((one) => one.points);
  refuseMisplaced(
    x,
    points.map((point) => point.x),
  );
  refuseMisplaced(
    y,
    points.flatMap((point) => [point.y, point.spread.low, point.spread.high]),
  );
  const legendHeight = LINE_HEIGHT * Math.ceil(series.length / 2);
  const axis = { type: 'log', axisLabel: { formatter: shown }, nameLocation: 'middle' };
  return svgChart(
    title,
    { width: WIDTH, height: HEIGHT + legendHeight },
    {
      legend: { bottom: 0, data: series.map(({ name }) => name) },
      grid: { left: 72, right: 24, top: 40, bottom: 52 + legendHeight },
      xAxis: { ...axis, name: x, nameGap: 28 },
      yAxis: { ...axis, name: y, nameGap: 48 },
      series: series.flatMap((one, at) => [lineOf(one, at), spreadsOf(one, at)]),
    },
  );
}

function refuseMisplaced(axis: string, values: readonly number[]): void {
  const misplaced = values.find((value) => !Number.isFinite(value) || value <= 0);
  if (values.length === 0) throw new Error(`the axis "${axis}" must have a value`);
  if (misplaced !== undefined)
    throw new Error(`values on the axis "${axis}" must be above 0, but one is ${misplaced}`);
}

function lineOf({ name, points }: PlotSeries, at: number) {
  const { color, type } = lookOf(at);
  const ordered = [...points].sort((a, b) => a.x - b.x);
  return {
    type: 'line',
    name,
    color,
    lineStyle: { type, width: 2 },
    symbol: 'circle',
    symbolSize: 6,
    data: ordered.map((point) => [point.x, point.y]),
  };
}

interface Places {
  value(dimension: number): number;
  coord(value: readonly number[]): number[];
}

/** One bar from the lower to the higher end for each point, with a cap at both. */
function spreadsOf({ points }: PlotSeries, at: number) {
  const { color } = lookOf(at);
  return {
    type: 'custom',
    encode: { x: 0, y: [1, 2] },
    silent: true,
    data: points.map(({ x, spread }) => [x, spread.low, spread.high]),
    renderItem: (_params: unknown, { value, coord }: Places) => {
      const [[x = 0, low = 0], [, high = 0]] = [coord([value(0), value(1)]), coord([value(0), value(2)])];
      const line = (x1: number, y1: number, x2: number, y2: number) => ({
        type: 'line',
        shape: { x1, y1, x2, y2 },
        style: { stroke: color },
      });
      return {
        type: 'group',
        children: [line(x, low, x, high), line(x - 3, low, x + 3, low), line(x - 3, high, x + 3, high)],
      };
    },
  };
}

function lookOf(at: number): (typeof LOOKS)[number] {
  return LOOKS[at % LOOKS.length] ?? { color: '#000000', type: 'solid' };
}

const numbers = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

function shown(value: number): string {
  return numbers.format(value);
}
