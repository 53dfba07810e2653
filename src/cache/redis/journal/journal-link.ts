import type { Redis } from 'ioredis';
import { CacheError } from '../../errors.js';
import type { CacheLog } from '../../log.js';
import { openConnections, type Connections } from '../connections.js';
import { classOf, isReply } from '../error-class.js';
import { LoopTime } from '../loop-time.js';
import { quotable, refusalSentence } from '../refusal.js';
import { readActual, roleFaultOf, weaknessOf, type Actual, type Declared } from './durability.js';

export interface JournalLinkOptions extends Declared {
  /** Milliseconds of turning event loop after which a command without an answer has failed. */
  readonly commandTimeoutMs: number;
  readonly log: CacheLog;
  /** Uses every command of the journal. @throws Error what the server refused. */
  readonly tryOut: (redis: Redis, actual: Actual) => Promise<void>;
  /** `away`: it cannot be asked any more. `moved`: another run of the server is there than before, and not asked yet. */
  readonly onDoubt: (why: 'away' | 'moved') => void;
}

const CONNECT_TIMEOUT_MS = 500;
/** Beats of the event loop in one time-out. */
const BEATS = 10;
/** A journal that does not answer is asked again this often. */
const PROBE_MS = 250;
/** And one that keeps too little this often. */
const WEAK_PROBE_MS = 1000;
/** What the server promised at the start may be changed while it runs. */
const CHECK_MS = 60_000;
/** Where the rights are listed. */
const PAGE = 'docs/write-behind.md';

/**
 * The connections of a journal: away from the first failure on until the server has answered again. One that answers, and
 * keeps less than what is declared, is given nothing new; what it has is read and flushed. Nothing is queued or sent twice.
 */
export class JournalLink {
  readonly #options: JournalLinkOptions;
  readonly #connections: Connections;
  /** Where replicas are waited for: a write that waits holds up all that comes after it on its connection. */
  readonly #confirming: Connections;
  readonly #loopTime: LoopTime;
  #actual: Actual | undefined;
  #isUsable = false;
  #keepsDeclared = false;
  #probeTimer: NodeJS.Timeout | undefined;
  #checkTimer: NodeJS.Timeout | undefined;
  #clock: { readonly serverUs: number; readonly atMs: number } | undefined;
  /** One at a time: being ready and being asked for may come together. */
  #checking: Promise<CacheError | undefined> | undefined;
  /** Why it is away, or given nothing, as it was told last. */
  #told: string | undefined;
  #isClosed = false;

  constructor(redis: Redis, options: JournalLinkOptions) {
    this.#options = options;
    this.#loopTime = new LoopTime(options.commandTimeoutMs / BEATS);
    const open = (): Connections =>
      openConnections(redis, {
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        onReady: () => this.#probeSoon(0),
        onLost: () => this.#lost(new Error('the connection was lost')),
      });
    this.#connections = open();
    this.#confirming = options.replicas === 0 ? this.#connections : open();
  }

  get isAway(): boolean {
    return !this.#isUsable;
  }

  get mayAccept(): boolean {
    return this.#isUsable && this.#keepsDeclared;
  }

  get hasWaitAof(): boolean {
    return this.#actual?.hasWaitAof ?? false;
  }

  /** The run of the server that was found last. */
  get run(): string {
    return this.#actual?.run ?? 'unknown';
  }

  /** Asks the server for its time and for what it keeps, soon. */
  lookAgain(): void {
    this.#probeSoon(0);
  }

  /** The time of the server now, in microseconds; it runs late by no more than one answer took, and never early. */
  get serverUs(): number {
    if (this.#clock === undefined) return Date.now() * 1000;
    return Math.floor(this.#clock.serverUs + (performance.now() - this.#clock.atMs) * 1000);
  }

  /** @throws CacheError where the server answers and is not what is declared, or refuses what the journal needs. */
  async open(): Promise<void> {
    this.#checkTimer = setInterval(() => this.#probeSoon(0), CHECK_MS).unref();
    try {
      await this.#connections.connect();
      const weakness = await this.#check();
      if (weakness !== undefined) throw weakness;
    } catch (error) {
      const refusal = this.#refusalOf(error);
      if (refusal !== undefined) throw refusal;
      this.#lost(error);
    }
  }

  /** Runs commands. @throws Error why they failed, or that there was no answer in time. */
  ask<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#runOn(this.#connections, commands);
  }

  /** As `ask`, for what waits for replicas: it holds up nothing else. */
  askConfirmed<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#runOn(this.#confirming, commands);
  }

  close(): void {
    this.#isClosed = true;
    this.#isUsable = false;
    clearTimeout(this.#probeTimer);
    clearInterval(this.#checkTimer);
    this.#connections.close();
    this.#confirming.close();
    this.#loopTime.end();
  }

  async #runOn<T>(connections: Connections, commands: (redis: Redis) => Promise<T>): Promise<T> {
    if (!this.#isUsable) throw new Error('the journal is away');
    try {
      return await this.#inTime(commands(connections.commands));
    } catch (error) {
      // A server that refuses one command, as a full one does, answers others.
      if (!isReply(error) || classOf(error) === 'away') this.#lost(error);
      throw error;
    }
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { commandTimeoutMs } = this.#options;
    let giveUp: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      giveUp = () => reject(new Error(`no answer within ${commandTimeoutMs} ms`));
    });
    const wait = this.#loopTime.after(BEATS, giveUp);
    try {
      return await Promise.race([answer, late]);
    } finally {
      this.#loopTime.callOff(wait);
      // A late failure has no caller to tell.
      answer.catch(() => undefined);
    }
  }

  #lost(error: unknown): void {
    if (this.#isClosed) return;
    const wasUsable = this.#isUsable;
    this.#isUsable = false;
    if (wasUsable) this.#options.onDoubt('away');
    this.#tell(error, 'the journal cannot be used; writes go straight to the database until it can');
    this.#probeSoon(PROBE_MS);
  }

  #tell(error: unknown, message: string): void {
    const refusal = this.#refusalOf(error);
    const why = refusal?.message ?? quotable(String(error));
    // How often it is away in the same outage is of no interest; what a person has to fix is.
    if (this.#told !== undefined && (refusal === undefined || this.#told === why)) return;
    this.#told = why;
    this.#options.log.error({ error: why }, message);
  }

  #probeSoon(afterMs: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#probeTimer);
    this.#probeTimer = setTimeout(() => {
      this.#check().then(
        (weakness) => {
          if (weakness === undefined) return;
          this.#tell(weakness, 'the journal is given nothing new; writes go straight to the database');
          this.#probeSoon(WEAK_PROBE_MS);
        },
        (error: unknown) => {
          if (!isReply(error)) this.#renew();
          this.#lost(error);
        },
      );
    }, afterMs).unref();
  }

  #renew(): void {
    for (const connections of new Set([this.#connections, this.#confirming])) connections.renew();
  }

  #check(): Promise<CacheError | undefined> {
    this.#checking ??= this.#checkNow().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /**
   * Asks the server for its time and for what it keeps, and after an outage whether it lets us do all we need. Answers with
   * what it keeps too little of. @throws Error where it cannot be used at all.
   */
  async #checkNow(): Promise<CacheError | undefined> {
    const { commands } = this.#connections;
    if (commands.status !== 'ready') throw new Error(`no connection (${commands.status})`);
    if (this.#confirming !== this.#connections) await this.#confirming.connect();
    const [seconds, microseconds] = await this.#inTime(commands.time());
    const atMs = performance.now();
    this.#clock = { serverUs: Number(seconds) * 1_000_000 + Number(microseconds), atMs };
    const actual = await this.#inTime(readActual(commands));
    const roleFault = roleFaultOf(actual);
    if (roleFault !== undefined) throw this.#refused(`${this.#where} ${roleFault}`);
    if (!this.#isUsable) await this.#inTime(this.#options.tryOut(commands, actual));
    const weakness = weaknessOf(actual, this.#options);
    const hasMoved = this.#actual !== undefined && this.#actual.run !== actual.run;
    this.#actual = actual;
    if (hasMoved) this.#options.onDoubt('moved');
    this.#keepsDeclared = weakness === undefined;
    this.#isUsable = true;
    if (weakness !== undefined) return this.#refused(`${this.#where} ${weakness}`);
    if (this.#told !== undefined) {
      this.#told = undefined;
      this.#options.log.warn({}, 'the journal can be used again');
    }
    return undefined;
  }

  get #where(): string {
    const { host = '127.0.0.1', port = 6379, path } = this.#connections.commands.options;
    return `Redis at ${path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`}`;
  }

  /** The error for what waiting does not fix; undefined where the server is merely away. */
  #refusalOf(error: unknown): CacheError | undefined {
    if (error instanceof CacheError) return error;
    const sentence = refusalSentence(error, this.#where, PAGE);
    return sentence && this.#refused(sentence.text);
  }

  #refused(sentence: string): CacheError {
    return new CacheError('CACHE_JOURNAL_REFUSED', `redisJournal: ${sentence}`);
  }
}
