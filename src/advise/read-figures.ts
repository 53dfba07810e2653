import { z } from 'zod';
import type { FieldFigures } from '../cache/advise/index.js';

const metrics = z.array(
  z.object({
    name: z.string(),
    values: z.array(
      // What is no number at the moment, such as a lag that was not measured yet, is null in JSON.
      z.object({
        value: z.number().nullable(),
        labels: z.record(z.string(), z.union([z.string(), z.number()])),
      }),
    ),
  }),
);
type Metrics = z.infer<typeof metrics>;

const ANSWER_WITHIN_MS = 5000;
const HIT_OUTCOMES = ['HIT', 'STALE', 'STALE_ON_ERROR'];
const MISS_OUTCOMES = ['MISS', 'JOINED', 'WAITED'];

/** Thrown where a process does not tell its figures; the message is a sentence. */
export class NoFigures extends Error {}

/** Asks a process for its metrics. @throws NoFigures */
export async function fetchMetrics(url: string): Promise<Metrics> {
  const address = new URL('/metrics', url).href;
  let body: unknown;
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const response = await fetch(address, { headers: { accept: 'application/json' }, signal });
    if (response.status === 404) {
      throw new NoFigures(
        `${address} does not exist; in production, or with METRICS_PORT, metrics are on that port: give its URL.`,
      );
    }
    if (!response.ok) throw new NoFigures(`${address} answered with status ${response.status}.`);
    body = await response.json();
  } catch (error) {
    if (error instanceof NoFigures) throw error;
    throw new NoFigures(`${address} does not answer with metrics as JSON; is the API running there?`);
  }
  const read = metrics.safeParse(body);
  if (!read.success)
    throw new NoFigures(`${address} answers with something other than the metrics of this API.`);
  return read.data;
}

/** The figures of every cached field, over all processes together. */
export function figuresOf(processes: readonly Metrics[]): readonly FieldFigures[] {
  const all = processes.flat();
  const samples = (name: string) => all.flatMap((metric) => (metric.name === name ? metric.values : []));
  const sum = (name: string, coordinate: string, outcomes?: readonly string[]): number =>
    samples(name)
      .filter(({ labels }) => labels['coordinate'] === coordinate)
      .filter(({ labels }) => outcomes === undefined || outcomes.includes(String(labels['outcome'])))
      .reduce((total, { value }) => total + (value ?? 0), 0);
  const setting = (name: string, coordinate: string): number =>
    samples(name).find(({ labels }) => labels['coordinate'] === coordinate)?.value ?? 0;
  const patterns = new Map(
    samples('cache_field_ttl_seconds').map(({ labels }) => [
      String(labels['coordinate']),
      String(labels['pattern']),
    ]),
  );
  return Array.from(patterns, ([coordinate, pattern]) => ({
    coordinate,
    pattern,
    ttl: setting('cache_field_ttl_seconds', coordinate),
    swr: setting('cache_field_swr_seconds', coordinate),
    hits: sum('cache_reads_total', coordinate, HIT_OUTCOMES),
    misses: sum('cache_reads_total', coordinate, MISS_OUTCOMES),
    loads: sum('cache_loads_total', coordinate),
    loadMs: sum('cache_load_seconds_total', coordinate) * 1000,
    savedMs: sum('cache_saved_seconds_total', coordinate) * 1000,
    stored: sum('cache_stored_entries_total', coordinate),
    refreshes: sum('cache_refreshes_total', coordinate),
    changes: sum('cache_refresh_changes_total', coordinate),
    tooLarge: sum('cache_too_large_total', coordinate),
    viewerTouched: sum('cache_viewer_touched_total', coordinate),
  }));
}
