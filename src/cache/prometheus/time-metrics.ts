import { Histogram, type Registry } from 'prom-client';
import type { CacheStats } from '../cache.js';
import { EDGES_MS, type TimesTaken } from '../metrics/histogram.js';

/** The upper edges of the buckets that are told, milliseconds: few, so that a field has few series. All are edges that are counted by. */
const TOLD_MS = [0.01, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

interface Told {
  readonly coordinate?: string;
  readonly times: TimesTaken;
}

type Values = Awaited<ReturnType<Histogram['get']>>;

/** A histogram that was counted elsewhere, read whenever the registry is collected. */
class CountedHistogram extends Histogram {
  readonly #told: () => readonly Told[];
  /** What prom-client says of one without values: both ways to ask are overridden here. */
  readonly #empty: Histogram;

  constructor(
    name: string,
    help: string,
    { registry, told }: { registry: Registry; told: () => readonly Told[] },
  ) {
    const buckets = TOLD_MS.map((ms) => ms / 1000);
    super({ name, help, buckets, registers: [registry] });
    this.#empty = new Histogram({ name, help, buckets, registers: [] });
    this.#told = told;
  }

  override async get(): Promise<Values> {
    const own = await this.#empty.get();
    return { ...own, values: this.#told().flatMap((one) => this.#valuesOf(own.name, one)) };
  }

  /** What the registry asks for where it writes text. */
  getForPromString(): Promise<Values> {
    return this.get();
  }

  #valuesOf(name: string, { coordinate, times: { counts, sumMs } }: Told): Values['values'] {
    const labels = coordinate === undefined ? {} : { coordinate };
    const upTo = (ms: number): number =>
      counts.reduce((sum, count, bucket) => ((EDGES_MS[bucket] ?? Infinity) <= ms ? sum + count : sum), 0);
    const metricName = `${name}_bucket`;
    const count = upTo(Infinity);
    return [
      ...TOLD_MS.map((ms) => ({ metricName, labels: { ...labels, le: ms / 1000 }, value: upTo(ms) })),
      { metricName, labels: { ...labels, le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels, value: sumMs / 1000 },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}

/** How long hits, loads, round trips to the store and operations took. */
export function addTimeMetrics(registry: Registry, { times }: Pick<CacheStats, 'times'>): void {
  const byField = (what: 'hits' | 'loads') => (): readonly Told[] =>
    Object.entries(times().fields).flatMap(([coordinate, taken]) =>
      taken[what].counts.every((count) => count === 0) ? [] : [{ coordinate, times: taken[what] }],
    );
  const hits = 'Seconds that fresh hits took, from the call of the field on; of a sample.';
  new CountedHistogram('cache_hit_duration_seconds', hits, { registry, told: byField('hits') });
  const loads = 'Seconds that loads took.';
  new CountedHistogram('cache_load_duration_seconds', loads, { registry, told: byField('loads') });
  const trips = 'Seconds that reads and claims of a store took that is not in the process.';
  new CountedHistogram('cache_store_round_trip_duration_seconds', trips, {
    registry,
    told: () => [{ times: times().storeRoundTrips }],
  });
  const operations =
    'Seconds that operations took until their answer was there, where the plugin of a server measures them.';
  new CountedHistogram('cache_operation_duration_seconds', operations, {
    registry,
    told: () => [{ times: times().operations }],
  });
}
