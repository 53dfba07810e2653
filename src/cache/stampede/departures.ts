import { AsyncLocalStorage } from 'node:async_hooks';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../clock.js';
import type { Lease } from '../store/store.js';
import type { Entries, Wanted } from '../tags/entries.js';
import type { Background } from './background.js';
import type { Deferred } from './deferred.js';
import { nameOf } from './flights.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { Overloaded } from './overloaded.js';
import type { UnclaimedFlights } from './unclaimed-flights.js';

/** A load that this process makes, for itself and for all who wait. Whoever leads settles the flight. */
export interface Led<W, T> {
  readonly wanted: W;
  /** As they were before the load began; undefined while the store is in trouble. */
  readonly generations: readonly string[] | undefined;
  readonly lease: Lease | undefined;
  readonly flight: Deferred<T>;
}

/** What is about to be loaded. */
export interface Departing extends Wanted {
  /** True where it may be a part of another load. */
  readonly isPart?: boolean;
}

/** Makes the loads of many led flights, in one call of the origin where it can. Settles every flight. */
export type Lead<W, T> = (led: readonly Led<W, T>[]) => Promise<void>;

export interface DeparturesOptions<T> {
  readonly entries: Entries;
  readonly keeper: LeaseKeeper;
  readonly background: Background;
  readonly unclaimed: UnclaimedFlights<T>;
  /** Most loads of fields at the same time; one call of an origin is one, however many entries it is for. */
  readonly atMost: number;
  /** Most loads at the same time without a lease: while the store is away, and after a wait that was too long. */
  readonly atMostWithoutStore: number;
  readonly storeIsAway: () => boolean;
  readonly clock: Clock;
  /** Told of loads that were refused, since too many wait for their turn. */
  readonly onOverload: (error: Overloaded) => void;
  /** Told when a load ended without settling its flights by itself. */
  readonly onBug: (error: unknown) => void;
}

/** A store that comes back may be empty: for this long its loads stay bounded, by twice as many every second. */
const RAMP_MS = 5000;
const RAMP_STEP_MS = 1000;
/** Times the bound: whoever would wait behind more loads than these is better told at once. */
const QUEUE_FACTOR = 10;

/** Sets off the loads that fall to this process, detached from the requests that began them. */
export class Departures<T> {
  readonly #options: DeparturesOptions<T>;
  readonly #limit: LimitFunction;
  readonly #ofFields: LimitFunction;
  readonly #inLimit = new AsyncLocalStorage<true>();
  #bounded = 0;
  #awayAtMs = -Infinity;

  constructor(options: DeparturesOptions<T>) {
    this.#options = options;
    this.#limit = pLimit(options.atMostWithoutStore);
    this.#ofFields = pLimit(options.atMost);
  }

  /** Those with a lease at once, unless the store has only just come back; those without in their turn. */
  setOff<W extends Departing>(led: readonly Led<W, T>[], lead: Lead<W, T>): void {
    const isRamping = this.#ramp();
    const leased = led.filter(({ lease }) => lease !== undefined);
    if (leased.length > 0) {
      this.#run(() => (isRamping ? this.#loadBounded(leased, lead) : this.#loadInTurn(leased, lead)));
    }
    const free: Led<W, T>[] = [];
    for (const item of led) {
      if (item.lease !== undefined) continue;
      const before = this.#options.unclaimed.underWay(nameOf(item.wanted.address));
      if (before === undefined) free.push(item);
      else this.#run(() => before.then(() => this.#loadBounded([item], lead)));
    }
    if (free.length > 0) this.#run(() => this.#loadBounded(free, lead));
  }

  /** True while loads wait for their turn. */
  get isCrowded(): boolean {
    return this.#ofFields.pendingCount > 0 || this.#limit.pendingCount > 0;
  }

  /** Sets how many loads may run at once; true while those with a lease count as well. */
  #ramp(): boolean {
    const { storeIsAway, clock, atMost, atMostWithoutStore } = this.#options;
    const nowMs = clock.nowMs();
    if (storeIsAway()) this.#awayAtMs = nowMs;
    // In the future: the clock was set back, and nobody knows how long ago it was.
    if (this.#awayAtMs > nowMs) this.#awayAtMs = -Infinity;
    const sinceMs = nowMs - this.#awayAtMs;
    const isRamping = sinceMs < RAMP_MS;
    const doublings = isRamping ? Math.floor(sinceMs / RAMP_STEP_MS) : 0;
    const bound = Math.min(atMostWithoutStore * 2 ** doublings, Math.max(atMost, atMostWithoutStore));
    if (this.#limit.concurrency !== bound) this.#limit.concurrency = bound;
    return isRamping;
  }

  /**
   * Loads of fields are bounded also while all is well: a store that is suddenly empty sends everybody to the database.
   * What code loads by itself is not, as it may be a part of such a load, which must not wait for its own place.
   */
  #loadInTurn<W extends Departing>(led: readonly Led<W, T>[], lead: Lead<W, T>): Promise<void> {
    if (led.some(({ wanted }) => wanted.isPart === true)) return this.#load(led, lead);
    const { activeCount, pendingCount } = this.#ofFields;
    const isFull = activeCount + pendingCount >= this.#options.atMost * (1 + QUEUE_FACTOR);
    if (isFull) return this.#load(led, (loads) => this.#refuse(loads));
    return this.#load(led, (loads) => this.#ofFields(() => lead(loads)));
  }

  #loadBounded<W extends Wanted>(led: readonly Led<W, T>[], lead: Lead<W, T>): Promise<void> {
    const begin: Lead<W, T> = (loads) => {
      for (const { wanted, generations, flight } of loads) {
        if (generations === undefined) this.#options.unclaimed.begin(nameOf(wanted.address), flight.promise);
      }
      return lead(loads);
    };
    // A load that makes another one must not wait for a place that it holds itself.
    if (this.#inLimit.getStore() !== undefined) return this.#load(led, begin);
    if (this.#isFull()) return this.#load(led, (loads) => this.#refuse(loads));
    // Leases are kept while their loads wait: others would make them as well.
    return this.#load(led, (loads) => this.#inTurn(() => begin(loads)));
  }

  #isFull(): boolean {
    const { atMostWithoutStore } = this.#options;
    return this.#bounded >= this.#limit.concurrency + QUEUE_FACTOR * atMostWithoutStore;
  }

  #refuse<W extends Wanted>(led: readonly Led<W, T>[]): Promise<void> {
    const error = new Overloaded();
    for (const { wanted, generations, flight } of led) {
      flight.reject(error);
      // A flight that nobody can join any more: the next reader of the key tries again.
      if (generations === undefined) this.#options.unclaimed.begin(nameOf(wanted.address), flight.promise);
    }
    this.#options.onOverload(error);
    return Promise.resolve();
  }

  #inTurn(load: () => Promise<void>): Promise<void> {
    this.#bounded += 1;
    return this.#limit(() => this.#inLimit.run(true, load)).finally(() => {
      this.#bounded -= 1;
      // What tells these loads apart slows every promise of the process down, for as long as it is on.
      if (this.#bounded === 0) this.#inLimit.disable();
    });
  }

  async #load<W extends Wanted>(led: readonly Led<W, T>[], lead: Lead<W, T>): Promise<void> {
    const leases = led.flatMap(({ lease }) => lease ?? []);
    try {
      await this.#options.keeper.during(leases, () => lead(led));
    } catch (error) {
      for (const { flight } of led) flight.reject(error);
      throw error;
    } finally {
      await this.#options.entries.release(leases);
    }
  }

  #run(work: () => Promise<unknown>): void {
    this.#options.background.run(work, this.#options.onBug);
  }
}
