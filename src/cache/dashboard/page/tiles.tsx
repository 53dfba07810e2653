import type { CacheReport } from '../../report/cache-report.js';
import type { Point } from '../messages.js';
import { bytes, count, duration, milliseconds, percent, rate } from './format.js';

interface Tile {
  readonly name: string;
  readonly value: string;
  readonly more: string;
}

/** The few figures that a person looks at first. */
export function Tiles({ report, point }: { readonly report: CacheReport; readonly point: Point }) {
  return (
    <section aria-label="At a glance">
      <dl class="tiles">
        {tilesOf(report, point).map(({ name, value, more }) => (
          <div key={name} class="card tile">
            <dt>{name}</dt>
            <dd class="value">{value}</dd>
            <dd class="quiet">{more}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function tilesOf({ total, store }: CacheReport, point: Point): readonly Tile[] {
  const bound =
    store.maxBytes === undefined || store.maxBytes === 0 ? 'no bound' : `of ${bytes(store.maxBytes)}`;
  return [
    { name: 'Hit rate', value: percent(total.hitRate), more: `now ${percent(point.hitRate)}` },
    {
      name: 'Reads a second',
      value: rate(point.requestsPerSecond),
      more: `${count(total.requests)} in ten minutes`,
    },
    {
      name: 'Hits, p95',
      value: milliseconds(total.hitMs.p95),
      more: `half within ${milliseconds(total.hitMs.p50)}`,
    },
    {
      name: 'Loads, p95',
      value: milliseconds(total.loadMs.p95),
      more: `${rate(point.loadsPerSecond)} a second`,
    },
    { name: 'Loads avoided', value: count(total.loadsAvoided), more: `${duration(total.savedMs)} saved` },
    {
      name: 'Memory',
      value: bytes(store.usedBytes),
      more: store.usedBytes === undefined ? 'not known' : bound,
    },
  ];
}
