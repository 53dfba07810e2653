import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Point } from '../messages.js';
import { type ChartProps, HEIGHT, optionsOf } from './chart-options.js';
import { ChartTable } from './chart-table.js';
import { timeOfDay } from './format.js';

/** Lines over time; for readers who do not see them, a sentence and a table say the same. */
export function Chart(props: ChartProps) {
  const { title, series, points, untilMs, spanMs, write } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [pointed, setPointed] = useState<number | null>(null);
  const isDark = useDark();
  const shown = points.filter(({ atMs }) => untilMs - atMs <= spanMs);
  const last = shown.at(pointed ?? -1);

  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(props, element, setPointed), [[]], element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
    // The colours of a canvas do not follow the style sheet.
  }, [isDark, series]);

  useEffect(() => {
    plot.current?.setData(
      [shown.map(({ atMs }) => atMs / 1000), ...series.map(({ of }) => shown.map(of))],
      false,
    );
    plot.current?.setScale('x', { min: (untilMs - spanMs) / 1000, max: untilMs / 1000 });
  }, [points, untilMs, spanMs, isDark, series]);

  return (
    <figure class="card chart">
      <figcaption>
        <h3>{title}</h3>
        <span class="quiet">
          {last === undefined ? 'nothing yet' : pointed === null ? 'now' : timeOfDay(last.atMs)}
        </span>
      </figcaption>
      <ul class="legend">
        {series.map(({ name, of, color }) => (
          <li key={name}>
            <span class={`swatch series-${color}`} aria-hidden="true" />
            {name} <strong>{write(last === undefined ? null : of(last))}</strong>
          </li>
        ))}
      </ul>
      <div ref={place} class="plot" role="img" aria-label={sentenceOf(props, shown)} />
      <ChartTable title={title} series={series} points={shown} write={write} />
    </figure>
  );
}

/** What a person sees at a glance. */
function sentenceOf({ title, series, write }: ChartProps, shown: readonly Point[]): string {
  const parts = series.map(({ name, of }) => {
    const values = shown.map(of).filter((value) => value !== null);
    if (values.length === 0) return `${name}: nothing yet`;
    const range = `between ${write(Math.min(...values))} and ${write(Math.max(...values))}`;
    return `${name}: now ${write(values.at(-1))}, ${range}`;
  });
  return `${title}. ${parts.join('. ')}. The table below has the values.`;
}

function useDark(): boolean {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const look = (): void => setDark(query.matches);
    query.addEventListener('change', look);
    return () => query.removeEventListener('change', look);
  }, []);
  return isDark;
}
