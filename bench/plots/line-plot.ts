import { axisOf, type Axis, type AxisOptions } from './axis.js';

/** What was seen at one place. */
export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** How far the figure was spread; drawn as a bar. Default: none is drawn. */
  readonly spread?: { readonly low: number; readonly high: number };
}

export interface PlotSeries {
  readonly name: string;
  readonly points: readonly PlotPoint[];
}

export interface LinePlot {
  readonly title: string;
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly series: readonly PlotSeries[];
}

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 72;
const RIGHT = 16;
const TOP = 36;
const BOTTOM = 52;
const LINE_HEIGHT = 18;
/** Told apart by colour-blind readers too (Okabe and Ito), and by their dashes in print. */
const LOOKS = [
  { colour: '#0072b2', dashes: '' },
  { colour: '#d55e00', dashes: '7 3' },
  { colour: '#009e73', dashes: '2 3' },
  { colour: '#cc79a7', dashes: '9 3 2 3' },
  { colour: '#7a5c00', dashes: '4 2' },
  { colour: '#56b4e9', dashes: '12 4' },
  { colour: '#444444', dashes: '1 2' },
  { colour: '#8b0000', dashes: '5 5' },
];

/**
 * Series of points, each joined by a line, as the text of an SVG file that needs nothing else. The legend stands below the plot.
 *
 * @throws Error where there is no point, or one that its axis has no place for.
 */
export function linePlot({ title, x, y, series }: LinePlot): string {
  const points = series.flatMap((one) => one.points);
  const xAxis = axisOf(
    x,
    points.map((point) => point.x),
  );
  const yAxis = axisOf(
    y,
    points.flatMap((point) => [point.y, ...(point.spread ? [point.spread.low, point.spread.high] : [])]),
  );
  const place = placing(xAxis, yAxis);
  const height = HEIGHT + series.length * LINE_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="sans-serif" font-size="12" fill="#222">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(WIDTH / 2, 20, title, 'text-anchor="middle" font-size="14" font-weight="bold"'),
    ...xAxis.ticks.flatMap((tick) => xTick(place.x(tick), tick)),
    ...yAxis.ticks.flatMap((tick) => yTick(place.y(tick), tick)),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, xAxis.label, 'text-anchor="middle"'),
    `<g transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">${text(0, 0, yAxis.label, 'text-anchor="middle"')}</g>`,
    ...series.map((one, at) => lineOf(one, at, place)),
    ...series.flatMap(({ name }, at) => legendLine(name, at)),
    '</svg>\n',
  ].join('\n');
}

interface Placing {
  x(value: number): number;
  y(value: number): number;
}

function placing(xAxis: Axis, yAxis: Axis): Placing {
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  return {
    x: (value) => rounded(LEFT + xAxis.placeOf(value) * (WIDTH - LEFT - RIGHT)),
    y: (value) => rounded(HEIGHT - BOTTOM - yAxis.placeOf(value) * (HEIGHT - TOP - BOTTOM)),
  };
}

function lineOf({ points }: PlotSeries, at: number, place: Placing): string {
  const { colour } = lookOf(at);
  const ordered = [...points].sort((a, b) => a.x - b.x);
  const corners = ordered.map((point) => `${place.x(point.x)},${place.y(point.y)}`).join(' ');
  const marks = ordered.flatMap((point) => {
    const [x, y] = [place.x(point.x), place.y(point.y)];
    const dot = `<circle cx="${x}" cy="${y}" r="3" stroke="none" fill="${colour}"/>`;
    if (point.spread === undefined) return [dot];
    const [low, high] = [place.y(point.spread.low), place.y(point.spread.high)];
    return [`<path d="M${x} ${low}V${high}M${x - 3} ${low}h6M${x - 3} ${high}h6"/>`, dot];
  });
  return `<g fill="none" stroke="${colour}"><polyline points="${corners}" stroke-width="2"${dashesOf(at)}/>${marks.join('')}</g>`;
}

function legendLine(name: string, at: number): string[] {
  const y = HEIGHT + at * LINE_HEIGHT;
  const line = `<path d="M${LEFT} ${y}h36" stroke="${lookOf(at).colour}" stroke-width="2"${dashesOf(at)}/>`;
  return [line, text(LEFT + 46, y + 4, name, '')];
}

function lookOf(at: number): { readonly colour: string; readonly dashes: string } {
  return LOOKS[at % LOOKS.length] ?? { colour: '#000', dashes: '' };
}

function dashesOf(at: number): string {
  const { dashes } = lookOf(at);
  return dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
}

function xTick(x: number, value: number): string[] {
  return [
    `<path d="M${x} ${TOP}V${HEIGHT - BOTTOM}" stroke="#ddd"/>`,
    text(x, HEIGHT - BOTTOM + 16, shown(value), 'text-anchor="middle"'),
  ];
}

function yTick(y: number, value: number): string[] {
  return [
    `<path d="M${LEFT} ${y}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
    text(LEFT - 6, y + 4, shown(value), 'text-anchor="end"'),
  ];
}

const numbers = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

function shown(value: number): string {
  return numbers.format(value);
}

function text(x: number, y: number, words: string, attributes: string): string {
  const written = attributes === '' ? '' : ` ${attributes}`;
  return `<text x="${x}" y="${y}"${written}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
