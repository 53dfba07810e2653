import { AsyncLocalStorage } from 'node:async_hooks';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../clock.js';
import type { Trace } from '../metrics/trace.js';
import type { Lease } from '../store/store.js';
import type { Claimed, Entries, Wanted } from '../tags/entries.js';
import type { Found } from '../tags/entry-field.js';
import type { Background } from './background.js';
import { createDeferred, type Deferred } from './deferred.js';
import { flightKey, type Flights } from './flights.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { UnclaimedFlights } from './unclaimed-flights.js';
import type { WakeUps } from './wake-ups.js';

/** A load that this process makes, for itself and for all who wait. Whoever leads settles the flight. */
export interface Led<W, T> {
  readonly wanted: W;
  /** As they were before the load began; undefined while the store is in trouble. */
  readonly generations: readonly string[] | undefined;
  readonly lease: Lease | undefined;
  readonly flight: Deferred<T>;
}

/** How a reader came to his value: by his own load, by joining one, or by waiting for another process's. */
export type Outcome = 'MISS' | 'JOINED' | 'WAITED';

/** In its own object, so that one slow flight does not hold up the rest of its batch. */
export interface Arrival<T> {
  readonly arrives: Promise<{ readonly outcome: Outcome; readonly loaded: T }>;
}

export interface SingleLoadsOptions<T extends { readonly landed: unknown }> {
  readonly entries: Entries;
  readonly flights: Flights<T>;
  readonly keeper: LeaseKeeper;
  readonly wakeUps: WakeUps;
  readonly background: Background;
  readonly clock: Clock;
  readonly random: () => number;
  /** What a flight brings when somebody else's load has stored the entry meanwhile. */
  readonly loadedOf: (found: Found | undefined) => T;
  /** Milliseconds to wait for the load of another process before loading as well. */
  readonly waitAtMostMs: number;
  /** Most loads at the same time without a lease: while the store is away, and after a wait that was too long. */
  readonly atMostWithoutStore: number;
  readonly onBug: (error: unknown) => void;
}

/** What a reader, or a refresh that no reader waits for, wants loaded. */
export interface WantedLoad extends Wanted {
  /** True for a refresh: it is left alone where somebody else already loads. */
  readonly isRefresh?: boolean;
}

/** Makes the loads of many led flights, in one call of the origin where it can. Settles every flight. */
type Lead<W, T> = (led: readonly Led<W, T>[]) => Promise<void>;

interface Waiting<W, T> {
  readonly wanted: W;
  readonly flight: Deferred<T>;
}

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 200;
/** The share of a pause that is left to chance, so that waiters do not ask in step. */
const JITTER = 0.2;

/**
 * One load per entry, over all processes: in this process by flights that others join, between processes by leases of
 * the store. Loads are detached from the request that began them. Leases only save work: whoever waits too long, or
 * finds the store in trouble, loads by himself, and what is stored is guarded by its generations.
 */
export class SingleLoads<T extends { readonly landed: unknown }> {
  readonly #options: SingleLoadsOptions<T>;
  readonly #limit: LimitFunction;
  readonly #inLimit = new AsyncLocalStorage<true>();
  readonly #unclaimed = new UnclaimedFlights<T>();
  #bounded = 0;
  #isStopping = false;

  constructor(options: SingleLoadsOptions<T>) {
    this.#options = options;
    this.#limit = pLimit(options.atMostWithoutStore);
  }

  /** Finds out for each entry who loads it; what falls to this process is given to `lead`, now or later. */
  async begin<W extends WantedLoad>(
    wanted: readonly W[],
    lead: Lead<W, T>,
    trace: Trace | undefined,
  ): Promise<readonly Arrival<T>[]> {
    const { loadedOf } = this.#options;
    const claimed = await this.#options.entries.claim(wanted, trace);
    const led: Led<W, T>[] = [];
    const waiting: Waiting<W, T>[] = [];
    const unused: Lease[] = [];
    const arrivals = wanted.map((item, index): Arrival<T> => {
      const { claim, found } = claimed?.[index] ?? {};
      const lease = claim?.takeLease();
      if (found?.staleForMs === 0) {
        if (lease !== undefined) unused.push(lease);
        return arriving('WAITED', Promise.resolve(loadedOf(found)));
      }
      const generations = claim?.generations;
      // Whoever has the lease leads, even if somebody of this process already waits for it.
      const joinable = lease === undefined ? this.#joinable(item, generations) : undefined;
      if (joinable !== undefined) return arriving('JOINED', joinable);
      const isOurs = lease !== undefined || claimed === undefined;
      // Another process refreshes it already, and this reader has his answer.
      if (!isOurs && item.isRefresh === true) return arriving('JOINED', Promise.resolve(loadedOf(found)));
      const flight = createDeferred<T>();
      this.#announce(item, generations, flight);
      if (isOurs) {
        led.push({ wanted: item, generations, lease, flight });
        return arriving('MISS', flight.promise);
      }
      waiting.push({ wanted: item, flight });
      return arriving('WAITED', flight.promise);
    });
    this.#depart(led, lead);
    if (waiting.length > 0) this.#run(() => this.#waitForOthers(waiting, lead));
    if (unused.length > 0) this.#run(() => this.#options.entries.release(unused));
    return arrivals;
  }

  /** Loads for these readers alone: nothing is joined and nothing is stored. */
  alone<W>(wanted: readonly W[], lead: Lead<W, T>): readonly Arrival<T>[] {
    const led = wanted.map((item): Led<W, T> => {
      const flight = createDeferred<T>();
      return { wanted: item, generations: undefined, lease: undefined, flight };
    });
    this.#run(() => lead(led));
    return led.map(({ flight }) => arriving('MISS', flight.promise));
  }

  /** From now on nobody waits for other processes: who still does loads by himself. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Sets off the loads of this process: those with a lease at once, those without in their turn. */
  #depart<W extends Wanted>(led: readonly Led<W, T>[], lead: Lead<W, T>): void {
    const leased = led.filter(({ lease }) => lease !== undefined);
    if (leased.length > 0) this.#run(() => this.#load(leased, lead));
    const free: Led<W, T>[] = [];
    for (const item of led) {
      if (item.lease !== undefined) continue;
      const before = this.#unclaimed.underWay(item.wanted.address.key);
      if (before === undefined) free.push(item);
      else this.#run(() => before.then(() => this.#loadBounded([item], lead)));
    }
    if (free.length > 0) this.#run(() => this.#loadBounded(free, lead));
  }

  #loadBounded<W extends Wanted>(led: readonly Led<W, T>[], lead: Lead<W, T>): Promise<void> {
    const load = (): Promise<void> => {
      for (const { wanted, generations, flight } of led) {
        if (generations === undefined) this.#unclaimed.begin(wanted.address.key, flight.promise);
      }
      return this.#load(led, lead);
    };
    // A load that makes another one must not wait for a place that it holds itself.
    if (this.#inLimit.getStore() !== undefined) return load();
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

  /** Asks again whenever a lease ends, and from time to time: the entry may be there, or the lease be free. */
  async #waitForOthers<W extends Wanted>(all: readonly Waiting<W, T>[], lead: Lead<W, T>): Promise<void> {
    const { clock, entries, wakeUps, waitAtMostMs } = this.#options;
    const untilMs = clock.nowMs() + waitAtMostMs;
    let waiting = all;
    let pauseMs = FIRST_PAUSE_MS;
    let listening = wakeUps.listen(keysOf(waiting));
    try {
      while (waiting.length > 0) {
        await Promise.race([listening.heard, clock.sleep(this.#jittered(pauseMs))]);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
        // First listen, then look, then wait: what ends in between is heard.
        listening.stop();
        listening = wakeUps.listen(keysOf(waiting));
        const claimed = await entries.claim(waiting.map(({ wanted }) => wanted));
        waiting = this.#settle(waiting, {
          claimed,
          isOverdue: this.#isStopping || clock.nowMs() >= untilMs,
          lead,
        });
      }
    } finally {
      listening.stop();
    }
  }

  /** Ends the waits that have an end, and answers with those that have not. */
  #settle<W extends Wanted>(
    waiting: readonly Waiting<W, T>[],
    outcome: { claimed: readonly Claimed[] | undefined; isOverdue: boolean; lead: Lead<W, T> },
  ): readonly Waiting<W, T>[] {
    const { claimed, isOverdue, lead } = outcome;
    const led: Led<W, T>[] = [];
    const unused: Lease[] = [];
    const still = waiting.filter(({ wanted, flight }, index) => {
      const { claim, found } = claimed?.[index] ?? {};
      const lease = claim?.takeLease();
      if (found?.staleForMs === 0) {
        if (lease !== undefined) unused.push(lease);
        flight.resolve(this.#options.loadedOf(found));
        return false;
      }
      if (lease === undefined && claim !== undefined && !isOverdue) return true;
      const generations = claim?.generations;
      // Under its present name, so that whoever comes now joins.
      this.#announce(wanted, generations, flight);
      led.push({ wanted, generations, lease, flight });
      return false;
    });
    this.#depart(led, lead);
    if (unused.length > 0) this.#run(() => this.#options.entries.release(unused));
    return still;
  }

  #joinable(
    { address: { key } }: Wanted,
    generations: readonly string[] | undefined,
  ): Promise<T> | undefined {
    if (generations === undefined) return this.#unclaimed.get(key);
    return this.#options.flights.get(flightKey(key, generations));
  }

  #announce(
    { address: { key } }: Wanted,
    generations: readonly string[] | undefined,
    { promise }: Deferred<T>,
  ): void {
    if (generations === undefined) this.#unclaimed.announce(key, promise);
    else this.#options.flights.announce(flightKey(key, generations), promise);
  }

  #jittered(ms: number): number {
    return ms * (1 - JITTER * this.#options.random());
  }

  #run(work: () => Promise<unknown>): void {
    this.#options.background.run(work, this.#options.onBug);
  }
}

function keysOf(waiting: readonly { readonly wanted: Wanted }[]): string[] {
  return waiting.map(({ wanted }) => wanted.address.key);
}

function arriving<T>(outcome: Outcome, flight: Promise<T>): Arrival<T> {
  return { arrives: flight.then((loaded) => ({ outcome, loaded })) };
}
