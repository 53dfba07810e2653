import { axes, storeTitles, type AxisName } from './axes.js';
import { roundTripsVerdict, loadsVerdict, shapeVerdict, type Figure, type Verdict } from './judge.js';
import { operationsOf, type MeasuredAxis } from './measured-axis.js';
import { picturesOf } from './axis-plots.js';
import type { OperationName } from './subjects/subject.js';

/** Below so many entries, what they take is lost in what else changes. */
const FEWEST_WEIGHED = 1000;

/** What is asked of each operation of each axis, and whether it was reached, as a table in Markdown. */
export function verdictsReport(measured: readonly MeasuredAxis[]): string {
  const rows = measured.flatMap((one) =>
    operationsOf(one).flatMap(({ operation, figures }) =>
      verdictsOf(one, operation, figures).map(({ isReached, says }) =>
        row([
          axes[one.axis].title,
          operation,
          storeTitles[one.store],
          isReached ? 'reached' : '**MISSED**',
          says,
        ]),
      ),
    ),
  );
  return ['### What is asked', table(['what grows', 'operation', 'store', '', 'seen'], rows, 0)].join('\n\n');
}

function verdictsOf(
  { axis, store }: MeasuredAxis,
  operation: OperationName,
  figures: readonly Figure[],
): readonly Verdict[] {
  if (operation === 'cold key') return [loadsVerdict(figures)];
  const asked = axes[axis].asked[operation];
  return [
    ...(asked === undefined ? [] : [shapeVerdict(asked, figures)]),
    ...(store === 'memory' ? [] : [roundTripsVerdict(figures)]),
  ];
}

/** The figures of one axis with their spread, and what its entries take, in Markdown. */
export function axisReport(name: AxisName, measured: readonly MeasuredAxis[]): string {
  const { title, says, unit } = axes[name];
  const own = measured.filter(({ axis }) => axis === name);
  return [
    `### ${title}`,
    says,
    ...picturesOf(name),
    table(
      [`store`, 'operation', unit, 'µs', 'CPU µs', 'ratio', 'quartiles', 'round trips', 'commands'],
      costRows(own),
      7,
    ),
    table(['store', unit, 'entries', 'memory', 'of an entry'], memoryRows(own), 4),
  ].join('\n\n');
}

function costRows(measured: readonly MeasuredAxis[]): string[] {
  return measured.flatMap((one) =>
    operationsOf(one).flatMap(({ operation, figures }) =>
      figures.map(({ size, elapsedUs, cpuUs, ratio, roundTrips, redisCommands }) =>
        row([
          storeTitles[one.store],
          operation,
          size.toLocaleString('en'),
          microseconds(elapsedUs.median),
          microseconds(cpuUs.median),
          ratio.median.toFixed(2),
          `${ratio.lower.toFixed(2)} to ${ratio.upper.toFixed(2)}`,
          roundTrips.toFixed(1),
          redisCommands?.toFixed(1) ?? '',
        ]),
      ),
    ),
  );
}

function memoryRows(measured: readonly MeasuredAxis[]): string[] {
  return measured.flatMap(({ store, sizes }) =>
    sizes.map(({ size, entries, memoryBytes }) =>
      row([
        storeTitles[store],
        size.toLocaleString('en'),
        entries.toLocaleString('en'),
        `${(memoryBytes / 2 ** 20).toFixed(1)} MiB`,
        entries < FEWEST_WEIGHED ? '' : `${Math.round(memoryBytes / entries).toLocaleString('en')} B`,
      ]),
    ),
  );
}

function microseconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** The last `numbers` columns are put to the right. */
function table(head: readonly string[], rows: readonly string[], numbers: number): string {
  const lines = head.map((_, at) => (at < head.length - numbers ? '---' : '---:'));
  return [row(head), row(lines), ...rows].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
