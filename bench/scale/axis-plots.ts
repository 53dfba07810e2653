import { axes, axisNames, storeTitles, type AxisName } from './axes.js';
import { linePlot, type PlotSeries } from './line-plot.js';
import { operationsOf, type MeasuredAxis } from './measured-axis.js';

/** A picture of the page. */
export interface Picture {
  readonly file: string;
  readonly svg: string;
}

/** The pictures of an axis, as Markdown shows them. */
export function picturesOf(name: AxisName): readonly string[] {
  const { title } = axes[name];
  return [`![${title}: time of an operation](scale/${name}.svg)`];
}

/** For each axis the time of an operation, with quartiles, over its sizes; both in equal factors. */
export function axisPlots(measured: readonly MeasuredAxis[]): readonly Picture[] {
  return axisNames.flatMap((name) => {
    const series = measured.filter(({ axis }) => axis === name).flatMap(seriesOf);
    if (series.length === 0) return [];
    const { title, unit } = axes[name];
    const svg = linePlot({
      title: `${title}: time of an operation`,
      x: unit,
      y: 'µs',
      series,
    });
    return [{ file: `${name}.svg`, svg }];
  });
}

function seriesOf(measured: MeasuredAxis): readonly PlotSeries[] {
  return operationsOf(measured).map(({ operation, figures }) => ({
    name: `${operation}, ${storeTitles[measured.store]}`,
    points: figures.map(({ size, elapsedUs }) => ({
      x: size,
      y: elapsedUs.median,
      spread: { low: elapsedUs.lower, high: elapsedUs.upper },
    })),
  }));
}
