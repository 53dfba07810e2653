import { quantile } from '../../published/spread.js';
import { percentile } from '../../../test/support/load/percentile.js';
import { contestantNames, type ContestantName } from '../contestants/names.js';
import type { Measured } from '../measure.js';
import type { Played } from '../traffic/play.js';
import { phases, type PhaseName } from '../traffic/phases.js';

/** A figure over the rounds: the middle one, and the least and the greatest. */
export interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** A row of the table. Undefined stands for what could not be measured. */
export interface Row {
  readonly contestant: ContestantName;
  readonly rounds: number;
  readonly read: { readonly p50: Figure; readonly p95: Figure; readonly p99: Figure };
  readonly write: { readonly p50: Figure; readonly p95: Figure };
  /** Of all reads of cached fields, in percent. */
  readonly hitRate: Figure | undefined;
  /** In all rounds together. */
  readonly staleRows: number;
  readonly staleLists: number;
  readonly oldestStaleMs: number;
  readonly errors: number;
  readonly requests: number;
  readonly statements: Figure;
  readonly commands: Figure | undefined;
  readonly entries: Figure | undefined;
  readonly bytes: Figure | undefined;
  readonly crash: { readonly acknowledged: number; readonly lost: number } | undefined;
  /** The median over the rounds of the p95 of reads, by the part of the traffic; undefined where it has no parts. */
  readonly phases: Readonly<Record<PhaseName, number>> | undefined;
}

/** A row for each contestant that was measured, in the order of the table. */
export function rowsOf(measured: readonly Measured[]): readonly Row[] {
  return contestantNames.flatMap((name) => {
    const rounds = measured.filter(({ contestant }) => contestant === name);
    return rounds.length === 0 ? [] : [rowOf(rounds)];
  });
}

/** The rounds of one contestant in one row. */
function rowOf(rounds: readonly Measured[]): Row {
  const [first] = rounds;
  if (first === undefined) throw new Error('a row needs a round');
  const over = (figureIn: (one: Measured) => number | undefined): Figure | undefined =>
    figureOf(rounds, figureIn);
  const needed = (figureIn: (one: Measured) => number): Figure =>
    over(figureIn) ?? { median: NaN, least: NaN, most: NaN };
  const latency = (isRead: boolean, share: number) =>
    needed(({ played }) =>
      percentile(
        played.filter((one) => isReadOf(one) === isRead).map(({ latencyMs }) => latencyMs),
        share,
      ),
    );
  const all = rounds.flatMap(({ played }) => played);
  const stale = all.flatMap(({ due, outcome }) => (typeof outcome === 'string' ? [] : [{ due, ...outcome }]));
  const crashes = rounds.flatMap(({ crash }) => crash ?? []);
  return {
    contestant: first.contestant,
    rounds: rounds.length,
    read: { p50: latency(true, 0.5), p95: latency(true, 0.95), p99: latency(true, 0.99) },
    write: { p50: latency(false, 0.5), p95: latency(false, 0.95) },
    hitRate: over(({ usage }) => (usage.reads === 0 ? undefined : (100 * usage.hits) / usage.reads)),
    staleRows: stale.filter(({ due }) => due.kind === 'row').length,
    staleLists: stale.filter(({ due }) => due.kind === 'list').length,
    oldestStaleMs: Math.max(0, ...stale.map(({ ageMs }) => ageMs)),
    errors: all.filter(({ outcome }) => outcome === 'error').length,
    requests: all.length,
    statements: needed(({ usage, played }) => usage.statements / played.length),
    commands: over(({ commands, played }) => commands && commands / played.length),
    entries: over(({ kept }) => kept?.entries),
    bytes: over(({ kept }) => kept?.bytes),
    crash: crashes.length === 0 ? undefined : sumOf(crashes),
    phases: all.some(({ due }) => due.phase === undefined) ? undefined : phaseFigures(rounds),
  };
}

function isReadOf({ due }: Played): boolean {
  return due.kind !== 'write';
}

function figureOf(
  rounds: readonly Measured[],
  figureIn: (one: Measured) => number | undefined,
): Figure | undefined {
  const values = rounds.flatMap((one) => figureIn(one) ?? []);
  if (values.length === 0) return undefined;
  return { median: quantile(values, 0.5), least: Math.min(...values), most: Math.max(...values) };
}

function sumOf(crashes: readonly { readonly acknowledged: number; readonly lost: number }[]) {
  return {
    acknowledged: crashes.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    lost: crashes.reduce((sum, { lost }) => sum + lost, 0),
  };
}

function phaseFigures(rounds: readonly Measured[]): Readonly<Record<PhaseName, number>> {
  const of = (name: PhaseName): number => {
    const values = rounds.map(({ played }) =>
      percentile(
        played.filter((one) => isReadOf(one) && one.due.phase === name).map(({ latencyMs }) => latencyMs),
        0.95,
      ),
    );
    return quantile(values, 0.5);
  };
  const { day, release, half, stampede, expiry } = phases;
  return {
    day: of(day.name),
    release: of(release.name),
    half: of(half.name),
    stampede: of(stampede.name),
    expiry: of(expiry.name),
  };
}
