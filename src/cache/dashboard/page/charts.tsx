import { useState } from 'preact/hooks';
import type { CacheReport } from '../../report/cache-report.js';
import type { Point } from '../messages.js';
import { Chart } from './chart.js';
import type { Series } from './chart-options.js';
import { bytes, milliseconds, percent, rate } from './format.js';

const spans = [
  { name: '10 minutes', ms: 10 * 60_000 },
  { name: '1 hour', ms: 60 * 60_000 },
] as const;

const hitRate: readonly Series[] = [{ name: 'Hit rate', of: ({ hitRate }) => hitRate, color: 1 }];
const latency: readonly Series[] = [
  { name: 'Hits, half within', of: ({ hitP50Ms }) => hitP50Ms, color: 1 },
  { name: 'Hits, p95', of: ({ hitP95Ms }) => hitP95Ms, color: 2 },
  { name: 'Loads, p95', of: ({ loadP95Ms }) => loadP95Ms, color: 3 },
];
const traffic: readonly Series[] = [
  { name: 'Reads', of: ({ requestsPerSecond }) => requestsPerSecond, color: 1 },
  { name: 'Loads', of: ({ loadsPerSecond }) => loadsPerSecond, color: 3 },
];
const memory: readonly Series[] = [{ name: 'In use', of: ({ usedBytes }) => usedBytes, color: 2 }];

/** What was, over time. */
export function Charts({
  points,
  report,
}: {
  readonly points: readonly Point[];
  readonly report: CacheReport;
}) {
  const [spanMs, setSpan] = useState<number>(spans[0].ms);
  const shared = { points, untilMs: report.atMs, spanMs };
  return (
    <section aria-labelledby="charts">
      <div class="heading">
        <h2 id="charts">Over time</h2>
        <fieldset class="choice">
          <legend class="hidden">How far back</legend>
          {spans.map(({ name, ms }) => (
            <label key={name}>
              <input type="radio" name="span" checked={spanMs === ms} onChange={() => setSpan(ms)} />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <div class="charts">
        <Chart {...shared} title="Hit rate" series={hitRate} write={percent} kind="share" isFilled />
        <Chart {...shared} title="Latency" series={latency} write={milliseconds} kind="times" />
        <Chart {...shared} title="Traffic, each second" series={traffic} write={rate} kind="count" isFilled />
        <Chart {...shared} title="Memory of the store" series={memory} write={bytes} kind="bytes" isFilled />
      </div>
    </section>
  );
}
