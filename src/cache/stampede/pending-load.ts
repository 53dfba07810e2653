import type { FieldCounters } from '../metrics/field-counters.js';
import { createDeferred, type Deferred } from '../time/deferred.js';

interface RunningOptions {
  readonly loads: readonly PendingLoad<unknown>[];
  readonly owners: readonly FieldCounters[];
  readonly holdsPlace: boolean;
}

/** Loads that run together: one of a resolver, or those of one call of an origin. */
export class RunningLoads {
  /** The fields that they are of. */
  readonly owners: readonly FieldCounters[];
  readonly #holdsPlace: boolean;
  /** What was wanted within them, and has not ended. */
  readonly waitsFor = new Set<PendingLoad<unknown>>();
  #loads: readonly PendingLoad<unknown>[];

  constructor({ loads, owners, holdsPlace }: RunningOptions) {
    this.#loads = loads;
    this.owners = owners;
    this.#holdsPlace = holdsPlace;
  }

  /** True while they hold a place that others wait for, or are waited for by loads that do. */
  get isUrgent(): boolean {
    return this.#loads.some((load) => this.#holdsPlace || load.isUrgent);
  }

  get areOver(): boolean {
    return this.#loads.length === 0;
  }

  /** Code that goes on is a part of no load any more. */
  end(): void {
    this.#loads = [];
    this.waitsFor.clear();
  }
}

/** A load that is waited for, from when it was wanted until it has ended; and what it waits for itself. */
export class PendingLoad<T> implements Deferred<T> {
  /** Of the field, for what is told of it. */
  readonly coordinate: string;
  readonly #settling = createDeferred<T>();
  readonly #beginNow: (() => void)[] = [];
  #behind: PendingLoad<unknown> | undefined;
  #running: RunningLoads | undefined;
  #isUrgent = false;

  constructor(coordinate = 'a field') {
    this.coordinate = coordinate;
  }

  get promise(): Promise<T> {
    return this.#settling.promise;
  }

  get isSettled(): boolean {
    return this.#settling.isSettled;
  }

  resolve(value: T): void {
    this.#settling.resolve(value);
  }

  reject(reason: unknown): void {
    this.#settling.reject(reason);
  }

  /** True where a load that holds a place waits for it: it must not wait for a place itself. */
  get isUrgent(): boolean {
    return this.#isUrgent;
  }

  /** From now on it is urgent, and so is all that it waits for. */
  hurry(): void {
    if (this.#isUrgent || this.isSettled) return;
    this.#isUrgent = true;
    for (const beginNow of this.#beginNow) beginNow();
    for (const load of this.#waitsFor()) load.hurry();
  }

  /** It waits for its turn, which `beginNow` ends. */
  whenUrgent(beginNow: () => void): void {
    this.#beginNow.push(beginNow);
  }

  /** It waits for the end of another load. */
  waitBehind(other: PendingLoad<unknown>): void {
    this.#behind = other;
    if (this.#isUrgent) other.hurry();
    // Of many that come after each other, each would keep the one before it.
    const forget = (): void => {
      if (this.#behind === other) this.#behind = undefined;
    };
    other.promise.then(forget, forget);
  }

  /** It becomes what another load brings. */
  follow(other: PendingLoad<T>): void {
    this.waitBehind(other);
    other.promise.then(
      (value) => this.resolve(value),
      (error: unknown) => this.reject(error),
    );
  }

  runsIn(running: RunningLoads): void {
    this.#running = running;
  }

  /** Whether it can end only once this has. */
  waitsForEndOf(other: RunningLoads | PendingLoad<unknown>, seen = new Set<PendingLoad<unknown>>()): boolean {
    if (this.isSettled || seen.has(this)) return false;
    if (this === other || this.#running === other) return true;
    seen.add(this);
    return this.#waitsFor().some((load) => load.waitsForEndOf(other, seen));
  }

  #waitsFor(): PendingLoad<unknown>[] {
    const within = this.#running?.waitsFor ?? [];
    return this.#behind === undefined ? [...within] : [this.#behind, ...within];
  }
}
