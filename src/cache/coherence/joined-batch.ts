import { isPromise, type MaybePromise } from '../maybe-promise.js';
import { Timed } from '../metrics/field-times.js';
import type { Histogram } from '../metrics/histogram.js';
import type { Trace } from '../metrics/trace.js';
import type { AskOptions } from '../store/store.js';

interface Group<Item, Answer> {
  readonly items: readonly Item[];
  readonly trace: Trace | undefined;
  readonly mayGiveUp: boolean;
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

type Operation<Item, Answer> = (
  items: readonly Item[],
  asking: AskOptions,
) => MaybePromise<readonly Answer[]>;

/**
 * Joins what all requests of the process ask of a remote store in one tick into one operation. Joining ends when the
 * operation is sent: a reader who came later must not be answered from before it came. The tick is setImmediate,
 * since anything earlier runs between two sockets and joins nothing.
 */
export class JoinedBatch<Item, Answer> {
  readonly #operation: Operation<Item, Answer>;
  readonly #roundTrips: Histogram | undefined;
  #waiting: Group<Item, Answer>[] = [];

  /** `roundTrips`: where it is counted how long the operation takes, once for all who share it. */
  constructor(operation: Operation<Item, Answer>, roundTrips?: Histogram) {
    this.#operation = operation;
    this.#roundTrips = roundTrips;
  }

  /**
   * Answers in the order of the items. Counts one round trip for each request that takes part, not for each call. What is asked for is
   * given up early only where all who ask may.
   */
  ask(items: readonly Item[], trace: Trace | undefined, mayGiveUp = false): Promise<readonly Answer[]> {
    if (items.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#send());
      this.#waiting.push({ items, trace, mayGiveUp, resolve, reject });
    });
  }

  #send(): void {
    const groups = this.#waiting;
    this.#waiting = [];
    for (const trace of new Set(groups.map((group) => group.trace))) {
      if (trace !== undefined) trace.storeRoundTrips += 1;
    }
    const timed = this.#roundTrips && new Timed(this.#roundTrips);
    const deliver = (answers: readonly Answer[]): void => {
      timed?.end();
      let start = 0;
      for (const { items, resolve } of groups) {
        resolve(answers.slice(start, start + items.length));
        start += items.length;
      }
    };
    const fail = (error: unknown): void => {
      for (const { reject } of groups) reject(error);
    };
    try {
      const all: Item[] = [];
      for (const { items } of groups) for (const item of items) all.push(item);
      const mayGiveUp = groups.every((group) => group.mayGiveUp);
      const answers = this.#operation(all, { mayGiveUp });
      if (isPromise(answers)) answers.then(deliver, fail);
      else deliver(answers);
    } catch (error) {
      fail(error);
    }
  }
}
