/** Shares of the connections of a pool. */
export interface ConnectionShares {
  /**
   * Waits for a place for work that all of these owners take part in, tables for one; the place is given back by a call.
   * @throws Error when none became free in time.
   */
  take(owners: readonly string[]): Promise<() => void>;
  /** Works that wait for a place. */
  readonly waiting: number;
}

export interface ShareOptions {
  readonly places: number;
  /** Milliseconds that a place is waited for. */
  readonly waitMs: number;
  /** The owner that has a place which no other takes, where there are enough of them: what every request needs first. */
  readonly first: string;
}

/** Fewer places are too few for one to be kept free. */
const KEPT_FREE_FROM = 4;

interface Waiting {
  readonly owners: readonly string[];
  readonly begin: () => void;
}

/**
 * Shares places so that work which stands still harms only work of the same owners: an owner gets another place while it
 * holds fewer than are free. Of eight places a table that is locked takes four, a second one two, and one more is left.
 */
export function connectionShares({ places, waitMs, first }: ShareOptions): ConnectionShares {
  const held = new Map<string, number>();
  /** In the order in which they came, and by owners, so that a long queue costs no more than a short one. */
  const queues = new Map<string, Waiting[]>();
  let running = 0;
  let waiting = 0;

  const heldBy = (owner: string): number => held.get(owner) ?? 0;
  const mayBegin = (owner: string): boolean => {
    const isKept = owner !== first && places >= KEPT_FREE_FROM && heldBy(first) === 0;
    return heldBy(owner) < places - running - (isKept ? 1 : 0);
  };
  const mayAllBegin = (owners: readonly string[]): boolean => {
    if (!owners.includes(first)) return owners.every(mayBegin);
    return heldBy(first) === 0 ? running < places : mayBegin(first);
  };
  const count = (owners: readonly string[], by: 1 | -1): void => {
    running += by;
    for (const owner of owners) {
      const now = heldBy(owner) + by;
      if (now === 0) held.delete(owner);
      else held.set(owner, now);
    }
  };
  const handOut = (): void => {
    for (const [name, [next, ...rest]] of queues) {
      if (next === undefined || !mayAllBegin(next.owners)) continue;
      // The others have their turn before the rest of these.
      queues.delete(name);
      if (rest.length > 0) queues.set(name, rest);
      waiting -= 1;
      count(next.owners, 1);
      next.begin();
    }
  };
  const leave = (name: string, left: Waiting): void => {
    const rest = (queues.get(name) ?? []).filter((other) => other !== left);
    if (rest.length === 0) queues.delete(name);
    else queues.set(name, rest);
    waiting -= 1;
  };
  const place = (owners: readonly string[]) => () => {
    count(owners, -1);
    handOut();
  };

  return {
    take(owners) {
      const name = owners.join();
      if (!queues.has(name) && mayAllBegin(owners)) {
        count(owners, 1);
        return Promise.resolve(place(owners));
      }
      return new Promise((resolve, reject) => {
        const late = (): void => {
          leave(name, mine);
          reject(
            new Error(
              `No connection to PostgreSQL became free for ${owners.join(' and ')} within ${waitMs} ms.`,
            ),
          );
        };
        const timer = setTimeout(late, waitMs).unref();
        const mine: Waiting = {
          owners,
          begin: () => {
            clearTimeout(timer);
            resolve(place(owners));
          },
        };
        queues.set(name, [...(queues.get(name) ?? []), mine]);
        waiting += 1;
      });
    },
    get waiting() {
      return waiting;
    },
  };
}
