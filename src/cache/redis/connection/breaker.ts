import { LoopTime } from '../../time/loop-time.js';
import { UsualTime } from '../../time/usual-time.js';
import { systemClock, type CallOff, type Timers } from '../../time/clock.js';
import { doublingPauseMs, type DoublingPause } from '../../time/doubling-pause.js';
import { classOf, isReply } from './error-class.js';
import { quotable } from './refusal.js';

export interface BreakerOptions {
  /** Milliseconds of turning event loop after which an operation without an answer has failed; > 0. */
  readonly timeoutMs: number;
  /**
   * `silence`: after five failures in a row, and at a time-out if nothing else was answered lately. `first-failure`: at the
   * first operation without an answer, whatever others are answered; what the server refuses is an answer.
   */
  readonly opensAt: 'silence' | 'first-failure';
  /** Bytes that came from the server so far, of answers that are under way too: what is long is not late. Default: not known. */
  readonly bytesHeard?: () => number;
  /** What operations are refused with: `is away: the connection was lost`. */
  readonly refusal: (words: string) => Error;
  /**
   * Makes sure that the server may be used (again); called in the background until it resolves. `mustForget` says that
   * nothing stored so far may be served: an invalidation was missed, or an attempt has already failed.
   */
  readonly rejoin: (mustForget: boolean) => Promise<void>;
  /** Told once when the server goes away and once when it is back. */
  readonly onChange: (change: BreakerChange) => void;
  readonly timers?: Timers;
}

export interface BreakerChange {
  readonly isAway: boolean;
  readonly reason: unknown;
  readonly awayForMs: number;
}

/** What an operation without an answer fails with. */
export class NoAnswer extends Error {}

interface Pending {
  fail(error: Error): void;
  /** Has the caller wait no longer; whether the server is still there is found out by what was asked. */
  giveUp(error: Error): void;
  callOff: CallOff;
}

interface Deadline {
  /** Milliseconds, default the time-out. */
  readonly withinMs?: number;
  /** Milliseconds of silence after which the caller waits no longer; default as long as the operation may take. */
  readonly patienceMs?: number;
}

const FAILURES_IN_A_ROW = 5;
/** Beats of the event loop in one time-out. */
const BEATS = 10;
/** The shortest time after which a read is given up, as a part of the time-out. */
const PATIENCE_PART = 1 / 5;
/** So many deviations above the mean lies what takes longer than is usual. */
const PATIENCE_DEVIATIONS = 4;
/** What rejoining asks may take so long, milliseconds: no request waits for it, and a busy machine must not undo all of it. */
const REJOINING_MS = 1000;
/** A server that falls silent so soon after it did before is slow rather than gone: then it may be for twice as long. */
const SOON_MS = 30_000;
const LONGEST_SILENCE_TIMES = 16;
const PROBES: DoublingPause = { firstMs: 250, longestMs: 1000 };

/**
 * Keeps a server that is down, slow or hung from holding up requests. It opens when the connection is lost, and at what
 * `opensAt` says; then everything under way fails at once, and so does what comes. A time-out counts only time in which the
 * event loop of this process turned. Requests are never the probe: it runs in the background, and closes the breaker only
 * after the server was rejoined with no invalidation missed meanwhile. That is why it is not one of the general ones.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #pending = new Set<Pending>();
  readonly #loopTime: LoopTime;
  readonly #timers: Timers;
  #refusal: Error | undefined;
  #awaySinceMs: number | undefined;
  #failures = 0;
  #answeredAtMs = -Infinity;
  /** How long reads take; undefined before the first answer. */
  #usual: UsualTime | undefined;
  /** What was asked last had no answer for longer than is usual, and nothing else has had one since. */
  #isLate = false;
  #answers = 0;
  /** How many there were when the latest probe began. */
  #answersBefore = 0;
  /** Time-outs without any answer before it opens. */
  #silenceTimes = 1;
  #silentAtMs = -Infinity;
  #missed = 0;
  #lost = 0;
  #mustForget = false;
  #isProbing = false;
  #probeAgain = false;
  /** Probes in vain since it opened. */
  #vainProbes = 0;
  #callOffProbe: CallOff | undefined;
  #closed = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemClock;
    this.#refusal = options.refusal('was not opened; call cache.start()');
    this.#loopTime = new LoopTime(options.timeoutMs / BEATS, this.#timers);
  }

  get isAway(): boolean {
    return this.#refusal !== undefined;
  }

  /** Runs an operation. @throws the refusal at once while the server is away. */
  run<T>(operation: () => Promise<T>): Promise<T> {
    return this.#refusal === undefined ? this.#withDeadline(operation) : Promise.reject(this.#refusal);
  }

  /** As `run`, for what is of no use late: it is not begun while answers are late. */
  runUnlessLate<T>(operation: () => Promise<T>): Promise<T> {
    return this.#isLate ? Promise.reject(this.#tooLate()) : this.run(operation);
  }

  /** As `runUnlessLate`, for what may be asked elsewhere: it is waited for no longer than answers usually take. */
  runPromptly<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#isLate || this.#refusal !== undefined) return this.runUnlessLate(operation);
    const { timeoutMs } = this.#options;
    const usualMs = this.#usual?.above(PATIENCE_DEVIATIONS) ?? timeoutMs;
    const patienceMs = Math.min(Math.max(usualMs, timeoutMs * PATIENCE_PART), timeoutMs);
    return this.#withDeadline(operation, { withinMs: timeoutMs, patienceMs });
  }

  /**
   * As `run`, also while a server that has answered is being rejoined: an invalidation that gets through need not be missed, and
   * the rejoining ends however many there are. One that is silent is not waited for by a write.
   */
  runWhileRejoining<T>(operation: () => Promise<T>): Promise<T> {
    return this.answersAgain ? this.#withDeadline(operation) : this.run(operation);
  }

  /** Whether it is being rejoined, and has answered. */
  get answersAgain(): boolean {
    return this.#isProbing && this.#answers > this.#answersBefore && !this.#closed;
  }

  /** As `run`, also while the server is away, and with more patience, of at least `patienceMs`: for rejoining it. */
  runToRejoin<T>(operation: () => Promise<T>, patienceMs = REJOINING_MS): Promise<T> {
    return this.#withDeadline(operation, { withinMs: Math.max(patienceMs, this.#options.timeoutMs) });
  }

  /** Where a patience is given, the caller waits no longer than that for a server that is silent. */
  #withDeadline<T>(
    operation: () => Promise<T>,
    { withinMs = this.#options.timeoutMs, patienceMs }: Deadline = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const sentAtMs = this.#loopTime.nowMs();
      const deadline = { untilMs: sentAtMs + withinMs, withinMs, patienceMs: patienceMs ?? withinMs };
      const pending: Pending = {
        fail: (error) => {
          if (settle()) reject(error);
        },
        giveUp: reject,
        callOff: () => undefined,
      };
      this.#wait(pending, deadline, deadline.patienceMs);
      const settle = (): boolean => {
        pending.callOff();
        return this.#pending.delete(pending);
      };
      this.#pending.add(pending);
      operation().then(
        (value) => {
          // Also one that is too late is a sign of life.
          this.#answeredAtMs = this.#loopTime.nowMs();
          this.#answers += 1;
          this.#isLate = false;
          if (!settle()) return;
          if (patienceMs !== undefined) this.#tookUsually(this.#answeredAtMs - sentAtMs);
          this.#failures = 0;
          resolve(value);
        },
        (error: unknown) => {
          if (isReply(error)) this.#isLate = false;
          if (!settle()) return;
          this.#failed(error);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  #tookUsually(ms: number): void {
    if (this.#usual === undefined) this.#usual = new UsualTime(ms);
    else this.#usual.note(ms);
  }

  /** Waits for the patience of the caller, for as much longer as something was heard meanwhile, and then for the rest. */
  #wait(pending: Pending, deadline: Required<Deadline> & { readonly untilMs: number }, ms: number): void {
    const { untilMs, withinMs, patienceMs } = deadline;
    const leftMs = untilMs - this.#loopTime.nowMs();
    if (ms >= leftMs) {
      pending.callOff = this.#loopTime.after(leftMs, () => this.#timedOut(pending, withinMs));
      return;
    }
    const { bytesHeard = () => 0 } = this.#options;
    const heardBefore = bytesHeard();
    pending.callOff = this.#loopTime.after(ms, () => {
      const isOnItsWay = bytesHeard() !== heardBefore;
      const sinceAnswerMs = this.#loopTime.nowMs() - this.#answeredAtMs;
      const longerMs = sinceAnswerMs >= patienceMs && isOnItsWay ? patienceMs : patienceMs - sinceAnswerMs;
      if (longerMs > 0) {
        this.#wait(pending, deadline, longerMs);
        return;
      }
      this.#isLate = true;
      pending.giveUp(this.#tooLate());
      this.#wait(pending, deadline, Infinity);
    });
  }

  /** An invalidation may not have been applied: nothing from before may be served until everything is forgotten. */
  missed(reason: unknown): void {
    this.#missed += 1;
    this.#mustForget = true;
    this.trip(reason);
  }

  /** The connection was lost. Also while it is being rejoined: whatever was found out about the server is void then. */
  lost(reason: unknown): void {
    this.#lost += 1;
    this.trip(reason);
  }

  /** Opens the breaker. */
  trip(reason: unknown): void {
    if (this.#refusal !== undefined || this.#closed) return;
    this.#refusal = this.#away(reason);
    this.#isLate = false;
    this.#awaySinceMs = performance.now();
    for (const pending of [...this.#pending]) pending.fail(this.#refusal);
    this.#options.onChange({ isAway: true, reason, awayForMs: 0 });
    this.#vainProbes = 0;
    this.#probeIn(PROBES.firstMs);
  }

  /** Tries to rejoin now: at the start, and when a connection is ready. @throws what the attempt failed with. */
  async probe(): Promise<void> {
    if (this.#closed || this.#refusal === undefined) return;
    if (this.#isProbing) {
      this.#probeAgain = true;
      return;
    }
    this.#beginProbe();
    this.#callOffProbe?.();
    try {
      await this.#rejoin();
    } catch (error) {
      this.#mustForget = true;
      this.#awaySinceMs ??= performance.now();
      // Later callers need not be told that the server was never asked.
      this.#refusal = this.#away(error);
      this.#vainProbes += 1;
      this.#probeIn(this.#probeAgain ? 0 : doublingPauseMs(PROBES, this.#vainProbes));
      throw error;
    } finally {
      this.#isProbing = false;
      this.#probeAgain = false;
    }
  }

  /** Asks whether a server that is in use still may be; opens where it may not. */
  async check(): Promise<void> {
    if (this.#closed || this.#isProbing || this.#refusal !== undefined) return;
    this.#beginProbe();
    try {
      await this.#options.rejoin(false);
    } catch (error) {
      this.trip(error);
    } finally {
      this.#isProbing = false;
      // It was opened meanwhile, and what wanted to probe then found this check under way and planned nothing.
      if (this.#refusal !== undefined && this.#probeAgain) this.#probeIn(0);
      this.#probeAgain = false;
    }
  }

  close(): void {
    this.#closed = true;
    this.#callOffProbe?.();
    this.#refusal ??= this.#options.refusal('was closed');
    for (const pending of [...this.#pending]) pending.fail(this.#refusal);
    this.#loopTime.end();
  }

  async #rejoin(): Promise<void> {
    let before: number;
    do {
      before = this.#missed + this.#lost;
      await this.#options.rejoin(this.#mustForget);
      // What was missed while everything was being forgotten may have been stored anew since, and a server that was
      // lost may have come back as another one.
    } while (before !== this.#missed + this.#lost);
    if (this.#closed) return;
    const sinceMs = this.#awaySinceMs;
    this.#refusal = undefined;
    this.#awaySinceMs = undefined;
    this.#failures = 0;
    this.#mustForget = false;
    if (sinceMs === undefined) return;
    const awayForMs = Math.round(performance.now() - sinceMs);
    this.#options.onChange({ isAway: false, reason: 'it answers', awayForMs });
  }

  #beginProbe(): void {
    this.#isProbing = true;
    this.#answersBefore = this.#answers;
  }

  #probeIn(ms: number): void {
    if (this.#closed) return;
    this.#callOffProbe?.();
    this.#callOffProbe = this.#timers.after(ms, () => {
      // The next attempt is already planned; what this one failed with is no news.
      this.probe().catch(() => undefined);
    });
  }

  /** Not the refusal of a server that is away, which tells of itself. */
  #tooLate(): Error {
    return new NoAnswer('it has not answered for longer than is usual');
  }

  #away(reason: unknown): Error {
    return this.#options.refusal(
      `is away: ${quotable(reason instanceof Error ? reason.message : String(reason))}`,
    );
  }

  #timedOut(pending: Pending, withinMs: number): void {
    if (!this.#pending.has(pending)) return;
    // What comes now finds out by itself.
    this.#isLate = false;
    const error = new NoAnswer(`no answer within ${withinMs} ms`);
    pending.fail(error);
    if (!this.#isHung() || this.#refusal !== undefined || this.#closed) return;
    this.#fellSilent();
    this.trip(error);
  }

  /** One slow command among others is no outage, nor are many that wait behind each other: silence is. */
  #isHung(): boolean {
    if (this.#options.opensAt === 'first-failure') return true;
    const silentMs = this.#loopTime.nowMs() - this.#answeredAtMs;
    return silentMs > this.#options.timeoutMs * (this.#silenceTimes === 1 ? 1 / 2 : this.#silenceTimes);
  }

  /** The next silence may be longer where this one came soon after another, and the store had come back in between. */
  #fellSilent(): void {
    const nowMs = performance.now();
    const isSoon = nowMs - this.#silentAtMs < SOON_MS;
    this.#silenceTimes = isSoon ? Math.min(this.#silenceTimes * 2, LONGEST_SILENCE_TIMES) : 1;
    this.#silentAtMs = nowMs;
  }

  #failed(error: unknown): void {
    const kind = classOf(error);
    if (kind === 'full') return;
    if (this.#options.opensAt === 'first-failure') {
      if (kind === 'away' || !isReply(error)) this.trip(error);
      return;
    }
    this.#failures += 1;
    if (kind === 'away' || this.#failures >= FAILURES_IN_A_ROW) this.trip(error);
  }
}
