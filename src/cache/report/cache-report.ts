import type { FlushCounters } from '../metrics/flush-counters.js';
import type { Holding, StoreHealth } from '../store/store.js';
import type { Figures, OutcomeCounts, Percentiles } from './field-report.js';

/** A cached field, as its directive says. */
export interface DeclaredField {
  readonly coordinate: string;
  readonly pattern: string;
  readonly ttl: number;
  readonly swr: number;
  readonly namespaces: readonly string[];
  /** The largest value that is stored. */
  readonly maxBytes: number;
}

/** What was counted at one coordinate. */
export interface FieldReport extends Figures {
  readonly coordinate: string;
  /** Undefined for `cache.fetch` and for mutations. */
  readonly pattern?: string;
  /** Seconds. */
  readonly ttl?: number;
  readonly swr?: number;
  /** What there is now of its entries; undefined where that is not known. */
  readonly held?: Omit<Holding, 'of' | 'withoutExpiry'>;
}

/** How the store is. */
export interface StoreReport extends StoreHealth {
  readonly name: string;
  readonly isAway: boolean;
  /** Of reads and claims, as all processes saw them. */
  readonly roundTrips: Percentiles;
  /** Of what the server was asked for, the part that it had: all that use it count. */
  readonly serverHitRate: number | null;
  /** What is there now, by coordinate or by namespace. */
  readonly holdings: readonly Holding[];
}

/** What waits for the database. */
export interface JournalReport {
  /** Undefined while the journal is away. */
  readonly pending?: number;
  readonly deadLetters?: number;
  /** How long the oldest write is overdue. */
  readonly overdueMs?: number;
  /** Writes that were accepted into it a minute, over the minutes that are known. */
  readonly acceptedPerMinute: number;
  /** What all processes have flushed. */
  readonly flushed: Readonly<FlushCounters>;
}

/** One minute of the past. */
export interface MinuteReport {
  /** When it began, milliseconds since 1970. */
  readonly atMs: number;
  readonly requests: number;
  readonly outcomes: OutcomeCounts;
  readonly hitRate: number | null;
  readonly loads: number;
  readonly hitMs: Percentiles;
  readonly loadMs: Percentiles;
}

/** What a cache did, in all processes that share its store, and how it is. */
export interface CacheReport {
  /** When the report was made, milliseconds since 1970. */
  readonly atMs: number;
  /** Minutes that it is about; undefined for all that is known. */
  readonly minutes?: number;
  readonly processes: number;
  readonly total: Figures;
  /** Of whole operations, where a plugin of a server is used. */
  readonly operationMs: Percentiles;
  /** By coordinate, those with the most requests first. */
  readonly fields: readonly FieldReport[];
  readonly store: StoreReport;
  readonly journal: JournalReport;
  /** Oldest first. */
  readonly history: readonly MinuteReport[];
  /** What a person should look at, each a sentence with what to do. */
  readonly warnings: readonly string[];
}
