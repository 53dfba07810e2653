import type { Clock } from '../time/clock.js';
import type { Entries, Wanted } from '../coherence/entries.js';
import type { EntryField } from '../coherence/entry-field.js';
import type { Background } from './background.js';
import { nameOf } from './flights.js';
import type { LoadTimes } from './load-times.js';
import type { LeaseKeeper } from './lease-keeper.js';
import type { LoadRequest, LoadTask, RunLoads } from './load-task.js';
import type { LoadWaits, Places } from './load-waits.js';
import type { OverdueLoads } from './overdue-loads.js';
import { Overloaded } from './overloaded.js';
import { Turns } from './turns.js';
import type { UnclaimedFlights } from './unclaimed-flights.js';

export interface LoadSchedulerOptions<T> {
  readonly entries: Entries;
  readonly keeper: LeaseKeeper;
  readonly background: Background;
  readonly unclaimed: UnclaimedFlights<T>;
  readonly waits: LoadWaits<T>;
  readonly overdue: OverdueLoads;
  /** Learns how long loads take, their wait for a turn included. */
  readonly loadTimes: LoadTimes;
  /** Most loads of fields at the same time; one call of an origin is one, however many entries it is for. */
  readonly atMost: number;
  /** Most loads at the same time while the store is away, and of what code loads after a wait that was too long. */
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
/** Times the bound: a reader that would wait behind more loads than these is better told at once. One field has its share. */
const QUEUE_FACTOR = 10;

/** Runs the loads that fall to this process, so many at a time, detached from the requests that began them. */
export class LoadScheduler<T> {
  readonly #options: LoadSchedulerOptions<T>;
  readonly #limit: Turns;
  readonly #ofFields: Turns;
  #awayAtMs = -Infinity;

  constructor(options: LoadSchedulerOptions<T>) {
    this.#options = options;
    this.#limit = new Turns(options.atMostWithoutStore);
    this.#ofFields = new Turns(options.atMost);
  }

  /**
   * Bounded as loads are while all is well, unless the store is away or has only just come back. Those of a field whose
   * loads hang fail without a wait.
   */
  schedule<W extends LoadRequest>(all: readonly LoadTask<W, T>[], runLoads: RunLoads<W, T>): void {
    const { overdue } = this.#options;
    const refused = all.filter(({ wanted }) => overdue.holdsBack(wanted.field));
    if (refused.length > 0) this.#run(() => this.#load(refused, (loads) => this.#holdBack(loads)));
    const tasks = refused.length === 0 ? all : all.filter((item) => !refused.includes(item));
    const isRamping = this.#ramp();
    const claimed = tasks.filter(isClaimed);
    if (claimed.length > 0) {
      this.#run(() =>
        isRamping ? this.#loadBounded(claimed, runLoads) : this.#loadInTurn(claimed, runLoads),
      );
    }
    const free: LoadTask<W, T>[] = [];
    for (const item of tasks) {
      if (isClaimed(item)) continue;
      const before = this.#options.unclaimed.underWay(nameOf(item.wanted.address));
      if (before === undefined) {
        free.push(item);
        continue;
      }
      const begin = (): Promise<void> => this.#loadBounded([item], runLoads);
      item.flight.waitBehind(before);
      this.#run(() => before.promise.then(begin, begin));
    }
    if (free.length > 0) this.#run(() => this.#loadBounded(free, runLoads));
  }

  /** True while loads wait for their turn. */
  get isCrowded(): boolean {
    return this.#ofFields.waiting > 0 || this.#limit.waiting > 0;
  }

  /** Sets how many loads may run at once; true while those with a lease count as well. */
  #ramp(): boolean {
    const { storeIsAway, clock, atMost, atMostWithoutStore } = this.#options;
    const nowMs = clock.nowMs();
    if (storeIsAway()) this.#awayAtMs = nowMs;
    // In the future: the clock was set back, and how long ago it was is not known.
    if (this.#awayAtMs > nowMs) this.#awayAtMs = -Infinity;
    const sinceMs = nowMs - this.#awayAtMs;
    const isRamping = sinceMs < RAMP_MS;
    const doublings = isRamping ? Math.floor(sinceMs / RAMP_STEP_MS) : 0;
    const bound = Math.min(atMostWithoutStore * 2 ** doublings, Math.max(atMost, atMostWithoutStore));
    if (this.#limit.atMost !== bound) this.#limit.atMost = bound;
    return isRamping;
  }

  /** True where a load of this field would wait for its turn, as others of it do, or be refused. */
  wouldWait({ counters }: EntryField): boolean {
    const isAwaited = this.#ofFields.isAwaitedBy(counters) || this.#limit.isAwaitedBy(counters);
    return isAwaited || this.#isFullFor(counters);
  }

  #isFullFor(owner: object): boolean {
    return this.#ofFields.isFullFor(owner, this.#options.atMost * (1 + QUEUE_FACTOR));
  }

  /**
   * Loads of fields are bounded also while all is well: a store that is suddenly empty sends everybody to the database.
   * What code loads by itself is not, nor what a load that has its place waits for.
   */
  #loadInTurn<W extends LoadRequest>(
    tasks: readonly LoadTask<W, T>[],
    runLoads: RunLoads<W, T>,
  ): Promise<void> {
    const begin: RunLoads<W, T> = (loads) => this.#options.overdue.during(loads, runLoads);
    if (isUrgent(tasks) || tasks.some(({ wanted }) => wanted.isPart === true))
      return this.#loadNow(tasks, begin);
    if (this.#isFullFor(ownerOf(tasks))) return this.#load(tasks, (loads) => this.#refuse(loads));
    return this.#load(tasks, (loads) => this.#inTurn(this.#ofFields, loads, begin));
  }

  #loadBounded<W extends Wanted>(tasks: readonly LoadTask<W, T>[], runLoads: RunLoads<W, T>): Promise<void> {
    const begin: RunLoads<W, T> = (loads) => {
      this.#closeUnclaimed(loads);
      return this.#options.overdue.during(loads, runLoads);
    };
    if (isUrgent(tasks)) return this.#loadNow(tasks, begin);
    if (this.#isBoundedFullFor(ownerOf(tasks))) return this.#load(tasks, (loads) => this.#refuse(loads));
    // Leases are kept while their loads wait: others would make them as well.
    return this.#load(tasks, (loads) => this.#inTurn(this.#limit, loads, begin));
  }

  #isBoundedFullFor(owner: object): boolean {
    const { atMostWithoutStore } = this.#options;
    return this.#limit.isFullFor(owner, this.#limit.atMost + QUEUE_FACTOR * atMostWithoutStore);
  }

  #refuse<W extends Wanted>(tasks: readonly LoadTask<W, T>[]): Promise<void> {
    const error = new Overloaded();
    for (const { flight } of tasks) flight.reject(error);
    this.#closeUnclaimed(tasks);
    this.#options.onOverload(error);
    return Promise.resolve();
  }

  #holdBack<W extends Wanted>(tasks: readonly LoadTask<W, T>[]): Promise<void> {
    this.#options.overdue.refuse(tasks);
    this.#closeUnclaimed(tasks);
    return Promise.resolve();
  }

  /** Flights that no reader can join any more: the next reader of the key tries again. */
  #closeUnclaimed<W extends Wanted>(tasks: readonly LoadTask<W, T>[]): void {
    for (const { wanted, generations, flight } of tasks) {
      if (generations === undefined) this.#options.unclaimed.begin(nameOf(wanted.address), flight);
    }
  }

  #inTurn<W extends Wanted>(
    turns: Turns,
    tasks: readonly LoadTask<W, T>[],
    begin: RunLoads<W, T>,
  ): Promise<void> {
    const work = (): Promise<void> =>
      this.#options.waits.run(tasks, this.#placesOf(turns), () => begin(tasks));
    return turns.run(ownerOf(tasks), work, (beginNow) => {
      for (const { flight } of tasks) flight.whenUrgent(beginNow);
    });
  }

  /** Whatever is bounded without the store is watched: there are few places. */
  #placesOf(turns: Turns): Places {
    return { areScarce: turns !== this.#ofFields || turns.isHalfFull };
  }

  #loadNow<W extends Wanted>(tasks: readonly LoadTask<W, T>[], begin: RunLoads<W, T>): Promise<void> {
    return this.#load(tasks, (loads) => this.#options.waits.run(loads, undefined, () => begin(loads)));
  }

  async #load<W extends Wanted>(tasks: readonly LoadTask<W, T>[], runLoads: RunLoads<W, T>): Promise<void> {
    const { loadTimes } = this.#options;
    for (const { wanted, flight } of tasks) loadTimes.asked(wanted.field, flight.promise);
    try {
      await this.#options.keeper.during(tasks, () => runLoads(tasks));
    } catch (error) {
      for (const { flight } of tasks) flight.reject(error);
      throw error;
    } finally {
      await this.#options.entries.release(tasks.flatMap(({ lease }) => lease ?? []));
    }
  }

  #run(work: () => Promise<unknown>): void {
    this.#options.background.run(work, this.#options.onBug);
  }
}

/**
 * True where nothing is missing of what the store knows. The lease may be: after a wait for another process that was too
 * long. What code loads then is bounded as while the store is away, since it is not bounded otherwise.
 */
function isClaimed({ wanted, generations, lease }: LoadTask<LoadRequest, unknown>): boolean {
  return lease !== undefined || (generations !== undefined && wanted.isPart !== true);
}

/** A load that holds a place must not wait for another that waits for one. */
function isUrgent(tasks: readonly LoadTask<unknown, unknown>[]): boolean {
  return tasks.some(({ flight }) => flight.isUrgent);
}

/** Places are shared between fields; a call of an origin counts for the first field that it is for. */
function ownerOf(tasks: readonly { readonly wanted: Wanted }[]): object {
  return tasks[0]?.wanted.field.counters ?? tasks;
}
