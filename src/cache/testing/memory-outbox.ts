import type { Outbox, OutboxRow, Relayed } from '../outbox/outbox.js';

/** The rows of an outbox, as a database would hold them for one store. */
export interface MemoryOutboxRows {
  /** A relay of one process. */
  outbox(): Outbox;
  /** A transaction with these tags is committed; `isHeard` says whether the processes are told. */
  commit(tags: readonly string[], isHeard?: boolean): void;
  /** Another relay takes all rows that are not done; `end` gives them back, done or not. */
  takeAway(): { end(isDone: boolean): void };
  /** The database refuses from now on (`false`), answers nothing for ever (`'never'`), or answers again (`true`). */
  answers(does: boolean | 'never'): void;
  /** The store is known no more, as after a long absence. */
  forgetStore(): void;
  /** The tags of each row that no relay has done yet, oldest first. */
  readonly undone: readonly (readonly string[])[];
}

interface Row extends OutboxRow {
  isDone: boolean;
  isTaken: boolean;
}

export interface MemoryOutboxOptions {
  /** Rows are handed out one at a time, and this is waited for before each but the first of a look; default: all at once. */
  readonly between?: (() => Promise<void>) | undefined;
}

/**
 * An outbox without a database: your test commits rows, and the cache relays them as it would those of PostgreSQL. Each
 * `outbox()` is the outbox of one more process on the same rows.
 */
export function memoryOutbox({ between }: MemoryOutboxOptions = {}): MemoryOutboxRows {
  const rows: Row[] = [];
  const listeners = new Set<() => void>();
  let isAnswering: boolean | 'never' = true;
  let isKnown = false;
  const ask = (): Promise<void> => {
    if (isAnswering === 'never') return new Promise(() => undefined);
    return isAnswering ? Promise.resolve() : Promise.reject(new Error('the database does not answer'));
  };
  const add = (tags: readonly string[]): void =>
    void rows.push({ id: `${rows.length + 1}`, tags, waitedMs: 1, isDone: false, isTaken: false });

  const relay: Outbox['relay'] = async (apply): Promise<Relayed> => {
    await ask();
    const waiting = rows.filter(({ isDone }) => !isDone);
    const elsewhere = waiting.filter(({ isTaken }) => isTaken).map(({ id }) => id);
    const taken = waiting.filter(({ isTaken }) => !isTaken);
    for (const row of taken) row.isTaken = true;
    try {
      if (between === undefined) {
        if (taken.length > 0) await apply(taken);
      } else {
        for (const [index, row] of taken.entries()) {
          if (index > 0) await between();
          await apply([row]);
        }
      }
      await ask();
      for (const row of taken) row.isDone = true;
      return { done: taken, elsewhere, isKnown };
    } finally {
      for (const row of taken) row.isTaken = false;
    }
  };

  return {
    outbox: () => ({
      relay,
      register: async () => {
        await ask();
        const was = isKnown;
        isKnown = true;
        return was;
      },
      add: async (tags) => {
        await ask();
        add(tags);
      },
      listen: (onRows) => {
        listeners.add(onRows);
        return () => Promise.resolve(void listeners.delete(onRows));
      },
      keep: ask,
      close: () => Promise.resolve(),
    }),
    commit: (tags, isHeard = true) => {
      add(tags);
      if (isHeard) for (const onRows of listeners) onRows();
    },
    takeAway: () => {
      const taken = rows.filter(({ isDone }) => !isDone);
      for (const row of taken) row.isTaken = true;
      return {
        end: (isDone) => {
          for (const row of taken) Object.assign(row, { isDone, isTaken: false });
        },
      };
    },
    answers: (does) => {
      isAnswering = does;
    },
    forgetStore: () => {
      isKnown = false;
    },
    get undone() {
      return rows.filter(({ isDone }) => !isDone).map(({ tags }) => tags);
    },
  };
}
