import type { Store } from '../../src/cache/index.js';

export interface CountedStore {
  readonly store: Store;
  /** Round trips since the start: what was asked while the like of it was under way did not wait for one of its own. */
  roundTrips(): number;
  /** Resolves once nothing is under way: what is stored behind an answer takes its time too. */
  settled(): Promise<void>;
}

/**
 * The same store, with a count of how often the engine waits for it; one in this process never makes it wait. It takes no figures: what
 * the engine writes down each two seconds is no cost of an operation.
 */
export function countedStore({ shareFigures: _, sharedFigures: __, ...store }: Store): CountedStore {
  let roundTrips = 0;
  const underWay = new Set<Promise<unknown>>();
  const counted = <Given extends unknown[], Answer>(
    ask: (...given: Given) => Answer | Promise<Answer>,
  ): ((...given: Given) => Answer | Promise<Answer>) => {
    let alike = 0;
    return (...given) => {
      const answer = ask(...given);
      if (!(answer instanceof Promise)) return answer;
      if (alike === 0) roundTrips += 1;
      alike += 1;
      const ended = answer.finally(() => {
        alike -= 1;
        underWay.delete(ended);
      });
      underWay.add(ended);
      return ended;
    };
  };
  return {
    store: {
      ...store,
      read: counted(store.read),
      acquire: counted(store.acquire),
      fill: counted(store.fill),
      invalidate: counted(store.invalidate),
    },
    roundTrips: () => roundTrips,
    settled: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
