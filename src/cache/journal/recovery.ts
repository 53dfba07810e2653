import { createDeferred, type Deferred } from '../time/deferred.js';
import { hasCome } from '../time/clock.js';
import type { CacheLog } from '../log.js';
import { batchesOf } from './batches.js';
import type { Doubt, Journal, PendingWrite } from './journal.js';
import type { KeptWrite } from './kept-writes.js';
import { Rescue, type RescueOptions } from './rescue.js';

export interface RecoveryOptions extends RescueOptions {
  readonly journal: Journal;
  /** A record as it is written down again. */
  readonly restoredRecordOf: (record: Uint8Array) => Uint8Array;
  readonly log: CacheLog;
}

/** Other processes need about this long to notice a loss too, and to save what they have accepted. */
const AT_LEAST_MS = 500;
/** After that the journal is believed again, whatever could be saved. */
const AT_MOST_MS = 2000;
const KEPT_PER_LOOK = 1000;

/**
 * Saves what this process has accepted where the journal may have lost it. While the journal is away, straight into the
 * database (see `Rescue`); when it is back and has lost something, into the journal again. Until all that can be in
 * doubt was flushed, or a bound has passed, the journal is not believed by reads.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  #isInDoubt = false;
  #sinceMs = 0;
  #sinceSeq = 0;
  #mustRestore = false;
  #isRobbed = false;
  /** How many writes were pending in what was found robbed. */
  #held = 0;
  /** Settled when the journal is believed again. */
  #ended: Deferred<void> | undefined;
  readonly #rescue: Rescue;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#rescue = new Rescue(options);
  }

  /** True while reads must not believe the journal. */
  get isInDoubt(): boolean {
    // Also while the flusher waits for a database that hangs.
    return this.#isInDoubt && !hasCome(this.#sinceMs + AT_MOST_MS, this.#options.clock.nowMs(), AT_MOST_MS);
  }

  /** True where anything is kept that may not be in the database, or the journal is in doubt. */
  get isPending(): boolean {
    return this.#isInDoubt || this.#mustRestore || this.#options.kept.size > 0;
  }

  /** True where something is to be written down again before the journal can count as empty. */
  get isNeeded(): boolean {
    return this.#mustRestore;
  }

  /** Whether a pending write may be older than what the database has. */
  doubts(seq: number): boolean {
    return this.isInDoubt && seq <= this.#sinceSeq;
  }

  /** Resolves when the journal is believed again. */
  ended(): Promise<void> {
    return this.#ended?.promise ?? Promise.resolve();
  }

  /** The journal has noticed why not to believe it. */
  doubted({ why, sinceSeq, held }: Doubt): void {
    const { clock, counters } = this.#options;
    this.#sinceMs = clock.nowMs();
    this.#sinceSeq = Math.max(sinceSeq, this.#sinceSeq);
    this.#rescue.atOnce();
    this.#mustRestore ||= why !== 'away';
    if (why === 'robbed') {
      // Its shards are found robbed one after another.
      if (!this.#isRobbed) counters.losses += 1;
      this.#isRobbed = true;
      this.#held += held;
    }
    if (this.#isInDoubt) return;
    this.#isInDoubt = true;
    this.#ended = createDeferred();
  }

  /** Before each look into the journal. True where all that is pending should be taken, due or not. Never rejects. */
  async step(): Promise<boolean> {
    const { journal } = this.#options;
    try {
      if (journal.isAway()) await this.#rescue.step();
      else if (this.#mustRestore) await this.#restore();
      else await this.#prune();
    } catch {
      // The journal has said by itself that it is away, or it refuses: it is told again.
    }
    if (journal.isAway() && !this.#hasMore()) this.#believeAgain(true);
    return this.#isInDoubt && !this.#mustRestore;
  }

  /** After a look into the journal; `isDone` where all that was pending was taken, and brought to the database. */
  looked(isDone: boolean): void {
    this.#believeAgain(isDone && !this.#mustRestore);
  }

  #believeAgain(isDone: boolean): void {
    if (!this.#isInDoubt) return;
    const nowMs = this.#options.clock.nowMs();
    const isTooLong = hasCome(this.#sinceMs + AT_MOST_MS, nowMs, AT_MOST_MS);
    if (!isTooLong && !(isDone && hasCome(this.#sinceMs + AT_LEAST_MS, nowMs, AT_LEAST_MS))) return;
    this.#isInDoubt = false;
    this.#ended?.resolve();
  }

  #hasMore(): boolean {
    return this.#options.kept.all().some(({ isRefused, record }) => !isRefused && record !== undefined);
  }

  /** Forgets what others have flushed. */
  async #prune(): Promise<void> {
    const { journal, kept, clock } = this.#options;
    const overdue = kept.overdue(clock.nowMs(), KEPT_PER_LOOK);
    if (overdue.length === 0) return;
    const found = await journal.pending(overdue.map(({ key }) => key));
    // The answer may have been that the journal was robbed, or may come from another one than before.
    if (this.#mustRestore || this.#isInDoubt) return;
    overdue.forEach(({ key, seq }, index) => {
      const present = found[index]?.seq ?? Infinity;
      // An earlier one in its place: the journal has gone back.
      if (present < seq) this.#mustRestore = true;
      else if (present > seq) kept.drop({ key, seq });
    });
  }

  async #restore(): Promise<void> {
    const { journal, kept, counters, log, restoredRecordOf } = this.#options;
    // What is noticed meanwhile has it begin anew.
    this.#mustRestore = false;
    const all = kept.all();
    const unkept = all.filter(({ record }) => record === undefined);
    let restored = 0;
    let lost: readonly KeptWrite[] = [];
    try {
      for (const batch of batchesOf(all.flatMap(withRecord))) {
        const writes = batch.map((write) => ({ ...write, record: restoredRecordOf(write.record) }));
        restored += (await journal.restore?.(writes)) ?? 0;
      }
      const found = await journal.pending(unkept.map(({ key }) => key));
      lost = unkept.filter((_, index) => found[index] === undefined);
    } catch (error) {
      this.#mustRestore = true;
      throw error;
    } finally {
      counters.restored += restored;
    }
    for (const write of lost) kept.drop(write);
    counters.lost += lost.length;
    const held = this.#held;
    const isTold = restored > 0 || lost.length > 0 || (this.#isRobbed && held > 0);
    this.#isRobbed = false;
    this.#held = 0;
    if (!isTold) return;
    log.error(
      { held, restored, lost: lost.length },
      'the journal has lost accepted writes; this process wrote down again what it had accepted itself and still kept',
    );
  }
}

function withRecord({ key, seq, record }: KeptWrite): readonly PendingWrite[] {
  return record === undefined ? [] : [{ key, seq, record }];
}
