import type { Redis } from 'ioredis';
import { CacheError } from '../../errors.js';
import type { CacheLog } from '../../log.js';
import { openConnections, type Connections } from '../../store/redis/connections.js';
import { refusalSentence } from '../../store/redis/refusal.js';
import { readActual, weaknessOf, type Actual, type Declared } from './durability.js';

export interface JournalLinkOptions extends Declared {
  readonly commandTimeoutMs: number;
  readonly log: CacheLog;
}

const CONNECT_TIMEOUT_MS = 500;
/** A journal that does not answer is asked again this often. */
const PROBE_MS = 250;
/** What the server promised at the start may be changed while it runs. */
const CHECK_MS = 60_000;

/**
 * The connection of a journal: away from the first failure on until the server has answered again, and has shown that
 * it still keeps what is declared. Nothing is queued or sent twice.
 */
export class JournalLink {
  readonly #options: JournalLinkOptions;
  readonly #connections: Connections;
  #actual: Actual | undefined;
  #isUsable = false;
  #probeTimer: NodeJS.Timeout | undefined;
  #checkTimer: NodeJS.Timeout | undefined;
  #clock: { readonly serverUs: number; readonly atMs: number } | undefined;
  /** Why it is away, as it was told last. */
  #told: string | undefined;
  #isClosed = false;

  constructor(redis: Redis, options: JournalLinkOptions) {
    this.#options = options;
    this.#connections = openConnections(redis, {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      onReady: () => this.#probeSoon(0),
      onLost: () => this.#lost(new Error('the connection was lost')),
    });
  }

  get isAway(): boolean {
    return !this.#isUsable;
  }

  get hasWaitAof(): boolean {
    return this.#actual?.hasWaitAof ?? false;
  }

  /** The time of the server now, in microseconds; it runs late by no more than one answer took, and never early. */
  get serverUs(): number {
    if (this.#clock === undefined) return Date.now() * 1000;
    return Math.floor(this.#clock.serverUs + (performance.now() - this.#clock.atMs) * 1000);
  }

  /** @throws CacheError where the server answers and is not what is declared. */
  async open(): Promise<void> {
    this.#checkTimer = setInterval(() => this.#probeSoon(0), CHECK_MS).unref();
    try {
      await this.#connections.connect();
      await this.#check();
    } catch (error) {
      const sentence = error instanceof CacheError ? undefined : refusalSentence(error, this.#where);
      if (sentence !== undefined) throw this.#refused(sentence.text);
      if (error instanceof CacheError) throw error;
      this.#lost(error);
    }
  }

  /** Runs commands on the connection. @throws Error why they failed, or that there was no answer in time. */
  async run<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    if (!this.#isUsable) throw new Error('the journal is away');
    try {
      return await this.#inTime(commands(this.#connections.commands));
    } catch (error) {
      this.#lost(error);
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#isUsable = false;
    clearTimeout(this.#probeTimer);
    clearInterval(this.#checkTimer);
    this.#connections.close();
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { commandTimeoutMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer within ${commandTimeoutMs} ms`)),
        commandTimeoutMs,
      );
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
      // A late failure has nobody to tell.
      answer.catch(() => undefined);
    }
  }

  #lost(error: unknown): void {
    if (this.#isClosed) return;
    this.#isUsable = false;
    const why = error instanceof CacheError ? error.message : String(error);
    // How often it is away in the same outage is of no interest; that it keeps too little is.
    if (this.#told === undefined || (error instanceof CacheError && this.#told !== why)) {
      this.#told = why;
      this.#options.log.error(
        { error: why },
        'the journal cannot be used; writes go straight to the database until it can',
      );
    }
    this.#probeSoon(PROBE_MS);
  }

  #probeSoon(afterMs: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#probeTimer);
    this.#probeTimer = setTimeout(() => {
      this.#check().catch((error: unknown) => this.#lost(error));
    }, afterMs).unref();
  }

  /** Asks the server for its time and for what it keeps. @throws CacheError where that is less than declared. */
  async #check(): Promise<void> {
    const { commands } = this.#connections;
    if (commands.status !== 'ready') throw new Error(`no connection (${commands.status})`);
    const [seconds, microseconds] = await this.#inTime(commands.time());
    const atMs = performance.now();
    this.#clock = { serverUs: Number(seconds) * 1_000_000 + Number(microseconds), atMs };
    this.#actual = await this.#inTime(readActual(commands));
    const weakness = weaknessOf(this.#actual, this.#options);
    if (weakness !== undefined) throw this.#refused(`${this.#where} ${weakness}`);
    this.#isUsable = true;
    if (this.#told !== undefined) {
      this.#told = undefined;
      this.#options.log.warn({}, 'the journal can be used again');
    }
  }

  get #where(): string {
    const { host = '127.0.0.1', port = 6379, path } = this.#connections.commands.options;
    return `Redis at ${path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`}`;
  }

  #refused(sentence: string): CacheError {
    return new CacheError('CACHE_JOURNAL_REFUSED', `redisJournal: ${sentence}`);
  }
}
