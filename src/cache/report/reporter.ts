import type { AcceptedWrites } from '../journal/accepted-writes.js';
import type { CacheLog } from '../log.js';
import type { Counters } from '../metrics/counters.js';
import { tallyOf } from '../metrics/tally.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import { isAway } from '../store/store-away.js';
import type { Holding, Store, StoreHealth } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import type { CacheReport } from './cache-report.js';
import { makeReport } from './make-report.js';
import type { ReportOptions } from './report-options.js';
import { SharedFigures } from './shared-figures.js';
import { far, serverWarnings } from './warnings.js';

export interface ReporterOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: CacheLog;
  /** In production the log is warned at the start; a report always says the same. */
  readonly isProduction: boolean;
  readonly counters: Counters;
  readonly acceptedWrites: Pick<AcceptedWrites, 'counters' | 'size'>;
}

/** What lies in the store is looked at so often at most, milliseconds, however many ask. */
const HOLDINGS_EVERY_MS = 10_000;

/** Puts reports together, of this process and of those that share its store. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #figures: SharedFigures;
  #policies: readonly ReadPolicy[] = [];
  #roundTripMs: number | undefined;
  #holdings: { readonly atMs: number; readonly found: Promise<readonly Holding[]> } | undefined;

  constructor(options: ReporterOptions) {
    this.#options = options;
    const { store, clock, counters, acceptedWrites } = options;
    this.#figures = new SharedFigures({
      ...{ store, clock },
      tally: () => tallyOf(counters, { ...acceptedWrites.counters() }),
    });
  }

  /** The fields that a report is about even where nothing was counted. */
  about(policies: readonly ReadPolicy[]): void {
    this.#policies = policies;
  }

  /** Begins to tell the other processes what is counted, and warns of a store that does not suit. */
  start(): void {
    this.#figures.start();
    void this.#lookAtStore();
  }

  /** How far the server of the store is, as measured at the start or for the last report; undefined where there is none. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  stop(): Promise<void> {
    return this.#figures.stop();
  }

  async report({ minutes }: ReportOptions = {}): Promise<CacheReport> {
    const { store, clock, acceptedWrites } = this.#options;
    const away = isAway(store);
    // By itself: a round trip is measured, and what else the report asks for would be measured with it.
    const health = away ? {} : await this.#health();
    const [figures, holdings, journal] = await Promise.all([
      this.#figures.collect(minutes),
      away ? [] : this.#held(),
      acceptedWrites.size(),
    ]);
    return makeReport({
      ...{ figures, health, holdings, journal, minutes },
      atMs: clock.nowMs(),
      fields: this.#policies.map(({ coordinate, pattern, lifetime, swrMs, namespaces }) => ({
        ...{ coordinate, pattern, namespaces, maxBytes: lifetime.maxBytes },
        ...{ ttl: lifetime.ttlMs / 1000, swr: swrMs / 1000 },
      })),
      store: { name: store.name, isLocal: store.isLocal, isAway: away },
    });
  }

  /** Nothing, where the store cannot say it: a report is worth having without it. */
  async #health(): Promise<StoreHealth> {
    try {
      const health = (await this.#options.store.health?.()) ?? {};
      this.#roundTripMs = health.roundTripMs ?? this.#roundTripMs;
      return health;
    } catch {
      return {};
    }
  }

  #held(): Promise<readonly Holding[]> {
    const { store, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#holdings === undefined || Math.abs(nowMs - this.#holdings.atMs) >= HOLDINGS_EVERY_MS) {
      // As with its health.
      const found = Promise.resolve(store.holdings?.() ?? []).catch(() => []);
      this.#holdings = { atMs: nowMs, found };
    }
    return this.#holdings.found;
  }

  async #lookAtStore(): Promise<void> {
    const { store, log, isProduction } = this.#options;
    if (store.isLocal || isAway(store)) return;
    const health = await this.#health();
    if (!isProduction) return;
    for (const warning of [...serverWarnings(health, null), ...far(health)]) log.warn({}, warning);
  }
}
