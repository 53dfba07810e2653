import { createDeferred, type Deferred } from '../time/deferred.js';
import { hasCome } from '../time/clock.js';
import type { CacheLog } from '../log.js';
import { batchesOf } from './batches.js';
import type { Doubt, Journal, PendingWrite } from './journal.js';
import { byPart, partOf, partsAway } from './journal-parts.js';
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

const noParts: ReadonlySet<number> = new Set();

interface PartDoubt {
  readonly sinceMs: number;
  readonly sinceSeq: number;
  /** Settled when the part is believed again. */
  readonly ended: Deferred<void>;
  isOver: boolean;
}

/**
 * Saves what this process has accepted where the journal may have lost it. While a part of the journal is away, straight into
 * the database (see `Rescue`); when it is back and has lost something, into the journal again. Until all of the part that can be
 * in doubt was flushed, or a bound has passed, it is not believed by reads.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  /** The latest doubt about each part. */
  readonly #doubts = new Map<number, PartDoubt>();
  /** Parts of which something is to be written down again. */
  readonly #mustRestore = new Set<number>();
  /** Doubts about parts that the present look takes all of. */
  #swept: ReadonlyMap<number, PartDoubt> = new Map();
  #isRobbed = false;
  #robbedAtMs = -Infinity;
  /** How many writes were pending in what was found robbed. */
  #held = 0;
  readonly #rescue: Rescue;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#rescue = new Rescue(options);
  }

  /** True while reads must not believe this part of the journal. */
  isInDoubt(part: number): boolean {
    const doubt = this.#doubts.get(part);
    // Also while the flusher waits for a database that hangs.
    return doubt !== undefined && !doubt.isOver && !this.#isTooLong(doubt);
  }

  get isAnyInDoubt(): boolean {
    return [...this.#doubts.keys()].some((part) => this.isInDoubt(part));
  }

  /** True where anything is kept that may not be in the database, or the journal is in doubt. */
  get isPending(): boolean {
    return this.#openDoubts().length > 0 || this.isNeeded || this.#options.kept.size > 0;
  }

  /** True where something is to be written down again before the journal can count as empty. */
  get isNeeded(): boolean {
    return this.#mustRestore.size > 0;
  }

  /** Whether a pending write may be older than what the database has. */
  doubts(part: number, seq: number): boolean {
    return this.isInDoubt(part) && seq <= (this.#doubts.get(part)?.sinceSeq ?? 0);
  }

  /** Resolves when the part is believed again. */
  ended(part: number): Promise<void> {
    return this.#doubts.get(part)?.ended.promise ?? Promise.resolve();
  }

  /** The journal has noticed why not to believe it. */
  doubted({ why, sinceSeq, held, part = 0 }: Doubt): void {
    const { clock, counters } = this.#options;
    const before = this.#doubts.get(part);
    this.#doubts.set(part, {
      sinceMs: clock.nowMs(),
      sinceSeq: Math.max(sinceSeq, before?.sinceSeq ?? 0),
      ended: before === undefined || before.isOver ? createDeferred() : before.ended,
      isOver: false,
    });
    this.#rescue.atOnce();
    if (why !== 'away') this.#mustRestore.add(part);
    if (why !== 'robbed') return;
    // Its shards are found robbed one after another, some when others are restored already.
    const nowMs = clock.nowMs();
    if (!this.#isRobbed && hasCome(this.#robbedAtMs + AT_MOST_MS, nowMs, AT_MOST_MS)) counters.losses += 1;
    this.#robbedAtMs = nowMs;
    this.#isRobbed = true;
    this.#held += held;
  }

  /** Before each look into the journal. True where all that is pending should be taken, due or not. Never rejects. */
  async step(): Promise<boolean> {
    const { journal, kept } = this.#options;
    const away = partsAway(journal);
    try {
      if (away.length > 0 && kept.size > 0)
        await this.#rescue.step((key) => away.includes(partOf(journal, key)));
      const restored = [...this.#mustRestore].filter((part) => !away.includes(part));
      if (restored.length > 0) await this.#restore(restored);
      else if (!journal.isAway()) await this.#prune(away);
    } catch {
      // The journal has said by itself that it is away, or it refuses: it is told again.
    }
    const stillAway = partsAway(journal);
    const unsaved = stillAway.length === 0 ? noParts : this.#partsUnsaved();
    for (const part of stillAway) if (!unsaved.has(part)) this.#believeAgain(part, true);
    const swept = this.#openDoubts().filter(
      ([part]) => !this.#mustRestore.has(part) && (journal.parts === undefined || !journal.isAway(part)),
    );
    this.#swept = new Map(swept);
    return swept.length > 0;
  }

  /** After a look into the journal; `isDone` where what was taken was brought to the database, which was all but of these parts. */
  looked(isDone: boolean, left: ReadonlySet<number>): void {
    for (const [part, doubt] of this.#openDoubts()) {
      const isSwept = this.#swept.get(part) === doubt && !left.has(part) && !this.#mustRestore.has(part);
      this.#believeAgain(part, isDone && isSwept);
    }
  }

  #openDoubts(): readonly (readonly [part: number, PartDoubt])[] {
    return [...this.#doubts].filter(([, { isOver }]) => !isOver);
  }

  #isTooLong({ sinceMs }: PartDoubt): boolean {
    return hasCome(sinceMs + AT_MOST_MS, this.#options.clock.nowMs(), AT_MOST_MS);
  }

  #believeAgain(part: number, isDone: boolean): void {
    const doubt = this.#doubts.get(part);
    if (doubt === undefined || doubt.isOver) return;
    const isLongEnough = hasCome(doubt.sinceMs + AT_LEAST_MS, this.#options.clock.nowMs(), AT_LEAST_MS);
    if (!this.#isTooLong(doubt) && !(isDone && isLongEnough)) return;
    doubt.isOver = true;
    doubt.ended.resolve();
  }

  /** Parts of which something is kept that can still be brought to the database. */
  #partsUnsaved(): ReadonlySet<number> {
    const { journal, kept } = this.#options;
    if (kept.size === 0) return noParts;
    const unsaved = kept.all().filter(({ isRefused, record }) => !isRefused && record !== undefined);
    return new Set(unsaved.map(({ key }) => partOf(journal, key)));
  }

  /** Forgets what others have flushed. */
  async #prune(away: readonly number[]): Promise<void> {
    const { journal, kept, clock } = this.#options;
    const overdue = kept
      .overdue(clock.nowMs(), KEPT_PER_LOOK)
      .filter(({ key }) => !away.includes(partOf(journal, key)));
    if (overdue.length === 0) return;
    const found = await journal.pending(overdue.map(({ key }) => key));
    const gone = new Set<number>();
    overdue.forEach(({ key, seq }, index) => {
      const part = partOf(journal, key);
      // The answer may have been that the journal was robbed, or may come from another one than before.
      if (this.#mustRestore.has(part) || this.#doubts.get(part)?.isOver === false) return;
      const present = found[index]?.seq ?? Infinity;
      // An earlier one in its place: the journal has gone back.
      if (present < seq) gone.add(part);
      else if (present > seq) kept.drop({ key, seq });
    });
    for (const part of gone) this.#mustRestore.add(part);
  }

  async #restore(parts: readonly number[]): Promise<void> {
    const { journal, kept, counters, log, restoredRecordOf, invalidate } = this.#options;
    // What is noticed meanwhile has it begin anew.
    for (const part of parts) this.#mustRestore.delete(part);
    const all = byPart(journal, kept.all(), ({ key }) => key);
    let restored = 0;
    const lost: KeptWrite[] = [];
    let failure: { readonly error: unknown } | undefined;
    // One part that refuses holds up no other.
    for (const part of parts) {
      const own = all.get(part) ?? [];
      try {
        for (const batch of batchesOf(own.flatMap(withRecord))) {
          const writes = batch.map((write) => ({ ...write, record: restoredRecordOf(write.record) }));
          restored += (await journal.restore?.(writes)) ?? 0;
          // A process that noticed the loss later than others may have filled entries of them meanwhile.
          await invalidate(writes.map(({ key }) => key));
        }
        const unkept = own.filter(({ record }) => record === undefined);
        const found = await journal.pending(unkept.map(({ key }) => key));
        lost.push(...unkept.filter((_, index) => found[index] === undefined));
      } catch (error) {
        this.#mustRestore.add(part);
        failure = { error };
      }
    }
    counters.restored += restored;
    for (const write of lost) kept.drop(write);
    counters.lost += lost.length;
    const held = this.#held;
    const hasDone = restored > 0 || lost.length > 0;
    // What was held is told with the part that is restored last, where nothing is told before.
    if (hasDone || failure === undefined) {
      if (hasDone || (this.#isRobbed && held > 0)) {
        log.error(
          { held, restored, lost: lost.length },
          'the journal has lost accepted writes; this process wrote down again what it had accepted itself and still kept',
        );
      }
      this.#isRobbed = false;
      this.#held = 0;
    }
    if (failure !== undefined) throw failure.error;
  }
}

function withRecord({ key, seq, record }: KeptWrite): readonly PendingWrite[] {
  return record === undefined ? [] : [{ key, seq, record }];
}
