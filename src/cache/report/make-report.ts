import type { JournalSize } from '../journal/journal.js';
import type { FlushCounters } from '../metrics/flush-counters.js';
import { OF_ALL, type Tally } from '../metrics/tally.js';
import type { Holding, StoreHealth } from '../store/store.js';
import type { CacheReport, DeclaredField, FieldReport, MinuteReport } from './cache-report.js';
import { figuresOf, percentilesOf } from './field-report.js';
import type { AllFigures } from './shared-figures.js';
import { warningsOf } from './warnings.js';

/** What a report is made of. */
export interface ReportParts {
  readonly atMs: number;
  readonly minutes: number | undefined;
  readonly figures: AllFigures;
  readonly fields: readonly DeclaredField[];
  readonly store: { readonly name: string; readonly isLocal: boolean; readonly isAway: boolean };
  readonly health: StoreHealth;
  readonly holdings: readonly Holding[];
  readonly journal: JournalSize | undefined;
}

export function makeReport(parts: ReportParts): CacheReport {
  const { figures, fields: declared, store, health, holdings, journal, atMs, minutes } = parts;
  const { sum } = figures;
  const fields = coordinatesOf(sum, declared).map((coordinate) => fieldReport(coordinate, parts));
  fields.sort((one, other) => other.requests - one.requests);
  const ofAll = sum.get(OF_ALL) ?? new Map<string, number>();
  const { serverHits = 0, serverMisses = 0 } = health;
  const asked = serverHits + serverMisses;
  const report: Omit<CacheReport, 'warnings'> = {
    atMs,
    ...(minutes !== undefined && { minutes }),
    processes: figures.processes,
    total: figuresOf(together(sum)),
    operationMs: percentilesOf(ofAll, 'operations'),
    fields,
    store: {
      ...health,
      name: store.name,
      isAway: store.isAway,
      roundTrips: percentilesOf(ofAll, 'storeRoundTrips'),
      serverHitRate: asked === 0 ? null : serverHits / asked,
      holdings,
    },
    journal: {
      ...(journal && {
        pending: journal.pending,
        deadLetters: journal.dead,
        overdueMs: journal.overdueMs,
      }),
      acceptedPerMinute: acceptedPerMinute(figures),
      flushed: flushedOf(ofAll),
    },
    history: figures.minutes.map(({ minute, tally }) => minuteReport(minute, tally)),
  };
  const missing = figures.missing === undefined ? [] : [figures.missing];
  return {
    ...report,
    warnings: [...missing, ...warningsOf(report, { fields: declared, isLocal: store.isLocal })],
  };
}

/** Of fields that are declared and of all that was counted; what belongs to none is in the total only. */
function coordinatesOf(sum: Tally, declared: readonly DeclaredField[]): readonly string[] {
  const all = new Set([...declared.map(({ coordinate }) => coordinate), ...sum.keys()]);
  all.delete(OF_ALL);
  return [...all];
}

function fieldReport(coordinate: string, { figures, fields, holdings }: ReportParts): FieldReport {
  const declared = fields.find((field) => field.coordinate === coordinate);
  const held = holdings.find(({ of }) => of === coordinate || isOnlyReader(fields, of, coordinate));
  return {
    coordinate,
    ...(declared && { pattern: declared.pattern, ttl: declared.ttl, swr: declared.swr }),
    ...(held && { held: { entries: held.entries, bytes: held.bytes, isEstimate: held.isEstimate } }),
    ...figuresOf(figures.sum.get(coordinate) ?? new Map()),
  };
}

/** A namespace that several fields read is no field's own. */
function isOnlyReader(fields: readonly DeclaredField[], namespace: string, coordinate: string): boolean {
  const readers = fields.filter(({ namespaces: [own] }) => own === namespace);
  return readers.length === 1 && readers[0]?.coordinate === coordinate;
}

function together(tally: Tally): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const numbers of tally.values())
    for (const [name, value] of numbers) all.set(name, (all.get(name) ?? 0) + value);
  return all;
}

function minuteReport(minute: number, tally: Tally): MinuteReport {
  const { requests, outcomes, hitRate, loads, hitMs, loadMs } = figuresOf(together(tally));
  return { atMs: minute * 60_000, requests, outcomes, hitRate, loads, hitMs, loadMs };
}

function acceptedPerMinute({ minutes }: AllFigures): number {
  const [first] = minutes;
  const last = minutes.at(-1);
  if (first === undefined || last === undefined) return 0;
  const accepted = minutes.reduce((sum, { tally }) => sum + (together(tally).get('queued') ?? 0), 0);
  return accepted / (last.minute - first.minute + 1);
}

function flushedOf(numbers: ReadonlyMap<string, number>): FlushCounters {
  const of = (name: keyof FlushCounters): number => numbers.get(name) ?? 0;
  return {
    flushes: of('flushes'),
    flushed: of('flushed'),
    retries: of('retries'),
    buried: of('buried'),
    losses: of('losses'),
    restored: of('restored'),
    rescued: of('rescued'),
    lost: of('lost'),
  };
}
