import { AsyncLocalStorage } from 'node:async_hooks';
import { isWaitedFor, type LoadRequest, type LoadTask } from './load-task.js';
import { RunningLoads, type PendingLoad } from './pending-load.js';

/**
 * Which loads wait for which: those that are wanted within a load, by its code, are waited for by it. One that waits for
 * itself would never end, and one that holds a place must not wait for another that waits for a place.
 */
export class LoadWaits<T> {
  readonly #around = new AsyncLocalStorage<RunningLoads>();
  #running = 0;

  /** The loads that a reader is a part of; undefined for a refresh, which no reader waits for. */
  aroundReader(request: Pick<LoadRequest, 'refreshes' | 'sinceMs'>): RunningLoads | undefined {
    return this.#running > 0 && isWaitedFor(request) ? this.#around.getStore() : undefined;
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
  async run<W>(
    tasks: readonly LoadTask<W, T>[],
    { holdsPlace }: { readonly holdsPlace: boolean },
    work: () => Promise<void>,
  ): Promise<void> {
    const running = new RunningLoads(
      tasks.map(({ flight }) => flight),
      holdsPlace,
    );
    this.#running += 1;
    for (const { flight } of tasks) flight.runsIn(running);
    try {
      await this.#around.run(running, work);
    } finally {
      running.end();
      this.#running -= 1;
      // What tells loads apart slows every promise of the process down, for as long as it is on.
      if (this.#running === 0) this.#around.disable();
    }
  }
}
