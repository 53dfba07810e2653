import type { CacheLog } from '../log.js';
import type { ForgetReason, OutboxLag } from '../metrics/relay-counters.js';

/** Tags that were committed in the same transaction as the rows they are about, and wait to be invalidated. */
export interface OutboxRow {
  readonly id: string;
  readonly tags: readonly string[];
  /** For each tag the version of the one row that it names, where that is known; absent: of none. */
  readonly versions?: readonly (number | null)[];
  /** Where what changed could not be said: everything stored so far is to be forgotten, and this is why, as a sentence. */
  readonly forgetsAll?: string;
  /** The same for metrics; absent: `write`. */
  readonly forgetReason?: ForgetReason;
  /** Milliseconds since it was written, by the clock of the database. */
  readonly waitedMs: number;
}

/** What one look into the outbox brought. */
export interface Relayed {
  /** Rows that were applied, and will not be handed out again. Without their tags: of one statement these may be millions. */
  readonly done: readonly Pick<OutboxRow, 'id' | 'waitedMs'>[];
  /** Ids of rows that were committed before the look and not done, but in the hands of another relay. */
  readonly elsewhere: readonly string[];
  /**
   * Those of `elsewhere` that have everything forgotten; absent: none. Such a row may stand for others that were dropped, so what waits
   * for these waits for it too.
   */
  readonly forgetting?: readonly string[];
  /** False when nothing is written for this store any more, as after a long absence: what was, may be missed. */
  readonly isKnown: boolean;
  /** Whether other stores are told of the same writes, as those of other regions; absent: there are none. */
  readonly hasOthers?: boolean;
}

/** How far another store of the same outbox has come. */
export interface OtherStore {
  readonly name: string;
  /** Everything that was committed before this place is applied there. */
  readonly appliedTo: bigint;
  /** Milliseconds since a process of it looked with success. */
  readonly unseenForMs: number;
}

/** The other stores, as one statement saw them. */
export interface OthersSeen {
  /** Everything that was committed before the statement lies before this place; it is compared with `appliedTo`. */
  readonly place: bigint;
  readonly stores: readonly OtherStore[];
}

/** What an outbox is told when it is opened. */
export interface OutboxOpenOptions {
  /** The namespaces of the schema's keys and tags: a changed row of a table with such a name means its entries. */
  readonly namespaces: ReadonlySet<string>;
  /** They, and those that only `cache.fetch` uses: a tag of any other namespace is a fault. */
  readonly used: ReadonlySet<string>;
  /** Names the store, the same for all processes that share it; undefined for a store that ends with its process. */
  readonly store: string | undefined;
  readonly log: CacheLog;
}

/**
 * What the engine asks of a database so that writes by any program are seen: rows that come of the transaction of the write
 * itself, from its triggers or from the database's log. Such a row cannot be lost, and cannot be there without its write.
 */
export interface Outbox {
  /**
   * Called once, before everything else: from then on every write to a table that is read is written down.
   * @throws where what was declared does not fit the tables, or rights are missing.
   */
  open?(options: OutboxOpenOptions): Promise<void>;
  /**
   * Takes every row that waits and that no other relay has taken, oldest first; those for which `apply` resolved are done and gone.
   * Rows committed before the call are either done afterwards or named in `elsewhere`. Rejects with what `apply` rejects with.
   * Where what was written is not known in full, `forgetAll` is called with the reason, by default `gap`, and what it resolves for
   * counts as done. While `isAwaited` says that no write waits for it, what another relay has in its hands need not be waited for;
   * without it, it is.
   */
  relay(
    apply: (rows: readonly OutboxRow[]) => Promise<void>,
    forgetAll?: (reason?: ForgetReason) => Promise<void>,
    isAwaited?: () => boolean,
  ): Promise<Relayed>;
  /** How far it is behind, as it was at the last look; only of an outbox that reads the log of the database. */
  lag?(): OutboxLag | undefined;
  /**
   * Sees to it that rows are written for this store from now on; true where they have been already, or where what waits has everything
   * forgotten that was stored until now.
   */
  register(): Promise<boolean>;
  /** Writes a row by hand, and calls back all who listen: for an invalidation that could not be applied now. */
  add(tags: readonly string[]): Promise<void>;
  /**
   * Writes a row by hand for every other store, for tags that no row of the database means; `all` has them forget everything. Absent
   * where there are no others.
   */
  tellOthers?(tags: readonly string[] | 'all'): Promise<void>;
  /** How far the other stores have come. Absent where there are none. */
  others?(): Promise<OthersSeen>;
  /**
   * Calls back when rows may have been committed; messages may be lost. Says with `onListening` whether each commit calls
   * back now, as far as it knows: while it does not say so, rows are looked for every 250 ms. Returns how to stop.
   */
  listen(onRows: () => void, onListening?: (isListening: boolean) => void): () => Promise<void>;
  /** Called every minute: the store is still there; what is kept for stores that are gone may go. */
  keep(): Promise<void>;
  close(): Promise<void>;
}
