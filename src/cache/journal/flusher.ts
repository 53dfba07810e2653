import { textOf } from '../errors.js';
import { flushPause } from './flush-pause.js';
import { doublingPauseMs, type DoublingPause } from '../time/doubling-pause.js';
import { hasCome, type Clock } from '../time/clock.js';
import { pause } from '../time/pause.js';
import { within } from '../time/within.js';
import { grouped } from '../grouped.js';
import type { CacheLog } from '../log.js';
import type { FlushCounters } from '../metrics/flush-counters.js';
import { FLUSHED_AFTER_AT_MOST_MS } from './flush-delay.js';
import type { ClaimedWrite, Journal, WriteName } from './journal.js';
import { partsAway } from './journal-parts.js';
import type { FlushTarget } from './flush-target.js';
import type { Lanes, LaneWork } from './lanes.js';
import { FailedRows } from './failed-rows.js';
import { toldFlush } from './told-flush.js';
import type { Recovery } from './recovery.js';
import type { WriteRecord } from './record.js';

export interface FlusherOptions {
  readonly journal: Journal;
  readonly targetOf: (key: string) => FlushTarget | undefined;
  readonly recordOf: (write: ClaimedWrite) => WriteRecord | undefined;
  /** Applies what the flushed writes mean, before they leave the journal. */
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>;
  /** Called before each look into the journal, while that can be asked. Never rejects. */
  readonly catchUp: () => Promise<void>;
  readonly recovery: Pick<Recovery, 'isNeeded' | 'isPending' | 'step' | 'looked'>;
  /** These need not be kept any more: the database has them, or the dead letters. */
  readonly onSettled: (writes: readonly WriteName[]) => void;
  /** Milliseconds for which a write waits that came while an earlier one of its key was flushed. */
  readonly laterAfterMs: () => number;
  /** Those of all that brings writes to the targets. */
  readonly lanes: Lanes;
  readonly counters: FlushCounters;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: CacheLog;
}

/** Most writes in one call of an origin. */
const WRITES_PER_FLUSH = 500;
const LOOK_EVERY_MS = 100;
/** While nothing was accepted or found for a while: what is due then was accepted by a process that is no more. */
const QUIET_LOOK_EVERY_MS = 4000;
/** A flusher that dies costs its writes this delay. */
const VISIBLE_AGAIN_MS = 5000;
/** For so long the flushes of a look are waited for: what they had taken is due again then. While it stops, for less. */
const FLUSHES_WAITED_FOR_MS = VISIBLE_AGAIN_MS;
const FLUSHES_WAITED_FOR_AT_THE_END_MS = 1000;
/** Nothing is put off for longer. */
const LONGEST_WAIT_MS = Math.max(VISIBLE_AGAIN_MS, flushPause.longestMs);
/** What was accepted or found is due again within it, if anything becomes of it at all. */
const BUSY_FOR_MS = LONGEST_WAIT_MS + 1000;
/** The pause where a look is wanted at once. */
const AT_ONCE_MS = 5;
/** The share of a pause that is left to chance, so that processes do not look in step. */
const JITTER = 0.3;
const DRAIN_PAUSE: DoublingPause = { firstMs: 1, longestMs: flushPause.firstMs };
/** Where it is not known whether a row is refused, it is after so many attempts, between which others of its target got through. */
const ATTEMPTS = 10;
const COMPLAIN_EVERY_MS = 60_000;
const NOT_TAKEN = 'accepted writes could not be taken from the journal; it is tried again';

interface Readable {
  readonly write: ClaimedWrite;
  readonly record: WriteRecord;
}

/**
 * Writes what is due into the database, in batches; every process has one. A batch that fails because of one row is
 * halved until that row is alone, and buried; one that fails for another reason comes again later. Whatever two flushers
 * do at once, the number of each write decides in the database.
 */
export class Flusher {
  readonly #options: FlusherOptions;
  #loop: Promise<void> | undefined;
  #isStopping = false;
  #isWanted = false;
  #wake: () => void = () => undefined;
  /** When something was accepted or found last. */
  #busyAtMs = -Infinity;
  #complainedAtMs = -Infinity;
  readonly #failedRows = new FailedRows();

  constructor(options: FlusherOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** This process has accepted a write: from now on it looks often, for a while. */
  accepted(): void {
    const isQuiet = !this.#isBusy;
    this.#busyAtMs = this.#options.clock.nowMs();
    if (isQuiet) this.#wake();
  }

  /** Has it look into the journal at once, or as soon as it has ended what it is at. */
  look(): void {
    this.#isWanted = true;
    this.#wake();
  }

  /**
   * Stops looking, then flushes everything that was accepted so far, due or not. False when something is left after
   * `withinMs` milliseconds.
   */
  async drain(withinMs: number): Promise<boolean> {
    const { journal, clock } = this.#options;
    this.#isStopping = true;
    this.#wake();
    const [upTo, untilMs] = [journal.laterSeq(), clock.nowMs() + withinMs];
    const isTooLate = (): boolean => hasCome(untilMs, clock.nowMs(), withinMs);
    const work = this.#drained(upTo, isTooLate);
    // An origin that hangs must not hold up the end.
    return within(clock, { work, ms: withinMs, onLate: () => this.#isAllFlushed() });
  }

  async #drained(upTo: number, isTooLate: () => boolean): Promise<boolean> {
    const { journal, clock, recovery, lanes } = this.#options;
    await this.#loop;
    let rounds = 0;
    for (;;) {
      // A journal that is empty may have been robbed: that shows when it is looked into.
      const claimed = await this.#round(true);
      if (journal.isAway()) return false;
      // What lies in a part that cannot be asked is left to other processes.
      if (claimed?.length === 0 && partsAway(journal).length > 0) return false;
      const isAllFlushed = await this.#isAllFlushed();
      // What others go on accepting is theirs to flush.
      const isTheirs =
        !recovery.isNeeded &&
        claimed !== undefined &&
        claimed.length > 0 &&
        claimed.every(({ seq }) => seq > upTo);
      if (isAllFlushed || isTheirs) {
        // What left the journal is invalidated once more.
        await lanes.ended();
        return true;
      }
      if (isTooLate()) return false;
      rounds += 1;
      await clock.sleep(doublingPauseMs(DRAIN_PAUSE, rounds));
    }
  }

  /** False also where something is to be written down again: then an empty journal means nothing. */
  async #isAllFlushed(): Promise<boolean> {
    if (this.#options.recovery.isNeeded) return false;
    try {
      return (await this.#options.journal.size()).pending === 0;
    } catch {
      return false;
    }
  }

  async #run(): Promise<void> {
    const { clock, random, lanes } = this.#options;
    while (!this.#isStopping) {
      const { length: found } = (await this.#round(false)) ?? [];
      if (found > 0) this.#busyAtMs = clock.nowMs();
      // A full batch: there is more. Of targets that are at work nothing more is flushed now.
      if (found >= WRITES_PER_FLUSH / 2 && !lanes.isAnyBusy) continue;
      const pauseMs = this.#isWanted ? AT_ONCE_MS : this.#lookEveryMs * (1 - JITTER * random());
      this.#isWanted = false;
      const wanted = new Promise<void>((resolve) => (this.#wake = resolve));
      if (!this.#isStopping) await pause(clock, pauseMs, wanted);
    }
  }

  get #lookEveryMs(): number {
    return this.#isBusy ? LOOK_EVERY_MS : QUIET_LOOK_EVERY_MS;
  }

  /** Also while the journal is away or in doubt: then there is more to do than to look. */
  get #isBusy(): boolean {
    const { clock, journal, recovery } = this.#options;
    const isQuiet = hasCome(this.#busyAtMs + BUSY_FOR_MS, clock.nowMs(), BUSY_FOR_MS);
    return !isQuiet || journal.isAway() || recovery.isPending;
  }

  /** Never rejects. Undefined where the journal could not be asked. */
  async #round(all: boolean): Promise<readonly ClaimedWrite[] | undefined> {
    const { journal, recovery, counters, lanes } = this.#options;
    const isSweep = await recovery.step();
    if (journal.isAway()) return undefined;
    const { retries } = counters;
    const left = new Set<number>();
    try {
      await this.#options.catchUp();
      const claimed = await journal.claim({
        limit: WRITES_PER_FLUSH,
        forMs: VISIBLE_AGAIN_MS,
        all: all || isSweep,
        longestMs: LONGEST_WAIT_MS,
        // Where anything is due, all that was accepted meanwhile goes with it.
        aheadMs: FLUSHED_AFTER_AT_MOST_MS,
        onLeft: (part, error) => {
          left.add(part);
          if (error !== undefined && !journal.isAway(part)) this.#complain(error, NOT_TAKEN);
        },
      });
      const readable: Readable[] = [];
      for (const write of claimed) {
        const record = this.#options.recordOf(write);
        if (record !== undefined) readable.push({ write, record });
        else await this.#putOff(write);
      }
      const waitMs = this.#isStopping ? FLUSHES_WAITED_FOR_AT_THE_END_MS : FLUSHES_WAITED_FOR_MS;
      // What was taken for a target that is still at work comes again.
      const areFlushed = await lanes.run(this.#works(readable), waitMs);
      const isFull = journal.parts === undefined && claimed.length >= WRITES_PER_FLUSH / 2;
      recovery.looked(isSweep && !isFull && areFlushed && counters.retries === retries, left);
      return claimed;
    } catch (error) {
      recovery.looked(false, left);
      this.#complain(error, NOT_TAKEN);
      return undefined;
    }
  }

  #works(writes: readonly Readable[]): ReadonlyMap<FlushTarget, LaneWork> {
    const works = new Map<FlushTarget, LaneWork>();
    for (const [target, batch] of grouped(writes, ({ write }) => this.#options.targetOf(write.key))) {
      // Of another API that shares the journal, or of a version that is yet to come: it stays.
      if (target !== undefined) works.set(target, () => this.#isFlushed(target, batch));
    }
    return works;
  }

  /** False where the journal could not be told what became of them. Never rejects. */
  async #isFlushed(target: FlushTarget, batch: readonly Readable[]): Promise<boolean> {
    try {
      await this.#flush(target, batch);
      return true;
    } catch (error) {
      this.#complain(error, NOT_TAKEN);
      return false;
    }
  }

  async #flush(target: FlushTarget, batch: readonly Readable[]): Promise<void> {
    const { journal, counters, invalidate } = this.#options;
    // In one order everywhere, so that two transactions never wait for each other's rows.
    const ordered = [...batch].sort(byKey);
    const states = ordered.map(({ write: { key, seq }, record: { state } }) => ({ key, seq, state }));
    try {
      counters.flushes += 1;
      await toldFlush(target, states, true);
    } catch (error) {
      await this.#failed(target, ordered, error);
      return;
    }
    this.#failedRows.passed(target);
    counters.flushed += batch.length;
    this.#settled(batch.map(({ write }) => write));
    // Before they leave the journal: a load must find the one or the other.
    await invalidate(tagsOf(batch));
    try {
      await journal.settle(
        batch.map(({ write }) => write),
        this.#options.laterAfterMs(),
      );
    } finally {
      // And after it: in between, a load may have found what the database, by its number, did not take. Also where a part failed.
      await invalidate(batch.map(({ write }) => write.key));
    }
  }

  async #failed(target: FlushTarget, batch: readonly Readable[], error: unknown): Promise<void> {
    const { journal, counters, random } = this.#options;
    const [first] = batch;
    if (first === undefined) return;
    const verdict = target.isPermanent(error);
    const attempts = Math.max(...batch.map(({ write }) => write.attempts)) + 1;
    if (batch.length > 1 && (verdict === true || (verdict === undefined && attempts > 1))) {
      const middle = Math.ceil(batch.length / 2);
      await this.#flush(target, batch.slice(0, middle));
      await this.#flush(target, batch.slice(middle));
      return;
    }
    const counted =
      verdict === undefined ? batch.map(({ write }) => this.#failedRows.failed(target, write)) : [];
    if (batch.length === 1 && (verdict === true || Math.max(...counted) >= ATTEMPTS)) {
      await this.#bury(first.write, first.record, error);
      return;
    }
    counters.retries += batch.length;
    this.#complain(error, 'accepted writes could not be flushed; it is tried again');
    await journal.retry(
      batch.map(({ write }) => write),
      doublingPauseMs(flushPause, attempts, random),
    );
  }

  /** What this version cannot read, another one that is being deployed may. */
  async #putOff(write: ClaimedWrite): Promise<void> {
    if (write.attempts + 1 < ATTEMPTS) await this.#options.journal.retry([write], flushPause.longestMs);
    else await this.#bury(write, undefined, new Error('the record cannot be read by this version'));
  }

  #settled(writes: readonly WriteName[]): void {
    this.#failedRows.forget(writes);
    this.#options.onSettled(writes);
  }

  async #bury(write: ClaimedWrite, record: WriteRecord | undefined, error: unknown): Promise<void> {
    const { journal, counters, invalidate, clock, log } = this.#options;
    const attempts = write.attempts + 1;
    // Before and after: a process that dies in between must not leave an entry of what neither the journal nor the database has.
    await invalidate([write.key]);
    await journal.bury({ ...write, attempts, error: textOf(error), buriedAtMs: clock.nowMs() });
    counters.buried += 1;
    this.#settled([write]);
    // Not the key, which may name a viewer, nor the state.
    log.error(
      { coordinate: record?.coordinate, attempts, error: textOf(error) },
      'the database refuses an accepted write; it is with the dead letters',
    );
    // From now on reads see what the database has.
    await invalidate([write.key]);
  }

  #complain(error: unknown, message: string): void {
    const { clock, log } = this.#options;
    if (!hasCome(this.#complainedAtMs + COMPLAIN_EVERY_MS, clock.nowMs(), COMPLAIN_EVERY_MS)) return;
    this.#complainedAtMs = clock.nowMs();
    log.warn({ error: textOf(error) }, message);
  }
}

function byKey({ write: { key: one } }: Readable, { write: { key: other } }: Readable): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function tagsOf(batch: readonly Readable[]): readonly string[] {
  return [...new Set(batch.flatMap(({ write, record }) => [write.key, ...record.tags]))];
}
