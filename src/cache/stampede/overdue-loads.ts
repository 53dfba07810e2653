import { hasCome, type CallOff, type Clock } from '../time/clock.js';
import { createDeferred } from '../time/deferred.js';
import type { CacheLog } from '../log.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import { OnceInAWhile } from '../time/once-in-a-while.js';
import type { Wanted } from '../coherence/entries.js';
import type { EntryField } from '../coherence/entry-field.js';
import type { LoadTask, RunLoads } from './load-task.js';
import { LoadOverdue } from './load-overdue.js';

export interface OverdueLoadsOptions {
  readonly clock: Clock;
  readonly log: CacheLog;
  /** Milliseconds from its beginning after which a load is waited for no longer. */
  readonly deadlineMs: number;
  /** Loads of one field that hang past their deadline before the field is held back. */
  readonly overdueAtMost: number;
}

interface Running {
  readonly untilMs: number;
  giveUp(): void;
}

/** What hangs of one field. */
interface Hanging {
  /** One object for each load, the oldest first. */
  readonly loads: Set<object>;
  /** True while one load finds out whether the field is answered again. */
  isTried: boolean;
}

const QUIET_MS = 10_000;

/**
 * Ends the wait for loads that hang. A load past its deadline fails for all who wait, and what it brings later is dropped;
 * it cannot be ended, so it is counted for as long as it goes on. A field of which too many hang is held back: its
 * loads fail at once, but for one at a time that tries. Each load that ends in time then takes half of those that hang off
 * the count, so that a field that is answered again is soon as it was.
 */
export class OverdueLoads {
  readonly #options: OverdueLoadsOptions;
  /** In the order of their deadlines. They share a timer: those that are over together are given up before others begin. */
  readonly #running = new Set<Running>();
  readonly #hanging = new Map<FieldCounters, Hanging>();
  readonly #told: OnceInAWhile;
  #callOffLook: CallOff | undefined;

  constructor(options: OverdueLoadsOptions) {
    this.#options = options;
    this.#told = new OnceInAWhile({ clock: options.clock, quietMs: QUIET_MS });
  }

  /** True where a load of this field would fail at once. */
  holdsBack({ counters }: EntryField): boolean {
    const hanging = this.#hanging.get(counters);
    return hanging !== undefined && hanging.isTried && this.#isFull(hanging);
  }

  /** Has these loads fail, as loads of their fields hang. */
  refuse<W extends Wanted, T>(tasks: readonly LoadTask<W, T>[]): void {
    for (const { wanted, flight } of tasks) {
      const { coordinate = 'a field', counters } = wanted.field;
      const hanging = this.#hanging.get(counters)?.loads.size ?? 0;
      counters.heldBackLoads += 1;
      const what = `${hanging} loads hang past loads.deadlineMs, so others do not begin until it is answered again`;
      flight.reject(new LoadOverdue(coordinate, what));
    }
  }

  /** Makes loads that begin now; resolves when they have ended, or at their deadline. */
  async during<W extends Wanted, T>(
    tasks: readonly LoadTask<W, T>[],
    runLoads: RunLoads<W, T>,
  ): Promise<void> {
    const refused = tasks.filter(({ wanted }) => this.holdsBack(wanted.field));
    if (refused.length > 0) this.refuse(refused);
    const begun = refused.length === 0 ? tasks : tasks.filter((item) => !refused.includes(item));
    if (begun.length === 0) return;
    const fields = fieldsOf(begun);
    const tried = fields.flatMap((field) => this.#begin(field) ?? []);
    const work = runLoads(begun);
    const load = {};
    let isOverdue = false;
    const over = createDeferred<void>();
    const { clock, deadlineMs } = this.#options;
    const running: Running = {
      untilMs: clock.nowMs() + deadlineMs,
      giveUp: () => {
        isOverdue = true;
        for (const field of fields) this.#giveUp(field, load);
        for (const { wanted, flight } of begun) flight.reject(this.#errorOf(wanted.field));
        over.resolve();
      },
    };
    this.#running.add(running);
    if (this.#callOffLook === undefined) this.#lookIn(deadlineMs);
    const ended = (): void => {
      this.#running.delete(running);
      if (this.#running.size === 0) this.#lookNoMore();
      for (const field of fields) this.#end(field, load, isOverdue);
    };
    work.then(ended, ended);
    work.then(over.resolve, over.reject);
    await over.promise.finally(() => {
      for (const hanging of tried) hanging.isTried = false;
    });
  }

  #isFull({ loads }: Hanging): boolean {
    return loads.size >= this.#options.overdueAtMost;
  }

  /** The first load of a field that is held back tries; the others wait for what becomes of it. */
  #begin({ counters }: EntryField): Hanging | undefined {
    const hanging = this.#hanging.get(counters);
    if (hanging === undefined || !this.#isFull(hanging)) return undefined;
    hanging.isTried = true;
    return hanging;
  }

  #giveUp({ coordinate = 'a field', counters }: EntryField, load: object): void {
    counters.overdueLoads += 1;
    counters.failedLoads += 1;
    const hanging = this.#hanging.get(counters) ?? { loads: new Set(), isTried: false };
    hanging.loads.add(load);
    this.#hanging.set(counters, hanging);
    const overdue = this.#told.happened(coordinate);
    if (overdue === undefined) return;
    const { deadlineMs } = this.#options;
    const details = { coordinate, deadlineMs, overdue, hanging: hanging.loads.size };
    this.#options.log.error(details, 'a load is past its deadline and is waited for no longer');
  }

  #end({ counters }: EntryField, load: object, isOverdue: boolean): void {
    const hanging = this.#hanging.get(counters);
    if (hanging === undefined) return;
    if (isOverdue) hanging.loads.delete(load);
    else if (this.#isFull(hanging)) forgetHalf(hanging);
    if (hanging.loads.size === 0) this.#hanging.delete(counters);
  }

  #errorOf({ coordinate = 'a field' }: EntryField): LoadOverdue {
    const { deadlineMs } = this.#options;
    return new LoadOverdue(coordinate, `a load took longer than loads.deadlineMs, which is ${deadlineMs}`);
  }

  #lookIn(ms: number): void {
    this.#callOffLook = this.#options.clock.after(Math.max(ms, 1), () => this.#look());
  }

  /** Gives up what is past its deadline. A timer may end early: where it cannot be set for so long, or the time is a test's. */
  #look(): void {
    const { clock, deadlineMs } = this.#options;
    const nowMs = clock.nowMs();
    this.#lookNoMore();
    for (const one of this.#running) {
      if (!hasCome(one.untilMs, nowMs, deadlineMs)) continue;
      this.#running.delete(one);
      one.giveUp();
    }
    const [next] = this.#running;
    if (next !== undefined) this.#lookIn(Math.min(next.untilMs - nowMs, deadlineMs));
  }

  #lookNoMore(): void {
    this.#callOffLook?.();
    this.#callOffLook = undefined;
  }
}

/** One of each, as counters tell them apart. */
function fieldsOf(tasks: readonly { readonly wanted: Wanted }[]): readonly EntryField[] {
  return [...new Map(tasks.map(({ wanted: { field } }) => [field.counters, field])).values()];
}

/** The older half: a field that is answered again opens after a few answers, and one of which some hang does not at once. */
function forgetHalf({ loads }: Hanging): void {
  const oldest = [...loads].slice(0, Math.ceil(loads.size / 2));
  for (const load of oldest) loads.delete(load);
}
