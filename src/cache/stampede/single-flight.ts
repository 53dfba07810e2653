import { hasCome, type Clock } from '../time/clock.js';
import type { Trace } from '../metrics/trace.js';
import type { Lease } from '../store/store.js';
import type { Claim } from '../coherence/claim.js';
import type { Claimed, Wanted } from '../coherence/entries.js';
import type { EntryField, Found } from '../coherence/entry-field.js';
import { doublingPauseMs, type DoublingPause } from '../time/doubling-pause.js';
import { pause } from '../time/pause.js';
import { LoadScheduler, type LoadSchedulerOptions } from './load-scheduler.js';
import { flightKey, nameOf, type Flight, type Flights } from './flights.js';
import { LoadWaits } from './load-waits.js';
import { PendingLoad, type RunningLoads } from './pending-load.js';
import { WaitsForItself } from './waits-for-itself.js';
import type { LoadRequest, LoadTask, RunLoads } from './load-task.js';
import { UnclaimedFlights } from './unclaimed-flights.js';
import type { WakeUps } from './wake-ups.js';

/** How a reader came to its value: by its own load, by joining one, or by waiting for another process's. */
export type Outcome = 'MISS' | 'JOINED' | 'WAITED';

/** A load that a reader waits for; in its own object, so that one slow flight does not hold up the rest of its batch. */
export interface AwaitedLoad<T> {
  readonly result: Promise<{ readonly outcome: Outcome; readonly loaded: T }>;
}

export interface SingleFlightOptions<T extends { readonly filled: unknown }> extends Omit<
  LoadSchedulerOptions<T>,
  'unclaimed' | 'waits'
> {
  readonly flights: Flights<T>;
  readonly wakeUps: WakeUps;
  readonly clock: Clock;
  readonly random: () => number;
  /** What a flight brings when another load has stored the entry meanwhile. */
  readonly loadedOf: (found: Found | undefined) => T;
}

interface Waiting<W, T> {
  readonly wanted: W;
  readonly flight: PendingLoad<T>;
  readonly sinceMs: number;
}

/** The lease that a reader was given, and where it goes if it is of no use. */
interface Given {
  readonly lease: Lease | undefined;
  readonly unused: Lease[];
}

/** How long the pauses between looks are. */
const LOOKS: DoublingPause = { firstMs: 25, longestMs: 200, jitter: 0.2 };

/**
 * Single flight, one load per entry, over all processes: in this process by flights that others join, between processes by leases of
 * the store. Loads are detached from the request that began them. Leases only save work: a reader that waits too long, or
 * finds the store in trouble, loads by itself, and what is stored is guarded by its generations.
 */
export class SingleFlight<T extends { readonly filled: unknown }> {
  readonly #options: SingleFlightOptions<T>;
  readonly #unclaimed = new UnclaimedFlights<T>();
  readonly #waits = new LoadWaits<T>();
  readonly #scheduler: LoadScheduler<T>;
  #isStopping = false;

  constructor(options: SingleFlightOptions<T>) {
    this.#options = options;
    this.#scheduler = new LoadScheduler({ ...options, unclaimed: this.#unclaimed, waits: this.#waits });
  }

  /** Finds out for each entry who loads it; what falls to this process is given to `runLoads`, now or later. */
  async begin<W extends LoadRequest>(
    wanted: readonly W[],
    runLoads: RunLoads<W, T>,
    trace: Trace | undefined,
  ): Promise<readonly AwaitedLoad<T>[]> {
    const { loadedOf, clock } = this.#options;
    // What replaces an entry must be stored: others have the one before it.
    const mayGiveUp = wanted.every(
      ({ refreshes, field }) => refreshes === undefined && this.isLoadedSoon(field),
    );
    const claimed = await this.#options.entries.claim(wanted, { trace, mayGiveUp });
    const tasks: LoadTask<W, T>[] = [];
    const waiting: Waiting<W, T>[] = [];
    const unused: Lease[] = [];
    const awaited = wanted.map((item, index): AwaitedLoad<T> => {
      const { claim, found } = claimed?.[index] ?? {};
      const lease = leaseOf(claim, unused);
      if (found !== undefined && isAnswer(item, found)) {
        if (lease !== undefined) unused.push(lease);
        return awaitedLoad('WAITED', Promise.resolve(loadedOf(found)));
      }
      const generations = claim?.generations;
      const joinable = this.#joinable(item, generations, { lease, unused });
      const endless = this.#endless(item, joinable ?? this.#before(item, generations));
      if (endless !== undefined) return awaitedLoad('JOINED', endless);
      if (joinable !== undefined) return awaitedLoad('JOINED', joinable.promise);
      const isOurs = lease !== undefined || generations === undefined;
      // Another process refreshes it already, and this reader has its answer.
      if (!isOurs && item.refreshes !== undefined && item.sinceMs === undefined)
        return awaitedLoad('JOINED', Promise.resolve(loadedOf(found ?? item.refreshes)));
      const flight = new PendingLoad<T>(item.field.coordinate);
      this.#waits.mayWaitFor(flight, item);
      if (isOurs) {
        tasks.push(this.#announceLoad({ wanted: item, generations, lease, flight }));
        return awaitedLoad('MISS', flight.promise);
      }
      this.#announce(item, generations, { pending: flight, load: undefined });
      waiting.push({ wanted: item, flight, sinceMs: clock.nowMs() });
      return awaitedLoad('WAITED', flight.promise);
    });
    this.#scheduler.schedule(tasks, runLoads);
    if (waiting.length > 0) this.#run(() => this.#waitForOthers(waiting, runLoads));
    if (unused.length > 0) this.#run(() => this.#options.entries.release(unused));
    return awaited;
  }

  /** Loads for these readers alone: nothing is joined and nothing is stored. */
  alone<W extends Wanted>(wanted: readonly W[], runLoads: RunLoads<W, T>): readonly AwaitedLoad<T>[] {
    const tasks = wanted.map((item): LoadTask<W, T> => {
      const flight = new PendingLoad<T>(item.field.coordinate);
      return { wanted: item, generations: undefined, lease: undefined, flight };
    });
    this.#run(async () => {
      try {
        await this.#options.overdue.during(tasks, runLoads);
      } catch (error) {
        for (const { flight } of tasks) flight.reject(error);
        throw error;
      }
    });
    return tasks.map(({ flight }) => awaitedLoad('MISS', flight.promise));
  }

  /** Whether the origin answers for this field before a store that is silent for a moment would be waited for in vain. */
  isLoadedSoon(field: EntryField): boolean {
    return this.#options.loadTimes.isQuick(field) && !this.#scheduler.wouldWait(field);
  }

  /** The code that runs now reads an entry. */
  noteRead(): void {
    this.#waits.noteRead();
  }

  /** The loads that a reader is a part of, who asks now. */
  aroundReader(request: Pick<LoadRequest, 'refreshes' | 'sinceMs'>): RunningLoads | undefined {
    return this.#waits.aroundReader(request);
  }

  /** True while loads of this process wait for their turn. */
  get isCrowded(): boolean {
    return this.#scheduler.isCrowded;
  }

  /** From now on no load waits for other processes: one that still does loads by itself. */
  stop(): void {
    this.#isStopping = true;
    this.#options.wakeUps.stop();
  }

  /** Asks again whenever a lease ends, and from time to time: the entry may be there, or the lease be free. */
  async #waitForOthers<W extends LoadRequest>(
    all: readonly Waiting<W, T>[],
    runLoads: RunLoads<W, T>,
  ): Promise<void> {
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
        waiting = this.#settle(waiting, claimed, runLoads);
      }
    } finally {
      listening.stop();
    }
  }

  /** Ends the waits that have an end, and answers with those that have not. */
  #settle<W extends LoadRequest>(
    waiting: readonly Waiting<W, T>[],
    claimed: readonly Claimed[] | undefined,
    runLoads: RunLoads<W, T>,
  ): readonly Waiting<W, T>[] {
    const { clock, loadTimes, loadedOf } = this.#options;
    const nowMs = clock.nowMs();
    const tasks: LoadTask<W, T>[] = [];
    const unused: Lease[] = [];
    const still = waiting.filter(({ wanted, flight, sinceMs }, index) => {
      const { claim, found } = claimed?.[index] ?? {};
      const lease = leaseOf(claim, unused);
      if (found !== undefined && isAnswer(wanted, found)) {
        if (lease !== undefined) unused.push(lease);
        loadTimes.note(wanted.field, Math.max(found.loadMs, nowMs - sinceMs));
        flight.resolve(loadedOf(found));
        return false;
      }
      const generations = claim?.generations;
      const given: Given = { lease, unused };
      const joinable =
        generations === undefined
          ? this.#joinable(wanted, generations, given)
          : this.#underWay(wanted, generations, given);
      const first = joinable ?? this.#before(wanted, generations);
      if (first?.waitsForEndOf(flight) === true) {
        // It began meanwhile, and wants what this one is a part of.
        flight.reject(waitsForItself(wanted, first));
        return false;
      }
      if (joinable !== undefined) {
        flight.follow(joinable);
        return false;
      }
      // Asked anew at each look: loads of the field may have begun to take longer, here as there.
      const patienceMs = this.#patienceMs(wanted);
      const isOver = this.#isStopping || hasCome(sinceMs + patienceMs, nowMs, patienceMs);
      if (lease === undefined && generations !== undefined && !isOver) return true;
      // Under its present name, so that a reader that comes now joins.
      tasks.push(this.#announceLoad({ wanted, generations, lease, flight }));
      return false;
    });
    this.#scheduler.schedule(tasks, runLoads);
    if (unused.length > 0) this.#run(() => this.#options.entries.release(unused));
    return still;
  }

  /** What a reader joins. Who was given the lease leads, even if another one of this process waits for it, unless it is loaded here. */
  #joinable(
    wanted: Wanted,
    generations: readonly string[] | undefined,
    given: Given,
  ): PendingLoad<T> | undefined {
    if (given.lease !== undefined) return this.#underWay(wanted, generations, given);
    const name = nameOf(wanted.address);
    if (generations === undefined) return this.#unclaimed.get(name);
    return this.#options.flights.get(flightKey(name, generations))?.pending;
  }

  /** The load of this process that is under way; a lease that was given is for it: its own was lost, as it stood still, say. */
  #underWay(
    { address }: Wanted,
    generations: readonly string[] | undefined,
    { lease, unused }: Given,
  ): PendingLoad<T> | undefined {
    if (generations === undefined) return undefined;
    const { load, pending } = this.#options.flights.get(flightKey(nameOf(address), generations)) ?? {};
    if (load === undefined) return undefined;
    if (lease !== undefined && load.flight.isSettled) unused.push(lease);
    else if (lease !== undefined) this.#options.keeper.hand(load, lease);
    return pending;
  }

  /** The load that has to end before one of this reader may begin. */
  #before({ address }: Wanted, generations: readonly string[] | undefined): PendingLoad<T> | undefined {
    return generations === undefined ? this.#unclaimed.underWay(nameOf(address)) : undefined;
  }

  /** What a reader is told who would wait for a load that waits for this reader; undefined for all others. */
  #endless(item: LoadRequest, load: PendingLoad<T> | undefined): Promise<never> | undefined {
    if (load === undefined || this.#waits.mayWaitFor(load, item)) return undefined;
    return Promise.reject(waitsForItself(item, load));
  }

  #announceLoad<W extends LoadRequest>(load: LoadTask<W, T>): LoadTask<W, T> {
    this.#announce(load.wanted, load.generations, { pending: load.flight, load });
    return load;
  }

  #announce({ address }: Wanted, generations: readonly string[] | undefined, flight: Flight<T>): void {
    const name = nameOf(address);
    if (generations === undefined) this.#unclaimed.announce(name, flight.pending);
    else this.#options.flights.announce(flightKey(name, generations), flight);
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
    return this.#scheduler.wouldWait(field) ? loadTimes.longestMs : loadTimes.patienceMs(field);
  }

  #run(work: () => Promise<unknown>): void {
    this.#options.background.run(work, this.#options.onBug);
  }
}

/** Under generations that are not known no load has a lease: one that was given goes back. */
function leaseOf(claim: Claim | undefined, unused: Lease[]): Lease | undefined {
  const lease = claim?.takeLease();
  if (lease === undefined || claim?.generations !== undefined) return lease;
  unused.push(lease);
  return undefined;
}

/** Whether what was stored meanwhile makes a load unnecessary. */
function isAnswer({ refreshes, sinceMs }: LoadRequest, { staleForMs, loadedAtMs }: Found): boolean {
  if (staleForMs !== 0) return false;
  return sinceMs === undefined ? loadedAtMs !== refreshes?.loadedAtMs : loadedAtMs >= sinceMs;
}

function waitsForItself({ field: { coordinate = 'a field' } }: Wanted, load: PendingLoad<unknown>): Error {
  return new WaitsForItself(coordinate, load.coordinate);
}

function keysOf(waiting: readonly { readonly wanted: Wanted }[]): string[] {
  return waiting.map(({ wanted }) => wanted.address.key);
}

function awaitedLoad<T>(outcome: Outcome, flight: Promise<T>): AwaitedLoad<T> {
  return { result: flight.then((loaded) => ({ outcome, loaded })) };
}
