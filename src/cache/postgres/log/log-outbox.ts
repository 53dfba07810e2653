import type { ClientConfig } from 'pg';
import type { OutboxLag } from '../../metrics/relay-counters.js';
import type { OthersSeen, Outbox, OutboxRow, Relayed } from '../../outbox/outbox.js';
import { systemClock } from '../../time/clock.js';
import { doublingPauseMs, type DoublingPause } from '../../time/doubling-pause.js';
import { every } from '../../time/every.js';
import type { OutboxPool } from '../pool-option.js';
import { sqlstateOf } from '../sqlstate.js';
import { asciiJson } from './ascii-json.js';
import { FLUSH_MESSAGE, TAGS_MESSAGE, type Batch } from './changes.js';
import { Forgetting } from './forgetting.js';
import type { LogHome } from './log-home.js';
import { LogReader } from './log-reader.js';
import { lsnText } from './lsn.js';
import { OtherReaders } from './other-readers.js';
import { PlanOutdated, PlanReader } from './plan-in-use.js';
import { serverRefusal } from './server-refusals.js';
import { makeSlot, readApplied, readState, reasonToBeginAnew, stillSeen, type LogState } from './slots.js';
import { untilSeen } from '../seen-transactions.js';
import type { TablesOfLog } from './tables-of-log.js';

export interface LogOutboxOptions {
  readonly home: LogHome;
  readonly pool: OutboxPool;
  /** For making slots, which waits for transactions that write. */
  readonly slowPool: OutboxPool;
  readonly connection: string | ClientConfig;
  readonly slot: string;
  /** What this store is called; undefined for one that ends with its process, as its slot does then. */
  readonly store: string | undefined;
  /** A reader that is further behind than so many bytes of the log begins anew, and everything is forgotten. */
  readonly behindAtMost: number;
  readonly tables: Pick<TablesOfLog, 'plan' | 'identities' | 'keep'>;
  readonly warn: (sentence: string) => void;
}

/** How often a process that does not read looks whether another one still does. */
const SUCCEED_EVERY_MS = 1800;
/** What was committed before a look is applied within this time, or the look has failed. */
const REACH_WITHIN_MS = 2000;
/** What was written without waiting for the disk is not sent; after this time it is written by force. */
const FLUSH_AFTER_MS = 30;
/** A commit that waits for a standby is in the log already. */
const SEEN_WITHIN_MS = 3000;
/** What was committed before a look and is on its way is waited for, so that all of it is applied in one go. */
const GATHER_WITHIN_MS = 10;
/** One that could not apply what it read leaves the slot to others for so long: a moment, as it may be able to the next time. */
const STAND_BACK: DoublingPause = { firstMs: 50, longestMs: 1000 };
/** What the server writes by itself is sent, and applied by the process that reads, within this time. */
const SENT_WITHIN_MS = 300;
const ASK_PAUSE = { firstMs: 2, longestMs: 20 };
const OBJECT_IN_USE = '55006';
const UNDEFINED_OBJECT = '42704';
/** So often in one look others may change the publication. */
const CHECKS_AT_MOST = 5;

type Apply = (rows: readonly OutboxRow[]) => Promise<void>;
type Done = Relayed['done'][number];
type Forget = NonNullable<Parameters<Outbox['relay']>[1]>;

/**
 * The log of the server as the outbox of one store: one process reads it, confirms what it has applied, and so tells all others how far
 * that is. The slot is the leadership: PostgreSQL gives it to one connection at a time.
 */
export class LogOutbox implements Outbox {
  readonly #options: LogOutboxOptions;
  readonly #plan: PlanReader;
  readonly #others: OtherReaders;
  readonly #forgetting: Forgetting;
  #reader: LogReader | undefined;
  #opening: Promise<void> | undefined;
  #publication: string | undefined;
  /** The look that is under way; undefined between looks. */
  #turn: symbol | undefined;
  #whyAnew: string | undefined;
  #standBackUntilMs = -Infinity;
  /** How often it could not apply what it read, or not read, since it last came to where a look of its own shall come. */
  #failures = 0;
  #onRows: (() => void) | undefined;
  #state: LogState | undefined;
  #hasLooked = false;
  /** As the slot said last, where another process reads. */
  #appliedTo = 0n;
  /** What the process that reads has not come to, as no write waits for it. */
  #behind: Behind | undefined;
  #isClosed = false;

  constructor(options: LogOutboxOptions) {
    this.#options = options;
    this.#plan = new PlanReader(options.pool, () => options.tables.plan());
    this.#others = new OtherReaders(options.pool, options.home, options.slot);
    this.#forgetting = new Forgetting(options);
  }

  async register(): Promise<boolean> {
    if (this.#options.store === undefined) await this.#lead();
    else await this.#beginAnew(this.#options.store);
    // Whether everything must be forgotten is written beside the slot, and done by the first look.
    return true;
  }

  /** Everything that was committed before the call is applied when this resolves. */
  async relay(
    apply: Apply,
    forgetAll: Forget = cannotForget,
    isAwaited: () => boolean = () => true,
  ): Promise<Relayed> {
    // A look that was given up still has what it took: it is read again, and confirmed after that.
    if (this.#turn !== undefined) this.#stopReading();
    const turn = Symbol('look');
    this.#turn = turn;
    const reader = this.#reader;
    reader?.look();
    try {
      const state = await this.#look();
      this.#stopWhereCutOff(reader, state);
      const { done, elsewhere = [] } = await this.#drain({
        ...{ turn, reader, state, apply, forgetAll, isAwaited },
      });
      const { hasOthers, isUnseen } = state;
      // Other stores wait for one that is seen. Where it cannot be noted, the next look does it.
      if (hasOthers && isUnseen) this.#seen().catch(() => undefined);
      return { done, elsewhere, isKnown: true, hasOthers };
    } finally {
      if (this.#turn === turn) {
        this.#turn = undefined;
        this.#reader?.rest();
      }
    }
  }

  async add(tags: readonly string[]): Promise<void> {
    const { pool, slot } = this.#options;
    await pool.query('SELECT pg_logical_emit_message(true, $1, $2)', [TAGS_MESSAGE + slot, asciiJson(tags)]);
  }

  tellOthers(tags: readonly string[] | 'all'): Promise<void> {
    return this.#others.tell(tags);
  }

  others(): Promise<OthersSeen> {
    return this.#others.seen();
  }

  listen(onRows: () => void, onListening?: (isListening: boolean) => void): () => Promise<void> {
    this.#onRows = onRows;
    onListening?.(true);
    const stopSucceeding = every(systemClock, SUCCEED_EVERY_MS, () => {
      if (this.#reader === undefined) onRows();
    });
    return () => {
      stopSucceeding();
      this.#onRows = undefined;
      return Promise.resolve();
    };
  }

  /**
   * No look is made while the store is away: so that the server need not keep its log without end, it is looked at here, where there was no
   * look since the last time.
   */
  async keep(): Promise<void> {
    const { tables } = this.#options;
    const tablesNow = await this.#seen();
    await this.#keepSlot();
    // A reader has the partitions as they were when it was opened.
    if (await tables.keep(tablesNow)) this.#stopReading();
  }

  async #keepSlot(): Promise<void> {
    const { pool, home, slot, store, behindAtMost } = this.#options;
    if (store === undefined || this.#turn !== undefined) return;
    const hasLooked = this.#hasLooked;
    this.#hasLooked = false;
    if (hasLooked) return;
    this.#state = await readState(pool, home, slot);
    if (reasonToBeginAnew(this.#state, behindAtMost) === undefined) return;
    this.#stopReading();
    await this.#beginAnew(store);
  }

  #seen(): Promise<string | undefined> {
    const { pool, home, slot } = this.#options;
    return stillSeen(pool, home, slot);
  }

  lag(): OutboxLag | undefined {
    if (this.#state === undefined) return undefined;
    const { writtenTo, slot } = this.#state;
    const appliedTo = this.#reader?.appliedTo ?? this.#appliedTo;
    return {
      behindBytes: appliedTo < writtenTo ? Number(writtenTo - appliedTo) : 0,
      keptBytes: slot?.keptBytes ?? 0,
    };
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#reader?.end();
    this.#reader = undefined;
    return Promise.resolve();
  }

  /** One statement, and what it shows to be wrong is put right: a slot that is gone, lost or far behind is made anew. */
  async #look(): Promise<LogState> {
    const { pool, home, slot, store, behindAtMost } = this.#options;
    let state = await readState(pool, home, slot);
    for (let checks = 1; state.publication !== this.#publication; checks += 1) {
      if (checks > CHECKS_AT_MOST) throw new Error('other programs change the publication all the time');
      await this.#checkPublication(state.publication);
      // Whether everything must be forgotten for it.
      state = await readState(pool, home, slot);
    }
    const why = this.#whyAnew ?? reasonToBeginAnew(state, behindAtMost);
    if (store !== undefined && why !== undefined) {
      this.#stopReading();
      await this.#beginAnew(store, this.#whyAnew);
      this.#whyAnew = undefined;
      state = await readState(pool, home, slot);
    }
    this.#appliedTo = state.slot?.appliedTo ?? 0n;
    this.#hasLooked = true;
    return (this.#state = state);
  }

  async #beginAnew(store: string, isUseless?: string): Promise<void> {
    const { slowPool, home, slot, behindAtMost, warn } = this.#options;
    const made = await makeSlot(slowPool, { home, slot, store, behindAtMost }, isUseless);
    if (made?.isFirst === false)
      warn(`The log is read anew, and everything stored is forgotten: ${made.why}.`);
  }

  /** A connection that has gone silent tells of no end. That the server has given it up shows by the process that has the slot now. */
  #stopWhereCutOff(before: LogReader | undefined, { slot }: LogState): void {
    // One that was opened since the state was read is not in it.
    if (before === undefined || before !== this.#reader || before.isSentBy(slot?.pid)) return;
    this.#stopReading();
    this.#options.warn(
      'The log is read no more by this process, until it begins again: the server has ended its stream, and its connection says nothing.',
    );
  }

  #stopReading(): void {
    this.#reader?.end();
    this.#reader = undefined;
  }

  async #checkPublication(publication: string | undefined): Promise<void> {
    await this.#options.tables.plan();
    // Of a store whose slot ends with this process nothing is written down.
    if (this.#publication !== undefined) this.#forgetting.hasMissed();
    this.#publication = publication;
  }

  async #drain(draining: Draining): Promise<Drained> {
    const { turn, state, forgetAll, isAwaited } = draining;
    if (this.#reader === undefined && state.slot?.isRead !== true) await this.#lead();
    const done: Done[] = [];
    const target = state.writtenTo;
    let known = draining.reader;
    let mustForget = this.#forgetting.isDue(state);
    let furtherAtMs = performance.now();
    const beganAtMs = furtherAtMs;
    let isFlushed = false;
    for (let asks = 1; ; asks += 1) {
      if (this.#turn !== turn) throw new Error('this look was given up');
      const reader = this.#reader;
      // The slot may have been made anew between the look at its state and the opening of this reader.
      if (reader !== undefined && reader !== known) mustForget ||= await this.#forgetting.isDueNow();
      known = reader;
      if (mustForget) {
        await this.#forgetting.forget(forgetAll);
        mustForget = false;
        furtherAtMs = performance.now();
      }
      // What was committed since is for the next look: one that took it too would not end while others write.
      // Where another process reads, and nothing was written since it confirmed last, no further statement asks it.
      if ((reader?.appliedTo ?? this.#appliedTo) >= target) {
        this.#behind = undefined;
        // Not with each batch: of a transaction of which one cannot be applied, all others are read again.
        if (reader !== undefined) this.#failures = 0;
        return { done };
      }
      if (reader?.hasChanges === true) {
        await reader.gather(target, GATHER_WITHIN_MS);
        done.push(...(await this.#apply(reader, draining)));
        furtherAtMs = performance.now();
        continue;
      }
      const nowMs = performance.now();
      if (nowMs - furtherAtMs > REACH_WITHIN_MS) throw new Error(this.#notReached(state));
      if (!isFlushed && nowMs - beganAtMs > FLUSH_AFTER_MS) {
        isFlushed = true;
        await this.#options.pool.query(`SELECT pg_logical_emit_message(true, '${FLUSH_MESSAGE}', '')`);
        // What came meanwhile woke nothing.
        continue;
      }
      if (reader !== undefined) await reader.more(isFlushed ? REACH_WITHIN_MS : FLUSH_AFTER_MS);
      else {
        if (!isAwaited() && !this.#isLate(target)) return { done, elsewhere: [lsnText(target)] };
        mustForget = await this.#askElsewhere(target);
        if (this.#appliedTo < target) await systemClock.sleep(doublingPauseMs(ASK_PAUSE, asks));
      }
    }
  }

  /**
   * Whether the process that reads has not come so far as it should have. The server writes by itself, too, and sends that a moment later.
   * One that was late may be as far behind with what was written since: until a look finds nothing left to apply it stays so.
   */
  #isLate(target: bigint): boolean {
    const nowMs = performance.now();
    let behind = this.#behind;
    if (behind === undefined || (!behind.wasLate && this.#appliedTo >= behind.place))
      behind = { place: target, sinceMs: nowMs, wasLate: false };
    behind.wasLate ||= nowMs - behind.sinceMs > SENT_WITHIN_MS;
    this.#behind = behind;
    return behind.wasLate;
  }

  /** Asks how far the process has come that reads, and begins to read where none does. True where everything must be forgotten first. */
  async #askElsewhere(target: bigint): Promise<boolean> {
    const { pool, home, slot } = this.#options;
    const { isRead, appliedTo, mustForget } = await readApplied(pool, home, slot);
    if (mustForget) return true;
    this.#appliedTo = appliedTo;
    if (!isRead && appliedTo < target) await this.#lead();
    return false;
  }

  async #apply(reader: LogReader, { state, apply, forgetAll }: Draining): Promise<Done[]> {
    const { pool, warn } = this.#options;
    const batch = reader.take();
    const takenAtMs = performance.now();
    try {
      await untilSeen(pool, batch.xids, SEEN_WITHIN_MS);
      const row = rowOf(batch, state);
      if (batch.forget !== undefined) {
        warn(`Everything stored is forgotten: ${batch.forget}.`);
        await forgetAll('write');
      } else if (row.tags.length > 0) await apply([row]);
      reader.applied(batch);
      return row.tags.length > 0 ? [{ id: row.id, waitedMs: row.waitedMs }] : [];
    } catch (error) {
      // It is in the log still: another process may be able to, or this one later.
      reader.end();
      if (this.#reader === reader) this.#reader = undefined;
      this.#standBack(performance.now() - takenAtMs);
      throw error;
    }
  }

  /** For twice as long each time, and for no less than it was in the way of others in vain; for a second at most. */
  #standBack(triedForMs = 0): void {
    this.#failures += 1;
    const pauseMs = Math.max(doublingPauseMs(STAND_BACK, this.#failures), triedForMs);
    this.#standBackUntilMs = performance.now() + Math.min(pauseMs, STAND_BACK.longestMs);
  }

  async #lead(): Promise<void> {
    if (this.#isClosed || performance.now() < this.#standBackUntilMs) return;
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    await this.#opening;
  }

  async #open(): Promise<void> {
    const { connection, slot, home, store } = this.#options;
    let opened: LogReader | undefined;
    // One that ends while it is opened, as where its publication is gone.
    const early: Error[] = [];
    try {
      opened = await LogReader.open({
        ...{ connection, slot, publication: home.publication, isTemporary: store === undefined },
        known: await this.#plan.read(),
        onChanges: () => this.#onRows?.(),
        onEnd: (error) => {
          if (opened === undefined) early.push(error);
          if (opened === undefined || this.#reader !== opened) return;
          this.#reader = undefined;
          this.#readsNoMore(error);
        },
      });
    } catch (error) {
      // Another process was faster.
      if (sqlstateOf(error) === OBJECT_IN_USE) return;
      this.#standBack();
      throw serverRefusal(error) ?? error;
    }
    const [ended] = early;
    if (ended !== undefined) {
      opened.end();
      this.#readsNoMore(ended);
      if (ended instanceof PlanOutdated) return;
      throw ended;
    }
    if (this.#isClosed) opened.end();
    else this.#reader = opened;
    opened.look();
    if (store === undefined) this.#forgetting.hasMissed();
  }

  #readsNoMore(error: Error): void {
    const { tables, warn } = this.#options;
    if (error instanceof PlanOutdated) {
      this.#plan.isOutdated(error);
      if (error.hasNewTable)
        tables
          .identities()
          .catch((cause: unknown) => warn(`A new partition is not seen to: ${String(cause)}.`));
    } else {
      if (sqlstateOf(error) === UNDEFINED_OBJECT) this.#whyAnew = 'its publication was gone for a while';
      warn(`The log is read no more by this process, until it begins again: ${error.message}.`);
    }
    this.#onRows?.();
  }

  #notReached({ writtenTo }: LogState): string {
    const appliedTo = this.#reader?.appliedTo;
    return (
      `the log was not applied up to ${lsnText(writtenTo)} within ${REACH_WITHIN_MS} ms` +
      (appliedTo === undefined ? ' by the process that reads it' : `, only to ${lsnText(appliedTo)}`)
    );
  }
}

function cannotForget(): Promise<void> {
  return Promise.reject(new Error('what was written is not known in full, and there is no way to forget'));
}

interface Behind {
  readonly place: bigint;
  readonly sinceMs: number;
  wasLate: boolean;
}

interface Drained {
  readonly done: Done[];
  /** What another process has in its hands. */
  readonly elsewhere?: readonly string[];
}

interface Draining {
  readonly turn: symbol;
  /** The one that there was before the state was read. */
  readonly reader: LogReader | undefined;
  readonly state: LogState;
  readonly apply: Apply;
  readonly forgetAll: Forget;
  readonly isAwaited: () => boolean;
}

function rowOf({ tags, readTo, committedAtMs }: Batch, { clockAheadMs }: LogState): OutboxRow {
  return {
    id: lsnText(readTo),
    tags: [...tags.keys()],
    versions: [...tags.values()],
    waitedMs: committedAtMs === undefined ? 0 : Math.max(0, performance.now() + clockAheadMs - committedAtMs),
  };
}
