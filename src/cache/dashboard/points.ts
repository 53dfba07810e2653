import type { CacheReport, MinuteReport } from '../report/cache-report.js';
import type { OutcomeCounts } from '../report/field-report.js';
import type { Point } from './messages.js';

const KEPT_MS = 60 * 60_000;
const MINUTE_MS = 60_000;
/** Rates are of the time since the report that lies so many back: processes tell what they counted in lumps of two seconds. */
const RATE_OVER = 5;

/** Moments of the last hour, for charts: a point for each report, and one for each minute in which no report was made. */
export class Points {
  #list: Point[] = [];
  #recent: CacheReport[] = [];

  get list(): readonly Point[] {
    return this.#list;
  }

  /** Begins anew after a time without reports. Where no report was made, what was counted by the minute is known. */
  begin(history: readonly MinuteReport[], nowMs: number): void {
    this.#recent = [];
    const present = Math.floor(nowMs / MINUTE_MS);
    const known = new Set(this.#list.map(({ atMs }) => Math.floor(atMs / MINUTE_MS)));
    for (const minute of history) {
      const number = Math.floor(minute.atMs / MINUTE_MS);
      if (number < present && !known.has(number)) this.#list.push(ofMinute(minute));
    }
    this.#list.sort((one, other) => one.atMs - other.atMs);
    this.#forget(nowMs);
  }

  /** Adds the moment of a report. */
  add(report: CacheReport): Point {
    const point = this.#pointOf(report);
    this.#list.push(point);
    this.#recent = [...this.#recent, report].slice(-RATE_OVER);
    this.#forget(report.atMs);
    return point;
  }

  #pointOf(report: CacheReport): Point {
    const { atMs, history, store } = report;
    const [before] = this.#recent;
    const seconds = before === undefined ? 0 : (atMs - before.atMs) / 1000;
    const grown = before === undefined ? undefined : growth(before.history, history);
    const perSecond = (count: number | undefined): number | null =>
      count === undefined || seconds <= 0 ? null : count / seconds;
    const last = history.at(-1);
    const present = last !== undefined && atMs - last.atMs < MINUTE_MS ? last : undefined;
    return {
      atMs,
      hitRate: grown === undefined || grown.asked === 0 ? null : grown.served / grown.asked,
      requestsPerSecond: perSecond(grown?.requests),
      loadsPerSecond: perSecond(grown?.loads),
      ...latencyOf(present),
      usedBytes: store.usedBytes ?? null,
    };
  }

  #forget(nowMs: number): void {
    this.#list = this.#list.filter(({ atMs }) => nowMs - atMs < KEPT_MS);
  }
}

function latencyOf(minute: MinuteReport | undefined): Pick<Point, 'hitP50Ms' | 'hitP95Ms' | 'loadP95Ms'> {
  const { hitMs, loadMs } = minute ?? {};
  return { hitP50Ms: hitMs?.p50 ?? null, hitP95Ms: hitMs?.p95 ?? null, loadP95Ms: loadMs?.p95 ?? null };
}

/** In its middle. */
function ofMinute(minute: MinuteReport): Point {
  return {
    atMs: minute.atMs + MINUTE_MS / 2,
    hitRate: minute.hitRate,
    requestsPerSecond: minute.requests / 60,
    loadsPerSecond: minute.loads / 60,
    ...latencyOf(minute),
    usedBytes: null,
  };
}

interface Growth {
  readonly requests: number;
  readonly loads: number;
  readonly served: number;
  readonly asked: number;
}

/** What was counted between two reports, by their minutes: their windows end at different times. */
function growth(before: readonly MinuteReport[], now: readonly MinuteReport[]): Growth {
  const sum = { requests: 0, loads: 0, served: 0, asked: 0 };
  const from = before[0]?.atMs ?? -Infinity;
  for (const minute of now) {
    if (minute.atMs < from) continue;
    const earlier = before.find(({ atMs }) => atMs === minute.atMs);
    // What expired meanwhile would make it negative.
    const grown = (of: (one: MinuteReport) => number): number =>
      Math.max(0, of(minute) - (earlier === undefined ? 0 : of(earlier)));
    sum.requests += grown(({ requests }) => requests);
    sum.loads += grown(({ loads }) => loads);
    sum.served += grown(({ outcomes }) => served(outcomes));
    sum.asked += grown(({ requests, outcomes }) => requests - outcomes.BYPASS);
  }
  return sum;
}

function served({ HIT, STALE, STALE_ON_ERROR }: OutcomeCounts): number {
  return HIT + STALE + STALE_ON_ERROR;
}
