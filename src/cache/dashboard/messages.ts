import type { LetterOutcome } from '../admin/outcomes.js';
import type { CacheReport } from '../report/cache-report.js';

/** What the page is told; both sides compile against it. */

/** One moment of the charts; null where nothing was counted, or is not known of it. */
export interface Point {
  readonly atMs: number;
  /** 0 to 1. */
  readonly hitRate: number | null;
  readonly requestsPerSecond: number | null;
  readonly loadsPerSecond: number | null;
  readonly hitP50Ms: number | null;
  readonly hitP95Ms: number | null;
  readonly loadP95Ms: number | null;
  readonly usedBytes: number | null;
}

/** The event `past`: the first one, so that charts begin with what was. */
export interface PastEvent {
  readonly points: readonly Point[];
}

/** The event `figures`, every two seconds. */
export interface FiguresEvent {
  readonly point: Point;
  /** Of the last ten minutes; the fields with the most requests, no more than 200. */
  readonly report: CacheReport;
  /** Fields that are left out. */
  readonly fieldsLeftOut: number;
}

/** The event `trouble`: there are no figures this time. `refused`: this person may see no more. */
export interface SentenceEvent {
  readonly message: string;
}

/** A dead letter, without what only a program reads. */
export interface ShownLetter {
  readonly key: string;
  readonly coordinate: string | null;
  readonly error: string;
  readonly attempts: number;
  readonly buriedAtMs: number;
  /** The state that the database refused, as JSON, shortened where it is long. */
  readonly state: string;
}

export interface DeadLettersReply {
  /** The first hundred. */
  readonly letters: readonly ShownLetter[];
  readonly leftOut: number;
}

export interface LettersReply {
  readonly outcomes: readonly LetterOutcome[];
}

/** Whether this person may see figures; the message is empty where that is so. */
export interface SessionReply {
  readonly access: 'allowed' | 'unknown' | 'forbidden';
  readonly message: string;
}
