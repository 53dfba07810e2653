import { AsyncLocalStorage } from 'node:async_hooks';
import type { Wanted } from '../coherence/entries.js';
import { isWaitedFor, type LoadRequest, type LoadTask } from './load-task.js';
import { RunningLoads, type PendingLoad } from './pending-load.js';
import { WatchedFields } from './watched-fields.js';

/** Where loads hold places that others may wait for. */
export interface Places {
  /** True where few are left: then a load that waits for another that waits for a place is near. */
  readonly areScarce: boolean;
}

/**
 * Which loads wait for which: those that are wanted within a load, by its code, are waited for by it. One that waits for
 * itself would never end, and one that holds a place must not wait for another that waits for a place. A load of a field whose loads
 * have read no entry so far is watched from time to time only, or where places are scarce, or one that holds a place waits for it.
 */
export class LoadWaits<T> {
  readonly #around = new AsyncLocalStorage<RunningLoads>();
  readonly #fields = new WatchedFields();
  #running = 0;
  /** Those among them whose fields are not known to read entries. */
  #unknown = 0;

  /** The loads that a reader is a part of; undefined for a refresh, which no reader waits for. */
  aroundReader(request: Pick<LoadRequest, 'refreshes' | 'sinceMs'>): RunningLoads | undefined {
    const around = this.#now();
    if (around === undefined || !isWaitedFor(request)) return undefined;
    for (const owner of around.owners) this.#fields.readsEntries(owner);
    return around;
  }

  /** The code that runs now reads an entry. Most are there, and are loaded within a load only when all want them. */
  noteRead(): void {
    if (this.#unknown === 0) return;
    for (const owner of this.#now()?.owners ?? []) this.#fields.readsEntries(owner);
  }

  /** Notes that a reader waits for this load; false, and nothing is noted, where the load would wait for itself. */
  mayWaitFor(load: PendingLoad<T>, { within }: LoadRequest): boolean {
    if (within === undefined || load.isSettled) return true;
    if (load.waitsForEndOf(within)) return false;
    within.waitsFor.add(load);
    const forget = (): void => void within.waitsFor.delete(load);
    load.promise.then(forget, forget);
    if (within.isUrgent) load.hurry();
    return true;
  }

  /** Runs loads so that what is wanted within them is known to be. */
  run<W extends Wanted>(
    tasks: readonly LoadTask<W, T>[],
    places: Places | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    const owners = tasks.map(({ wanted }) => wanted.field.counters);
    const isNew = owners.filter((owner) => this.#fields.mustWatch(owner)).length > 0;
    // What those wait for that a load waits for which holds a place must not wait for one either.
    const mustBeSeen = places?.areScarce === true || tasks.some(({ flight }) => flight.isUrgent);
    if (!isNew && !mustBeSeen && this.#now() === undefined) return work();
    return this.#watch(
      tasks,
      new RunningLoads({
        loads: tasks.map(({ flight }) => flight),
        owners,
        holdsPlace: places !== undefined,
      }),
      work,
    );
  }

  async #watch(
    tasks: readonly LoadTask<unknown, T>[],
    running: RunningLoads,
    work: () => Promise<void>,
  ): Promise<void> {
    const unknown = running.owners.every((owner) => this.#fields.isKnown(owner)) ? 0 : 1;
    this.#running += 1;
    this.#unknown += unknown;
    for (const { flight } of tasks) flight.runsIn(running);
    try {
      await this.#around.run(running, work);
    } finally {
      running.end();
      this.#running -= 1;
      this.#unknown -= unknown;
      // What tells loads apart slows every promise of the process down, for as long as it is on.
      if (this.#running === 0) this.#around.disable();
    }
  }

  /** The loads that the code which runs now is a part of. */
  #now(): RunningLoads | undefined {
    const around = this.#running > 0 ? this.#around.getStore() : undefined;
    return around?.areOver === false ? around : undefined;
  }
}
