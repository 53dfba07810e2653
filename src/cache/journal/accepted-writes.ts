import { namespaceOf } from '../keys/namespace.js';
import type { Clock } from '../time/clock.js';
import { LoopTime } from '../time/loop-time.js';
import { within } from '../time/within.js';
import type { ValueCodec } from '../codec/value-codec.js';
import type { CacheLog } from '../log.js';
import { isPromise } from '../maybe-promise.js';
import type { BoundedBy } from '../metrics/bounded-writes.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import { createFlushCounters, type FlushCounters } from '../metrics/flush-counters.js';
import { FlushDelay } from './flush-delay.js';
import type { FlushTarget } from './flush-target.js';
import { toldFlush } from './told-flush.js';
import { Flusher } from './flusher.js';
import type { BuriedWrite, Doubt, Journal, JournalSize, PendingWrite, WriteName } from './journal.js';
import { byPart, partOf } from './journal-parts.js';
import { KeptWrites } from './kept-writes.js';
import { Lanes } from './lanes.js';
import { Superseded } from './superseded.js';
import { decodeRecord, encodeRecord, restoredRecord, type WriteRecord } from './record.js';
import { Recovery } from './recovery.js';
import { LateFlush, timelyTarget } from './timely-target.js';
import { WriteBehindBusy } from './write-behind-busy.js';

/** A write that the database refuses for good, as it was accepted. */
export interface DeadLetter {
  readonly key: string;
  readonly seq: number;
  readonly coordinate: string | undefined;
  /** Undefined where the record cannot be read by this version. */
  readonly state: unknown;
  readonly viewer: string | number | null;
  readonly error: string;
  readonly attempts: number;
  readonly buriedAtMs: number;
}

export interface AcceptedWritesOptions {
  readonly journal: Journal;
  readonly targets: ReadonlyMap<string, FlushTarget>;
  readonly codec: ValueCodec;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: CacheLog;
  /** Applies an invalidation; false where it could not be applied in time, which has been counted and logged. */
  readonly invalidate: (tags: readonly string[], site: WriteSite) => Promise<boolean>;
  /** The same in the store of this process alone: for what no other region can see yet. */
  readonly invalidateHere: (tags: readonly string[], site: WriteSite) => Promise<boolean>;
  /** Told of keys whose entries the journal has ended in the store by itself. */
  readonly onEnded: (keys: readonly string[]) => void;
  /** Whether other regions are told of the same writes: they see none that is not in the database. */
  readonly hasOtherRegions: () => boolean;
  /** The same as `invalidate` for a write that is in the database, with what triggers wrote down for it; undefined where it is strict. */
  readonly acknowledge: (tags: readonly string[], site: WriteSite) => Promise<BoundedBy | undefined>;
  /** Where invalidations of flushed writes are counted. */
  readonly flushSite: () => WriteSite;
}

/** The field that writes, and its counters. */
export interface WriteSite {
  readonly coordinate: string;
  readonly counters: FieldCounters;
}

/** A write on its way into the journal. */
export interface OfferedWrite extends Pick<WriteRecord, 'state' | 'tags' | 'viewer'> {
  readonly key: string;
  readonly site: WriteSite;
}

/** What became of it, and why a read that starts now may return older data; undefined where none does, in any process. */
export interface Acceptance {
  readonly outcome: 'queued' | 'written';
  readonly boundedBy: BoundedBy | undefined;
}

/**
 * What the journal says of a key. `unknown`: a write may be pending of which it could not tell, so that what the database
 * has may be older.
 */
export type PendingState =
  { readonly outcome: 'pending'; readonly state: unknown } | { readonly outcome: 'none' | 'unknown' };

interface StraightWrite extends WriteName {
  readonly tags: readonly string[];
}

const NONE: PendingState = { outcome: 'none' };
const UNKNOWN: PendingState = { outcome: 'unknown' };

/** A journal must not hold up a read for longer than a slow store would. */
const PENDING_WITHIN_MS = 150;
const PENDING_BEAT_MS = 50;
/**
 * A journal that may have lost something is waited for until all processes have had time to save what they accepted: the
 * database may be older.
 */
const DOUBTED_WITHIN_MS = 600;
/** Less than a process is given to stop. */
const DRAIN_WITHIN_MS = 7000;

/** Accepted writes: into the journal, from there into the database, and back to those that read in between. */
export class AcceptedWrites {
  readonly #options: AcceptedWritesOptions;
  readonly #targets: ReadonlyMap<string, FlushTarget>;
  readonly #flusher: Flusher;
  readonly #superseded: Superseded;
  readonly #kept = new KeptWrites();
  readonly #recovery: Recovery;
  readonly #flushDelay: FlushDelay;
  /** A process that stood still itself still reads the answers that came meanwhile. */
  readonly #loopTime: LoopTime;
  readonly #counters: FlushCounters = createFlushCounters();
  #isStarted = false;
  /** True from the begin of `start()`, also where the journal refuses. */
  #isOpening = false;

  constructor(options: AcceptedWritesOptions) {
    this.#options = options;
    const { codec, journal, clock } = options;
    const targets = Array.from(
      options.targets,
      ([name, target]) => [name, timelyTarget(target, clock)] as const,
    );
    this.#targets = new Map(targets);
    const invalidate = (tags: readonly string[]): Promise<boolean> =>
      options.invalidate(tags, options.flushSite());
    this.#flushDelay = new FlushDelay(clock);
    this.#loopTime = new LoopTime(PENDING_BEAT_MS, clock);
    this.#superseded = new Superseded({ journal, invalidate });
    const shared = {
      ...options,
      lanes: new Lanes(clock),
      counters: this.#counters,
      targetOf: (key: string) => this.#targets.get(namespaceOf(key)),
      invalidate,
    };
    this.#recovery = new Recovery({
      ...shared,
      kept: this.#kept,
      recordOf: (record) => decodeRecord(codec, record),
      restoredRecordOf: (record) => restoredRecord(codec, record),
      superseded: this.#superseded,
    });
    this.#flusher = new Flusher({
      ...shared,
      recordOf: ({ record }) => decodeRecord(codec, record),
      recovery: this.#recovery,
      laterAfterMs: () => this.#flushDelay.present,
      onSettled: (writes) => writes.forEach((write) => this.#kept.drop(write)),
      catchUp: () => this.#superseded.catchUp(),
    });
  }

  /** What an acknowledged write survives, as a sentence. */
  get survives(): string {
    return this.#options.journal.survives;
  }

  /** @throws CacheError where the journal keeps less than what is declared. */
  async start(): Promise<void> {
    const { journal, log } = this.#options;
    const onDoubt = (doubt: Doubt): void => {
      this.#recovery.doubted(doubt);
      this.#flusher.look();
    };
    this.#isOpening = true;
    await journal.open?.({ log, onDoubt });
    this.#isStarted = true;
    this.#flusher.start();
  }

  /**
   * Takes a write: into the journal, or straight into the database where the journal is full, away or not to be relied
   * on. @throws WriteBehindBusy where neither can; what the origin throws for a row that it refuses.
   */
  async accept({ key, site, ...offered }: OfferedWrite, straight: boolean): Promise<Acceptance> {
    const { journal, codec, clock } = this.#options;
    const { coordinate, counters } = site;
    const record = encodeRecord(codec, { ...offered, coordinate, acceptedAtMs: clock.nowMs() });
    const part = partOf(journal, key);
    let seq: number | undefined;
    let mayBeQueued = false;
    // Before it is started no flusher runs.
    if (this.#isStarted && !straight && !journal.isAway(part) && journal.mayAccept(part)) {
      try {
        const accepted = await journal.accept({ key, record, delayMs: this.#flushDelay.next() });
        if (accepted.outcome === 'accepted') {
          counters.queued += 1;
          this.#flusher.accepted();
          // A journal in this process cannot lose what the process keeps.
          if (journal.restore !== undefined) {
            this.#kept.add({ key, seq: accepted.seq, record }, clock.nowMs());
          }
          return { outcome: 'queued', boundedBy: this.#queuedBy(site, await this.#endOf(key, site)) };
        }
        mayBeQueued = accepted.outcome === 'unconfirmed';
        seq = accepted.seq;
      } catch {
        // The number of what follows is higher.
        mayBeQueued = true;
      }
    }
    seq ??= journal.laterSeq(part);
    try {
      await this.#writeThrough({ key, seq, state: offered.state }, mayBeQueued);
    } catch (error) {
      if (error instanceof WriteBehindBusy) {
        const write = { key, seq, tags: offered.tags };
        if (error.cause instanceof LateFlush) void this.#endLate(error.cause.work, write, site);
        await this.#endUnknown(write, site);
      }
      throw error;
    }
    counters.writtenThrough += 1;
    return { outcome: 'written', boundedBy: await this.#endStraight({ key, seq, tags: offered.tags }, site) };
  }

  /**
   * What is pending of each key, of which the database has nothing newer as far as this process knows. Never rejects. While
   * the journal may have lost something, it waits a moment for it to be saved.
   */
  async pendingOf(keys: readonly string[]): Promise<readonly PendingState[]> {
    const { journal } = this.#options;
    if (journal.parts === undefined) return this.#pendingIn(0, keys);
    // Each part by itself: one that is away, or slow, holds up no other.
    const states = new Map<string, PendingState>();
    const ask = async (part: number, own: readonly string[]): Promise<void> => {
      const found = await this.#pendingIn(part, own);
      own.forEach((key, index) => states.set(key, found[index] ?? UNKNOWN));
    };
    await Promise.all(
      Array.from(
        byPart(journal, keys, (key) => key),
        ([part, own]) => ask(part, own),
      ),
    );
    return keys.map((key) => states.get(key) ?? UNKNOWN);
  }

  async #pendingIn(part: number, keys: readonly string[]): Promise<readonly PendingState[]> {
    const { clock } = this.#options;
    const found = await this.#askedFor(part, keys);
    const isSure = found?.every(({ outcome }) => outcome !== 'unknown') ?? false;
    if (found !== undefined && (isSure || !this.#recovery.isInDoubt(part))) return found;
    if (found !== undefined) {
      await within(clock, {
        ...{ work: this.#recovery.ended(part), ms: DOUBTED_WITHIN_MS },
        onLate: () => undefined,
      });
    }
    return (found && (await this.#askedFor(part, keys))) ?? keys.map(() => UNKNOWN);
  }

  /** Undefined where it took too long. */
  async #askedFor(part: number, keys: readonly string[]): Promise<readonly PendingState[] | undefined> {
    const { journal } = this.#options;
    if (journal.isAway(part)) return keys.map(() => UNKNOWN);
    try {
      const asked = journal.pending(keys);
      const found = isPromise(asked) ? await this.#inTime(asked) : asked;
      return found && keys.map((_, index) => this.#stateOf(part, found[index]));
    } catch {
      // The journal has said by itself that it is away.
      return keys.map(() => UNKNOWN);
    }
  }

  #inTime<T>(asked: Promise<T>): Promise<T | undefined> {
    return within(this.#loopTime, { work: asked, ms: PENDING_WITHIN_MS, onLate: () => undefined });
  }

  async deadLetters(): Promise<readonly DeadLetter[]> {
    const letters = await this.#options.journal.deadLetters();
    return letters.map((letter) => this.#readable(letter));
  }

  async replay(key: string): Promise<'replayed' | 'superseded' | 'unknown'> {
    const { journal, invalidate, flushSite } = this.#options;
    const outcome = await journal.replay(key);
    if (outcome !== 'replayed') return outcome;
    this.#flusher.look();
    await invalidate([key], flushSite());
    return outcome;
  }

  /** Removes a dead letter; false where there is none of this key. */
  async discard(key: string): Promise<boolean> {
    const { journal } = this.#options;
    const letter = (await journal.deadLetters()).find((one) => one.key === key);
    if (letter === undefined) return false;
    await journal.supersede([{ key, seq: letter.seq }]);
    return true;
  }

  counters(): Readonly<FlushCounters> {
    return { ...this.#counters };
  }

  /** Undefined while the journal, or a part of it, is away. What it may have lost, and this process still keeps, waits too. */
  async size(): Promise<JournalSize | undefined> {
    try {
      const size = await this.#options.journal.size();
      const isUnsure = this.#recovery.isNeeded || this.#recovery.isAnyInDoubt;
      return isUnsure ? { ...size, pending: Math.max(size.pending, this.#kept.size) } : size;
    } catch {
      return undefined;
    }
  }

  /**
   * Flushes what was accepted, then closes the journal; what is left is told. False where it is lost: no other process has a
   * journal in memory.
   */
  async close(): Promise<boolean> {
    const { journal, log } = this.#options;
    if (!this.#isStarted) {
      // One that refused may go on asking its server.
      if (this.#isOpening) await journal.close();
      this.#isOpening = false;
      return true;
    }
    this.#isStarted = false;
    this.#isOpening = false;
    const isEmpty = await this.#flusher.drain(DRAIN_WITHIN_MS);
    const pending = isEmpty ? 0 : (await this.size())?.pending;
    const isLost = pending !== 0 && journal.name === 'memory';
    if (pending !== 0) {
      const stays = this.#recovery.isNeeded
        ? 'of them only what the journal has not lost stays there for another process'
        : 'they stay in the journal for another process';
      const message = `accepted writes could not be flushed in time${isLost ? ' and are lost' : `; ${stays}`}`;
      log.error({ pending }, message);
    }
    await journal.close();
    return !isLost;
  }

  /** A read that starts now must not find an entry from before; some journals have seen to that. */
  async #endOf(key: string, site: WriteSite): Promise<boolean> {
    const { journal, invalidateHere, onEnded } = this.#options;
    if (!journal.endsGenerations) return invalidateHere([key], site);
    onEnded([key]);
    return true;
  }

  /** Ends what was before a write that the database has. */
  async #endStraight({ key, seq, tags }: StraightWrite, site: WriteSite): Promise<BoundedBy | undefined> {
    const { acknowledge } = this.#options;
    await this.#hasPassed({ key, seq });
    // Before the invalidation: a load after it must not find what is older in the journal.
    this.#kept.drop({ key, seq });
    const isSuperseded = await this.#superseded.by({ key, seq });
    return (await acknowledge([key, ...tags], site)) ?? this.#counted(site, isSuperseded);
  }

  /** Ends what was before a write that the database may have all the same, as where its answer was lost. */
  async #endUnknown({ key, seq, tags }: StraightWrite, site: WriteSite): Promise<void> {
    await this.#hasPassed({ key, seq });
    await this.#options.invalidate([key, ...tags], site);
  }

  /** Ends what was loaded before the database took a write whose flush is waited for no longer, or refused it. Never rejects. */
  async #endLate(
    work: Promise<void> | undefined,
    { key, seq, tags }: StraightWrite,
    site: WriteSite,
  ): Promise<void> {
    if (work === undefined) return;
    try {
      const isWritten = await work.then(
        () => true,
        () => false,
      );
      // What failed is in doubt: earlier writes stay in the journal.
      if (isWritten) await this.#superseded.by({ key, seq });
      await this.#options.invalidate([key, ...tags], site);
    } catch {
      // What could not be invalidated has been counted and logged.
    }
  }

  /**
   * The number of a straight write may lie ahead of the server's time, and others get theirs from there: what they write until
   * then is older, and must leave the journal too; what they write after the answer must get a higher one.
   */
  async #hasPassed({ key, seq }: WriteName): Promise<void> {
    const { journal, clock } = this.#options;
    const aheadMs = journal.passedInMs(seq, partOf(journal, key));
    if (aheadMs > 0) await clock.sleep(aheadMs);
  }

  #queuedBy(site: WriteSite, isStrict: boolean): BoundedBy | undefined {
    return this.#counted(site, isStrict) ?? (this.#options.hasOtherRegions() ? 'regions' : undefined);
  }

  #counted({ counters }: WriteSite, isStrict: boolean): BoundedBy | undefined {
    if (isStrict) return undefined;
    counters.boundedWrites += 1;
    return 'store';
  }

  async #writeThrough(
    write: { key: string; seq: number; state: unknown },
    mayBeQueued: boolean,
  ): Promise<void> {
    const target = this.#targets.get(namespaceOf(write.key));
    if (target === undefined) throw new Error(`no origin flushes ${namespaceOf(write.key)}`);
    try {
      await toldFlush(target, [write], false);
    } catch (error) {
      if (target.isPermanent(error) === true) throw error;
      const mayBeWritten = error instanceof LateFlush && error.work !== undefined;
      throw new WriteBehindBusy(error, mayBeQueued || mayBeWritten);
    }
  }

  #stateOf(part: number, write: PendingWrite | undefined): PendingState {
    if (write === undefined) return this.#recovery.isInDoubt(part) ? UNKNOWN : NONE;
    if (this.#superseded.isOlder(write)) return NONE;
    if (this.#recovery.doubts(part, write.seq)) return UNKNOWN;
    const record = decodeRecord(this.#options.codec, write.record);
    return record === undefined || record.isRestored === true
      ? UNKNOWN
      : { outcome: 'pending', state: record.state };
  }

  #readable({ key, seq, error, attempts, buriedAtMs, record }: BuriedWrite): DeadLetter {
    const { coordinate, state, viewer = null } = decodeRecord(this.#options.codec, record) ?? {};
    return { key, seq, coordinate, state, viewer, error, attempts, buriedAtMs };
  }
}
