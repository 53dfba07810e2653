import { textOf } from '../errors.js';
import { hasCome, type CallOff, type Clock } from '../time/clock.js';
import { every } from '../time/every.js';
import { channels } from '../diagnostics/channels.js';
import type { RelayMessage } from '../diagnostics/messages.js';
import { tellWork } from '../diagnostics/tell-work.js';
import { namespacesOf } from '../keys/namespace.js';
import { shortenKey } from '../keys/shorten-key.js';
import type { CacheLog } from '../log.js';
import type { ForgetReason } from '../metrics/relay-counters.js';
import type { Outbox, OutboxRow, Relayed } from './outbox.js';

export interface RelayOptions {
  readonly outbox: Outbox;
  /** Applies an invalidation; rejects when the store could not. */
  readonly invalidate: (tags: readonly string[], versions: ReadonlyMap<string, number>) => Promise<void>;
  /** True while the store refuses everything at once. */
  readonly storeIsAway: () => boolean;
  /** True while a part of the store does, or all of it. */
  readonly storeIsPartlyAway: () => boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: CacheLog;
  /** Forgets everything that was stored so far. */
  readonly forgetAll: () => Promise<void>;
  /** Told each time that it did so. */
  readonly onForgotten: (reason: ForgetReason) => void;
  /** Told of each look that brought something. */
  readonly onApplied: (rows: Relayed['done']) => void;
  /** Told with each look whether other stores are told of the same writes. */
  readonly onOthers: (areThere: boolean) => void;
  /** Milliseconds without a look that succeeded after which the relay is blind. */
  readonly blindAfterMs: number;
}

const POLL_MS = 250;
/** While commits are told of, and nothing was found that was not. */
const QUIET_POLL_MS = 3000;
/** A row that waited for longer, and was found by looking from time to time, was not told of. */
const UNTOLD_AFTER_MS = 1000;
/** A message that comes so soon after another one is one of many: all processes hear it, and the first to look is enough. */
const OFTEN_MS = 1000;
const STAGGER_MS = 100;
const KEEP_MS = 60_000;
const PAUSE_MS = 20;
/** Another process may still reach the store that this one has lost. */
const PAUSE_WHILE_AWAY_MS = 100;
/** One operation of the store, which is bounded in time, takes no more tags than this. */
const TAGS_AT_ONCE = 500;
const COMPLAIN_EVERY_MS = 60_000;
/** A look that gets no further for longer hangs: it is given up, and another one begins. A long backlog has many steps. */
const LOOK_STANDS_STILL_MS = 5000;
/** A database that has gone silent is waited for no longer when the relay is closed. */
const CLOSE_WITHIN_MS = 2000;
/** A look that takes longer is counted as one that does not see. */
const LOOK_TAKES_MS = 500;
/** After one that took longer the next does not wait until so much would make it blind. */
const LOOK_IS_SLOW_FROM_MS = LOOK_TAKES_MS / 2;

/** A look on its way. */
interface Look {
  readonly beganAtMs: number;
  /** When it got further last: it began, was given rows by the database, or the store applied some of them. */
  furtherAtMs: number;
  readonly relayed: Promise<Relayed>;
  giveUp(): void;
}

/**
 * Applies what waits in the outbox: when it is told that there may be something, and from time to time, since messages
 * get lost. Every process has one. Applying twice, late or out of order costs a miss and nothing else.
 */
export class Relay {
  readonly #options: RelayOptions;
  #running: Look | undefined;
  #next: Promise<Relayed> | undefined;
  #stopListening: (() => Promise<void>) | undefined;
  #stopPolling: CallOff | undefined;
  #stopKeeping: CallOff | undefined;
  #complainedAtMs = -Infinity;
  #isListening = false;
  /** Whether a message came since the last look began. */
  #wasTold = false;
  #toldAtMs = -Infinity;
  #isStaggered = false;
  /** Since a row was found that no message told of, until the next message: it listens in vain. */
  #isDeaf = false;
  #lookedAtMs = -Infinity;
  /** How often something was missed for good, and up to which of these everything that was stored is forgotten. */
  #missed = 0;
  #forgottenTo = 0;
  #nextForget: Promise<void> | undefined;
  #lastForget: Promise<void> = Promise.resolve();
  #closed = false;
  /** When the first look began of those that have not succeeded since the last that did. */
  #unseenSinceMs: number | undefined;
  /** When the last look began that succeeded. */
  #seenAtMs: number | undefined;
  #isBlind = false;
  #isStarted = false;
  /** Invalidations on their way into the outbox. */
  readonly #adding = new Set<Promise<void>>();
  /** In an outage, what was waited for last was applied by no process in time. */
  #isStalled = false;
  /** Writes, and others, that wait for what the looks bring. */
  #awaiting = 0;
  #waiting: Promise<boolean> | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /**
   * Begins to listen and to look. Resolves when what waited already is applied, or everything stored so far is forgotten.
   * @throws what the database answers with; later it is asked again, and nothing is thrown.
   */
  async start(withinMs: number): Promise<void> {
    this.#isStarted = true;
    const wasRegistered = await this.#options.outbox.register();
    const look = (): void => {
      this.#watch();
      if (!this.#closed && !this.#options.storeIsAway()) this.#look().catch(() => undefined);
    };
    this.#stopListening = this.#options.outbox.listen(
      () => this.#told(look),
      (isListening) => (this.#isListening = isListening),
    );
    const poll = (): void => {
      if (this.#isDue()) look();
      else this.#watch();
    };
    this.#stopPolling = every(this.#options.clock, POLL_MS, poll);
    const keep = (): void => {
      this.#options.outbox.keep().catch((error: unknown) => this.#complain(error));
    };
    this.#stopKeeping = every(this.#options.clock, KEEP_MS, keep);
    // What waited may be of a process that ended before another heard of it.
    const isSafe = wasRegistered && (await this.#appliedWithin(withinMs));
    // A store that is away will ask before it is used.
    if (!isSafe) await this.#forgetAll('start').catch(() => undefined);
  }

  /**
   * True once every row that was committed before this call is applied, by whichever process; false when that took
   * longer than `withinMs`, or than `databaseWithinMs` while all of the store is there. In an outage in which that was waited for
   * in vain it is false at once, until some process applies rows in time again: writes would only be slow.
   */
  async settled(withinMs: number, databaseWithinMs = withinMs): Promise<boolean> {
    const isOutage = this.#options.storeIsPartlyAway;
    const wait = async (): Promise<boolean> => {
      const isApplied = await this.#appliedWithin(withinMs, databaseWithinMs);
      this.#isStalled = !isApplied && isOutage();
      return isApplied;
    };
    if (!this.#isStalled || !isOutage()) return wait();
    // One wait for all writes finds out when rows are applied again.
    this.#waiting ??= wait()
      .catch(() => false)
      .finally(() => (this.#waiting = undefined));
    return false;
  }

  async #appliedWithin(withinMs: number, databaseWithinMs?: number): Promise<boolean> {
    this.#awaiting += 1;
    try {
      return await this.#untilApplied(withinMs, databaseWithinMs);
    } finally {
      this.#awaiting -= 1;
    }
  }

  async #untilApplied(withinMs: number, databaseWithinMs = withinMs): Promise<boolean> {
    const { clock, storeIsAway, storeIsPartlyAway } = this.#options;
    const sinceMs = clock.nowMs();
    let waiting: ReadonlySet<string> | undefined;
    for (;;) {
      const atMostMs = storeIsPartlyAway() ? withinMs : databaseWithinMs;
      const untilMs = sinceMs + atMostMs;
      const leftMs = Math.min(atMostMs, untilMs - clock.nowMs());
      const seen = await this.#lookWithin(leftMs);
      if (seen !== undefined) {
        const { elsewhere, forgetting = [] } = seen;
        waiting = new Set([...elsewhere.filter((id) => waiting?.has(id) ?? true), ...forgetting]);
        if (waiting.size === 0) return true;
      }
      const pauseMs = storeIsAway() ? PAUSE_WHILE_AWAY_MS : PAUSE_MS;
      if (this.#closed || hasCome(untilMs - pauseMs, clock.nowMs(), atMostMs)) return false;
      await clock.sleep(pauseMs);
    }
  }

  /**
   * Writes down an invalidation that could not be applied, so that some process applies it. False, and remembered,
   * where that failed too: then only forgetting everything helps.
   */
  async writeDown(tags: readonly string[]): Promise<boolean> {
    const add = async (): Promise<void> => this.#options.outbox.add(tags);
    const adding = add();
    this.#adding.add(adding);
    try {
      await adding;
      return true;
    } catch (error) {
      this.#missed += 1;
      this.#complain(error);
      // A store that came back meanwhile does not ask once more.
      await this.#forgetWhatWasMissed().catch(() => undefined);
      return false;
    } finally {
      this.#adding.delete(adding);
    }
  }

  /** Whether every invalidation so far is applied; `no` as well when that cannot be found out within this time. */
  async caughtUp(withinMs: number): Promise<'yes' | 'no'> {
    const { clock } = this.#options;
    const beganAtMs = clock.nowMs();
    // No look finds a row that is still being written down.
    const added = Promise.allSettled(this.#adding).then(() => true);
    const isAdded = this.#adding.size === 0 || (await Promise.race([added, clock.sleep(withinMs)])) === true;
    if (this.#mustForget || !isAdded) return 'no';
    return (await this.#appliedWithin(withinMs - (clock.nowMs() - beganAtMs))) ? 'yes' : 'no';
  }

  /** Everything stored so far was forgotten. */
  forgotten(): void {
    this.#forgottenTo = this.#missed;
  }

  /** Until everything stored so far is forgotten, nothing of it may be served. */
  get #mustForget(): boolean {
    return this.#missed > this.#forgottenTo;
  }

  /** False before `start()`: until then nothing is known of an outbox. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** True where it could not look for longer than it should: what was written since by others is not known. */
  get isBlind(): boolean {
    return this.#isBlind;
  }

  /** Milliseconds for which it could not look; 0 while it can. */
  blindForMs(): number {
    return this.#isBlind ? this.#unseenForMs() : 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopPolling?.();
    this.#stopKeeping?.();
    await this.#stopListening?.();
    const { clock, outbox } = this.#options;
    const atMost = (work: Promise<unknown>): Promise<unknown> =>
      Promise.race([work, clock.sleep(CLOSE_WITHIN_MS)]);
    // One that hangs would never end.
    if (!this.#isBlind) await atMost(Promise.allSettled([this.#running?.relayed, this.#next]));
    this.#running?.giveUp();
    await atMost(Promise.allSettled([this.#running?.relayed, this.#next]));
    // Its rows are removed after a while by a process that is left.
    await atMost(outbox.close().catch(() => undefined));
  }

  /** Looks at once, or where messages come often within a moment, in which another process may have looked. */
  #told(look: () => void): void {
    const { clock, random } = this.#options;
    const isOften = !hasCome(this.#toldAtMs + OFTEN_MS, clock.nowMs(), OFTEN_MS);
    this.#toldAtMs = clock.nowMs();
    this.#wasTold = true;
    this.#isDeaf = false;
    if (!isOften) look();
    if (!isOften || this.#isStaggered) return;
    this.#isStaggered = true;
    void clock.sleep(STAGGER_MS * random()).then(() => {
      this.#isStaggered = false;
      look();
    });
  }

  /**
   * Whether it is time to look without being told now. A look that failed is repeated as soon as without a listener, and a
   * message that came while the store was away still asks for one.
   */
  #isDue(): boolean {
    if (!this.#isListening || this.#isDeaf || (this.#wasTold && !this.#isStaggered)) return true;
    const { clock, blindAfterMs } = this.#options;
    // It must have looked, to know that it is blind.
    const everyMs = Math.min(QUIET_POLL_MS, blindAfterMs);
    return hasCome(this.#lookedAtMs + everyMs, clock.nowMs(), everyMs);
  }

  async #lookWithin(ms: number): Promise<Relayed | undefined> {
    const tooLate = this.#options.clock.sleep(Math.max(0, ms)).then(() => undefined);
    return Promise.race([this.#look().catch(() => undefined), tooLate]);
  }

  /** Looks once. A caller that comes before the look begins shares it; a later one needs another. */
  #look(): Promise<Relayed> {
    this.#next ??= this.#lookAfter(this.#running);
    return this.#next;
  }

  async #lookAfter(before: Look | undefined): Promise<Relayed> {
    await before?.relayed.catch(() => undefined);
    this.#next = undefined;
    if (this.#closed && this.#isBlind) throw new Error('the relay is closed');
    let look = this.#begin();
    this.#unseenSinceMs ??= look.beganAtMs;
    this.#lookedAtMs = -Infinity;
    const wasTold = this.#wasTold;
    this.#wasTold = false;
    try {
      let relayed = await look.relayed;
      // What it has missed is forgotten before anything from before is believed again.
      if (!relayed.isKnown && (await this.#registerAgain()) === 'waits') {
        look = this.#begin();
        relayed = await look.relayed;
      }
      if (this.#mustForget) await this.#forgetWhatWasMissed();
      // While another process has everything forgotten, this one knows no more than before.
      if (relayed.forgetting === undefined || relayed.forgetting.length === 0) this.#hasSeen(look);
      this.#options.onOthers(relayed.hasOthers ?? false);
      const nowMs = this.#options.clock.nowMs();
      const isSlow = nowMs - look.beganAtMs > LOOK_IS_SLOW_FROM_MS;
      // What another process has in its hands may be given back without a message.
      if (relayed.elsewhere.length === 0 && !isSlow) this.#lookedAtMs = nowMs;
      // The message of a row that was found a moment before it may have come meanwhile.
      const isUntold = !wasTold && !this.#wasTold;
      if (isUntold && relayed.done.some(({ waitedMs }) => waitedMs > UNTOLD_AFTER_MS)) this.#isDeaf = true;
      if (relayed.done.length > 0) this.#options.onApplied(relayed.done);
      return relayed;
    } catch (error) {
      this.#complain(error);
      throw error;
    }
  }

  /** What a look that was given up still brings is applied, which is never wrong; it is waited for no longer. */
  #begin(): Look {
    let giveUp = (): void => undefined;
    const givenUp = new Promise<never>((_resolve, reject) => {
      giveUp = () => reject(new Error(`a look got no further for ${LOOK_STANDS_STILL_MS} ms`));
    });
    const { clock, outbox } = this.#options;
    const beganAtMs = clock.nowMs();
    let look: Look | undefined;
    const further = (): void => {
      if (look !== undefined) look.furtherAtMs = clock.nowMs();
    };
    const apply = (rows: readonly OutboxRow[]): Promise<void> =>
      channels.relay.hasSubscribers
        ? tellWork(channels.relay, messageOf(rows), () => this.#apply(rows, further))
        : this.#apply(rows, further);
    const forgetAll = (reason: ForgetReason = 'gap'): Promise<void> => this.#forgetAll(reason);
    const looking = outbox.relay(apply, forgetAll, () => this.#awaiting > 0);
    const relayed = Promise.race([looking, givenUp]);
    look = { beganAtMs, furtherAtMs: beganAtMs, relayed, giveUp };
    this.#running = look;
    return look;
  }

  /** Sees to it that a look that hangs does not end all others, and that readers are told of what was not looked for. */
  #watch(): void {
    const { clock, blindAfterMs, log, storeIsAway } = this.#options;
    const { furtherAtMs = Infinity, giveUp } = this.#running ?? {};
    if (clock.nowMs() - furtherAtMs > LOOK_STANDS_STILL_MS) giveUp?.();
    // While the store is away the relay does not look, and nothing is served from it: how long it was blind counts from its return.
    if (storeIsAway()) {
      this.#seenAtMs = undefined;
      if (this.#unseenSinceMs !== undefined && !this.#isBlind) this.#unseenSinceMs = clock.nowMs();
    }
    if (this.#closed || this.#isBlind || storeIsAway() || this.#unseenForMs() <= blindAfterMs) return;
    if (clock.nowMs() - (this.#unseenSinceMs ?? Infinity) < LOOK_TAKES_MS) return;
    this.#isBlind = true;
    const blindForMs = this.#unseenForMs();
    log.error({ blindForMs }, 'the outbox could not be looked into for longer than it should');
  }

  #unseenForMs(): number {
    if (this.#unseenSinceMs === undefined) return 0;
    return this.#options.clock.nowMs() - (this.#seenAtMs ?? this.#unseenSinceMs);
  }

  #hasSeen({ beganAtMs }: Look): void {
    const blindForMs = this.blindForMs();
    this.#unseenSinceMs = undefined;
    this.#seenAtMs = beganAtMs;
    if (!this.#isBlind) return;
    this.#isBlind = false;
    this.#options.log.warn({ blindForMs }, 'the outbox is looked into again');
  }

  /**
   * Rows were not written for a while, for a process that was asleep for long: what it has missed is not known. Whether everything is
   * forgotten then, or what has it forgotten waits.
   */
  async #registerAgain(): Promise<'forgotten' | 'waits'> {
    if (await this.#options.outbox.register()) return 'waits';
    await this.#forgetAll('absence');
    return 'forgotten';
  }

  /**
   * What was missed by now is made up for, once for all who ask before that begins. A store, or a part of it, that is away asks before it
   * is used again.
   */
  #forgetWhatWasMissed(): Promise<void> {
    this.#nextForget ??= this.#lastForget
      .catch(() => undefined)
      .then(async () => {
        this.#nextForget = undefined;
        if (this.#mustForget && !this.#options.storeIsPartlyAway()) await this.#forgetAll('write');
      });
    this.#lastForget = this.#nextForget;
    return this.#nextForget;
  }

  /** Where the store cannot, being away, it is told to when it asks whether it may be used again. */
  async #forgetAll(reason: ForgetReason): Promise<void> {
    this.#missed += 1;
    const missed = this.#missed;
    await this.#options.forgetAll();
    this.#forgottenTo = Math.max(this.#forgottenTo, missed);
    this.#options.onForgotten(reason);
  }

  /** Calls `further` for the rows, and for each part of their tags that the store has. */
  async #apply(rows: readonly OutboxRow[], further: () => void): Promise<void> {
    further();
    const { forgetsAll, forgetReason = 'write' } = rows.find((row) => row.forgetsAll !== undefined) ?? {};
    if (forgetsAll !== undefined) {
      // That a store is new, or was away, is nothing to see to.
      if (forgetReason !== 'absence')
        this.#options.log.warn(
          { because: forgetsAll },
          'what was written could not be told row by row, so everything is forgotten',
        );
      await this.#forgetAll(forgetReason);
      further();
    }
    const latest = latestVersions(rows);
    const tags = [...latest.keys()];
    const versions = new Map(
      Array.from(latest).flatMap(([tag, version]): [string, number][] =>
        version === null ? [] : [[tag, version]],
      ),
    );
    for (let start = 0; start < tags.length; start += TAGS_AT_ONCE) {
      await this.#options.invalidate(tags.slice(start, start + TAGS_AT_ONCE), versions);
      further();
    }
  }

  #complain(error: unknown): void {
    const { clock, log, storeIsAway } = this.#options;
    // That the store is away has been said.
    if (this.#closed || storeIsAway()) return;
    if (!hasCome(this.#complainedAtMs + COMPLAIN_EVERY_MS, clock.nowMs(), COMPLAIN_EVERY_MS)) return;
    this.#complainedAtMs = clock.nowMs();
    log.warn({ error: textOf(error) }, 'the outbox could not be relayed; it is tried again');
  }
}

function messageOf(rows: readonly OutboxRow[]): RelayMessage {
  const tags = rows.flatMap((row) => row.tags);
  const waitedMs = rows.reduce((longest, row) => Math.max(longest, row.waitedMs), 0);
  return { rows: rows.length, tags: tags.length, namespaces: namespacesOf(tags), waitedMs };
}

/** Every tag with its latest version; null where any of the rows does not know one. */
function latestVersions(rows: readonly OutboxRow[]): ReadonlyMap<string, number | null> {
  const latest = new Map<string, number | null>();
  for (const { tags, versions } of rows) {
    for (const [index, written] of tags.entries()) {
      const tag = shortenKey(written);
      const version = versions?.[index] ?? null;
      const known = latest.get(tag);
      latest.set(
        tag,
        known === undefined ? version : known === null || version === null ? null : Math.max(known, version),
      );
    }
  }
  return latest;
}
