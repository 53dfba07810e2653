import type { FieldCounters } from '../metrics/field-counters.js';
import type { EntryField } from '../coherence/entry-field.js';
import { elapsedMs, type Clock } from '../time/clock.js';
import { UsualTime } from '../time/usual-time.js';

export interface LoadTimesOptions {
  /** Milliseconds that a load of another process is waited for at most. */
  readonly waitAtMostMs: number;
  /** Milliseconds after which a load is waited for no longer in its own process. */
  readonly deadlineMs: number;
  readonly clock: Clock;
}

interface OfField {
  usual: UsualTime | undefined;
  /** Whether the last load that ended has failed: the origin may be away. */
  hasFailed: boolean;
  /** Since when loads are under way, the oldest first. */
  readonly underWay: Set<{ readonly sinceMs: number }>;
}

/** Times what a load usually takes: who waits for longer waits for one that hangs. */
const PATIENCE = 3;
/** A process that stands still for a moment is no reason to load twice. */
const SHORTEST_MS = 500;
/** A store that is silent is asked in vain for longer than such a load takes, wherever it is. */
const QUICK_MS = 25;
/** Where nothing is known of a field. */
const UNKNOWN_MS = 4000;

/**
 * How long the loads of each field usually take, their wait for a turn included, of this process and of others, and how
 * long to wait for one.
 */
export class LoadTimes {
  readonly #options: LoadTimesOptions;
  readonly #fields = new WeakMap<FieldCounters, OfField>();

  constructor(options: LoadTimesOptions) {
    this.#options = options;
  }

  /** A load of this field has brought a value. */
  note({ counters }: EntryField, loadMs: number): void {
    const field = this.#of(counters);
    field.hasFailed = false;
    if (field.usual === undefined) field.usual = new UsualTime(loadMs);
    else field.usual.note(loadMs);
  }

  /** A load of this field was asked for. One that fails says nothing of how long one takes; those who wait for it are told. */
  asked(field: EntryField, loaded: Promise<unknown>): void {
    const { clock } = this.#options;
    const load = { sinceMs: clock.nowMs() };
    const ofField = this.#of(field.counters);
    ofField.underWay.add(load);
    const ended = (hasFailed: boolean): void => {
      ofField.underWay.delete(load);
      if (hasFailed) ofField.hasFailed = true;
      else this.note(field, elapsedMs(clock, load.sinceMs));
    };
    loaded.then(
      () => ended(false),
      () => ended(true),
    );
  }

  /**
   * Milliseconds to wait for another process's load of this field: a few times what one usually takes, so that a slow
   * report is loaded once and one that hangs is not waited for. Never more than half of the deadline.
   */
  patienceMs({ counters }: EntryField): number {
    const usualMs = this.#usualMs(counters);
    const patienceMs = usualMs === undefined ? UNKNOWN_MS : Math.max(SHORTEST_MS, PATIENCE * usualMs);
    return Math.min(patienceMs, this.longestMs);
  }

  /**
   * Whether a load of this field usually takes less time than is lost by waiting for a store that is silent. Not while its origin
   * fails or hangs: what the store has is all that there is.
   */
  isQuick({ counters }: EntryField): boolean {
    const usualMs = this.#usualMs(counters);
    if (usualMs === undefined || usualMs > QUICK_MS) return false;
    const field = this.#fields.get(counters);
    if (field === undefined || field.hasFailed || field.underWay.size === 0) return field?.hasFailed !== true;
    const [oldest] = field.underWay;
    return oldest === undefined || elapsedMs(this.#options.clock, oldest.sinceMs) <= QUICK_MS;
  }

  /** The most that a load of another process is ever waited for. */
  get longestMs(): number {
    const { waitAtMostMs, deadlineMs } = this.#options;
    return Math.min(waitAtMostMs, deadlineMs / 2);
  }

  #of(counters: FieldCounters): OfField {
    let field = this.#fields.get(counters);
    if (field === undefined) {
      field = { usual: undefined, hasFailed: false, underWay: new Set() };
      this.#fields.set(counters, field);
    }
    return field;
  }

  #usualMs(counters: FieldCounters): number | undefined {
    const usual = this.#fields.get(counters)?.usual;
    if (usual !== undefined) return usual.above(1);
    // What this process has only read says how long the loads of others took.
    const { hits, stale, staleOnError, savedMs } = counters;
    const served = hits + stale + staleOnError;
    return served === 0 ? undefined : (savedMs / served) * 1.5;
  }
}
