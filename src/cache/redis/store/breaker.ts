import { StoreAway } from '../../store/store-away.js';
import { classOf } from '../error-class.js';
import { LoopTime } from '../loop-time.js';

export interface BreakerOptions {
  /** Milliseconds of turning event loop after which an operation without an answer has failed; > 0. */
  readonly timeoutMs: number;
  /**
   * Makes sure that the store may be used (again); called in the background until it resolves. `mustForget` says that
   * nothing stored so far may be served: an invalidation was missed, or an attempt has already failed.
   */
  readonly rejoin: (mustForget: boolean) => Promise<void>;
  /** Told once when the store goes away and once when it is back. */
  readonly onChange: (change: { isAway: boolean; reason: string; awayForMs: number }) => void;
}

interface Pending {
  fail(error: Error): void;
}

const FAILURES_IN_A_ROW = 5;
/** Beats of the event loop in one time-out. */
const BEATS = 4;
/** Times the time-out: no request waits for what rejoining asks, and a busy machine must not undo all of it. */
const REJOINING_TIMES = 10;
/** A store that falls silent so soon after it did before is slow rather than gone: then it may be for twice as long. */
const SOON_MS = 30_000;
const LONGEST_SILENCE_TIMES = 16;
const FIRST_PROBE_MS = 250;
const LONGEST_PROBE_MS = 1000;

/**
 * Keeps a store that is down, slow or hung from holding up requests. It opens when the connection is lost, after five
 * failures in a row, and at a time-out if nothing else was answered lately; then everything under way fails at
 * once, and so does what comes. A time-out counts only time in which the event loop of this process turned. Requests are
 * never the probe: it runs in the background, and closes the breaker only after the store was rejoined with no invalidation
 * missed meanwhile. That is why it is not one of the general ones.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #pending = new Set<Pending>();
  readonly #loopTime: LoopTime;
  #refusal: Error | undefined = new Error('the store was not opened; call cache.start()');
  #awaySinceMs: number | undefined;
  #failures = 0;
  #answeredAtBeat = -Infinity;
  /** Time-outs without any answer before it opens. */
  #silenceTimes = 1;
  #silentAtMs = -Infinity;
  #missed = 0;
  #lost = 0;
  #mustForget = false;
  #isProbing = false;
  #probeAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#loopTime = new LoopTime(options.timeoutMs / BEATS);
  }

  get isAway(): boolean {
    return this.#refusal !== undefined;
  }

  /** Runs an operation of the store. @throws StoreAway at once while it is away. */
  run<T>(operation: () => Promise<T>): Promise<T> {
    return this.#refusal === undefined ? this.#withDeadline(operation) : Promise.reject(this.#refusal);
  }

  /**
   * As `run`, also while the store is being rejoined: an invalidation that gets through need not be missed, and the
   * rejoining ends however many there are.
   */
  runWhileRejoining<T>(operation: () => Promise<T>): Promise<T> {
    return this.#isProbing && !this.#closed ? this.#withDeadline(operation) : this.run(operation);
  }

  /** As `run`, also while the store is away, and with more patience: for rejoining it. */
  runToRejoin<T>(operation: () => Promise<T>, times = REJOINING_TIMES): Promise<T> {
    return this.#withDeadline(operation, times);
  }

  #withDeadline<T>(operation: () => Promise<T>, times = 1): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        fail: (error) => {
          if (settle()) reject(error);
        },
      };
      const wait = this.#loopTime.after(BEATS * times, () => this.#timedOut(pending, times));
      const settle = (): boolean => {
        this.#loopTime.callOff(wait);
        return this.#pending.delete(pending);
      };
      this.#pending.add(pending);
      operation().then(
        (value) => {
          // Also one that is too late is a sign of life.
          this.#answeredAtBeat = this.#loopTime.beats;
          if (!settle()) return;
          this.#failures = 0;
          resolve(value);
        },
        (error: unknown) => {
          if (!settle()) return;
          this.#failed(error);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
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
    const text = reason instanceof Error ? reason.message : String(reason);
    this.#refusal = new StoreAway(`the store is away: ${text}`);
    this.#awaySinceMs = performance.now();
    for (const pending of [...this.#pending]) pending.fail(this.#refusal);
    this.#options.onChange({ isAway: true, reason: text, awayForMs: 0 });
    this.#probeIn(FIRST_PROBE_MS);
  }

  /** Tries to rejoin now: at the start, and when a connection is ready. @throws what the attempt failed with. */
  async probe(nextMs = FIRST_PROBE_MS): Promise<void> {
    if (this.#closed || this.#refusal === undefined) return;
    if (this.#isProbing) {
      this.#probeAgain = true;
      return;
    }
    this.#isProbing = true;
    clearTimeout(this.#timer);
    try {
      await this.#rejoin();
    } catch (error) {
      this.#mustForget = true;
      this.#awaySinceMs ??= performance.now();
      // Later callers need not be told that the store was never opened.
      this.#refusal = new StoreAway(`the store is away: ${String(error)}`);
      this.#probeIn(this.#probeAgain ? 0 : nextMs, nextMs);
      throw error;
    } finally {
      this.#isProbing = false;
      this.#probeAgain = false;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#refusal ??= new StoreAway('the store was closed');
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

  #probeIn(ms: number, before = FIRST_PROBE_MS / 2): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const nextMs = Math.min(before * 2, LONGEST_PROBE_MS);
    this.#timer = setTimeout(() => {
      // The next attempt is already planned; what this one failed with is no news.
      this.probe(nextMs).catch(() => undefined);
    }, ms).unref();
  }

  #timedOut(pending: Pending, times: number): void {
    if (!this.#pending.has(pending)) return;
    const error = new Error(`no answer within ${this.#options.timeoutMs * times} ms`);
    // One slow command among others is no outage, nor are many that wait behind each other: silence is.
    const silentFor = this.#loopTime.beats - this.#answeredAtBeat;
    const isHung = silentFor > (this.#silenceTimes === 1 ? BEATS / 2 : BEATS * this.#silenceTimes);
    pending.fail(error);
    if (!isHung || this.#refusal !== undefined || this.#closed) return;
    this.#fellSilent();
    this.trip(error);
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
    this.#failures += 1;
    if (kind === 'away' || this.#failures >= FAILURES_IN_A_ROW) this.trip(error);
  }
}
