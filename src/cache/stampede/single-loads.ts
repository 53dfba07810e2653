import { hasCome, type Clock } from '../time/clock.js';
import type { Trace } from '../metrics/trace.js';
import type { Lease } from '../store/store.js';
import type { Claimed, Wanted } from '../coherence/entries.js';
import type { Found } from '../coherence/entry-field.js';
import { createDeferred, type Deferred } from '../time/deferred.js';
import { doublingPauseMs, type DoublingPause } from '../time/doubling-pause.js';
import { pause } from '../time/pause.js';
import { Departures, type Departing, type DeparturesOptions } from './departures.js';
import { flightKey, nameOf, type Flights } from './flights.js';
import type { Lead, Led } from './led.js';
import { UnclaimedFlights } from './unclaimed-flights.js';
import type { WakeUps } from './wake-ups.js';

/** How a reader came to its value: by its own load, by joining one, or by waiting for another process's. */
export type Outcome = 'MISS' | 'JOINED' | 'WAITED';

/** In its own object, so that one slow flight does not hold up the rest of its batch. */
export interface Arrival<T> {
  readonly arrives: Promise<{ readonly outcome: Outcome; readonly loaded: T }>;
}

export interface SingleLoadsOptions<T extends { readonly landed: unknown }> extends Omit<
  DeparturesOptions<T>,
  'unclaimed'
> {
  readonly flights: Flights<T>;
  readonly wakeUps: WakeUps;
  readonly clock: Clock;
  readonly random: () => number;
  /** What a flight brings when another load has stored the entry meanwhile. */
  readonly loadedOf: (found: Found | undefined) => T;
}

/** What a reader, or a refresh that no reader waits for, wants loaded. */
export interface WantedLoad extends Departing {
  /** For a refresh: what is refreshed. It is left alone where another load is under way, or was made since. */
  readonly refreshes?: Found | undefined;
}

interface Waiting<W, T> {
  readonly wanted: W;
  readonly flight: Deferred<T>;
  readonly sinceMs: number;
}

/** How long the pauses between looks are. */
const LOOKS: DoublingPause = { firstMs: 25, longestMs: 200, jitter: 0.2 };

/**
 * One load per entry, over all processes: in this process by flights that others join, between processes by leases of
 * the store. Loads are detached from the request that began them. Leases only save work: a reader that waits too long, or
 * finds the store in trouble, loads by itself, and what is stored is guarded by its generations.
 */
export class SingleLoads<T extends { readonly landed: unknown }> {
  readonly #options: SingleLoadsOptions<T>;
  readonly #unclaimed = new UnclaimedFlights<T>();
  readonly #departures: Departures<T>;
  #isStopping = false;

  constructor(options: SingleLoadsOptions<T>) {
    this.#options = options;
    this.#departures = new Departures({ ...options, unclaimed: this.#unclaimed });
  }

  /** Finds out for each entry who loads it; what falls to this process is given to `lead`, now or later. */
  async begin<W extends WantedLoad>(
    wanted: readonly W[],
    lead: Lead<W, T>,
    trace: Trace | undefined,
  ): Promise<readonly Arrival<T>[]> {
    const { loadedOf, clock } = this.#options;
    const claimed = await this.#options.entries.claim(wanted, trace);
    const led: Led<W, T>[] = [];
    const waiting: Waiting<W, T>[] = [];
    const unused: Lease[] = [];
    const arrivals = wanted.map((item, index): Arrival<T> => {
      const { claim, found } = claimed?.[index] ?? {};
      const lease = claim?.takeLease();
      if (found?.staleForMs === 0 && found.loadedAtMs !== item.refreshes?.loadedAtMs) {
        if (lease !== undefined) unused.push(lease);
        return arriving('WAITED', Promise.resolve(loadedOf(found)));
      }
      const generations = claim?.generations;
      // The load that has the lease leads, even if another one of this process already waits for it.
      const joinable = lease === undefined ? this.#joinable(item, generations) : undefined;
      if (joinable !== undefined) return arriving('JOINED', joinable);
      const isOurs = lease !== undefined || claimed === undefined;
      // Another process refreshes it already, and this reader has its answer.
      if (!isOurs && item.refreshes !== undefined)
        return arriving('JOINED', Promise.resolve(loadedOf(found ?? item.refreshes)));
      const flight = createDeferred<T>();
      this.#announce(item, generations, flight);
      if (isOurs) {
        led.push({ wanted: item, generations, lease, flight });
        return arriving('MISS', flight.promise);
      }
      waiting.push({ wanted: item, flight, sinceMs: clock.nowMs() });
      return arriving('WAITED', flight.promise);
    });
    this.#departures.setOff(led, lead);
    if (waiting.length > 0) this.#run(() => this.#waitForOthers(waiting, lead));
    if (unused.length > 0) this.#run(() => this.#options.entries.release(unused));
    return arrivals;
  }

  /** Loads for these readers alone: nothing is joined and nothing is stored. */
  alone<W extends Wanted>(wanted: readonly W[], lead: Lead<W, T>): readonly Arrival<T>[] {
    const led = wanted.map((item): Led<W, T> => {
      const flight = createDeferred<T>();
      return { wanted: item, generations: undefined, lease: undefined, flight };
    });
    this.#run(() => this.#options.overdue.during(led, lead));
    return led.map(({ flight }) => arriving('MISS', flight.promise));
  }

  /** True while loads of this process wait for their turn. */
  get isCrowded(): boolean {
    return this.#departures.isCrowded;
  }

  /** From now on no load waits for other processes: one that still does loads by itself. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Asks again whenever a lease ends, and from time to time: the entry may be there, or the lease be free. */
  async #waitForOthers<W extends Departing>(all: readonly Waiting<W, T>[], lead: Lead<W, T>): Promise<void> {
    const { clock, entries, wakeUps } = this.#options;
    let waiting = all;
    let looks = 0;
    let listening = wakeUps.listen(keysOf(waiting));
    try {
      while (waiting.length > 0) {
        looks += 1;
        await pause(clock, this.#nextLookMs(waiting, looks), listening.heard);
        // First listen, then look, then wait: what ends in between is heard.
        listening.stop();
        listening = wakeUps.listen(keysOf(waiting));
        const claimed = await entries.claim(waiting.map(({ wanted }) => wanted));
        waiting = this.#settle(waiting, claimed, lead);
      }
    } finally {
      listening.stop();
    }
  }

  /** Ends the waits that have an end, and answers with those that have not. */
  #settle<W extends Departing>(
    waiting: readonly Waiting<W, T>[],
    claimed: readonly Claimed[] | undefined,
    lead: Lead<W, T>,
  ): readonly Waiting<W, T>[] {
    const { clock, loadTimes, loadedOf } = this.#options;
    const nowMs = clock.nowMs();
    const led: Led<W, T>[] = [];
    const unused: Lease[] = [];
    const still = waiting.filter(({ wanted, flight, sinceMs }, index) => {
      const { claim, found } = claimed?.[index] ?? {};
      const lease = claim?.takeLease();
      if (found?.staleForMs === 0) {
        if (lease !== undefined) unused.push(lease);
        loadTimes.note(wanted.field, Math.max(found.loadMs, nowMs - sinceMs));
        flight.resolve(loadedOf(found));
        return false;
      }
      // Asked anew at each look: loads of the field may have begun to take longer, here as there.
      const patienceMs = this.#patienceMs(wanted);
      const isOver = this.#isStopping || hasCome(sinceMs + patienceMs, nowMs, patienceMs);
      if (lease === undefined && claim !== undefined && !isOver) return true;
      const generations = claim?.generations;
      // Under its present name, so that a reader that comes now joins.
      this.#announce(wanted, generations, flight);
      led.push({ wanted, generations, lease, flight });
      return false;
    });
    this.#departures.setOff(led, lead);
    if (unused.length > 0) this.#run(() => this.#options.entries.release(unused));
    return still;
  }

  #joinable({ address }: Wanted, generations: readonly string[] | undefined): Promise<T> | undefined {
    const name = nameOf(address);
    if (generations === undefined) return this.#unclaimed.get(name);
    return this.#options.flights.get(flightKey(name, generations));
  }

  #announce({ address }: Wanted, generations: readonly string[] | undefined, { promise }: Deferred<T>): void {
    const name = nameOf(address);
    if (generations === undefined) this.#unclaimed.announce(name, promise);
    else this.#options.flights.announce(flightKey(name, generations), promise);
  }

  /** A jittered pause, which ends with the first patience. */
  #nextLookMs(waiting: readonly Waiting<Wanted, T>[], looks: number): number {
    const { clock, random } = this.#options;
    const ends = waiting.map(({ wanted, sinceMs }) => sinceMs + this.#patienceMs(wanted));
    const untilMs = ends.reduce((first, end) => Math.min(first, end), Infinity);
    return Math.min(doublingPauseMs(LOOKS, looks, random), Math.max(untilMs - clock.nowMs(), 1));
  }

  /** Where a load would have to wait here, too, another process's load is the better one, however slow it is. */
  #patienceMs({ field }: Wanted): number {
    const { loadTimes } = this.#options;
    return this.#departures.wouldWait(field) ? loadTimes.longestMs : loadTimes.patienceMs(field);
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
