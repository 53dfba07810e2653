import type { FieldFigures } from '../../advise/index.js';
import type { Sample } from './read-metrics.js';

const HIT_OUTCOMES = ['HIT', 'STALE', 'STALE_ON_ERROR'];
const MISS_OUTCOMES = ['MISS', 'JOINED', 'WAITED'];

/** The figures of every cached field, over all processes together. */
export function figuresOf(samples: readonly Sample[]): readonly FieldFigures[] {
  const sums = new Map<string, number>();
  const patterns = new Map<string, string>();
  const settings = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    const { coordinate = '', outcome, pattern } = labels;
    const place = `${name} ${coordinate}${outcome === undefined ? '' : ` ${outcome}`}`;
    if (Number.isFinite(value)) sums.set(place, (sums.get(place) ?? 0) + value);
    if (pattern === undefined) continue;
    // Of several processes, which may be of two deploys, one tells how the field is set.
    settings.set(place, value);
    patterns.set(coordinate, pattern);
  }
  return Array.from(patterns, ([coordinate, pattern]) => {
    const sum = (name: string): number => sums.get(`${name} ${coordinate}`) ?? 0;
    const reads = (outcomes: readonly string[]): number =>
      outcomes.reduce(
        (total, outcome) => total + (sums.get(`cache_reads_total ${coordinate} ${outcome}`) ?? 0),
        0,
      );
    return {
      coordinate,
      pattern,
      ttl: settings.get(`cache_field_ttl_seconds ${coordinate}`) ?? 0,
      swr: settings.get(`cache_field_swr_seconds ${coordinate}`) ?? 0,
      hits: reads(HIT_OUTCOMES),
      misses: reads(MISS_OUTCOMES),
      loads: sum('cache_loads_total'),
      loadMs: sum('cache_load_seconds_total') * 1000,
      savedMs: sum('cache_saved_seconds_total') * 1000,
      stored: sum('cache_stored_entries_total'),
      refreshes: sum('cache_refreshes_total'),
      changes: sum('cache_refresh_changes_total'),
      tooLarge: sum('cache_too_large_total'),
      viewerTouched: sum('cache_viewer_touched_total'),
    };
  });
}
