import type { Redis } from 'ioredis';
import type { CacheLog } from '../../log.js';
import { systemClock } from '../../time/clock.js';
import { UnfitServer, type Ask } from '../connection/connection-user.js';
import type { Purpose } from '../connection/purpose.js';
import { ServerConnection } from '../connection/server-connection.js';
import type { ServerInfo } from '../connection/server-info.js';
import { readActual, roleFaultOf, weaknessOf, type Actual, type Declared } from './durability.js';

export interface JournalServerOptions extends Declared {
  /** Milliseconds of turning event loop after which a command without an answer has failed. */
  readonly commandTimeoutMs: number;
  readonly log: CacheLog;
  /** Uses every command of the journal. @throws Error what the server refused. */
  readonly tryOut: (redis: Redis, actual: Actual) => Promise<void>;
  /** `away`: it cannot be asked any more. `moved`: another run of the server is there than before, and not asked yet. */
  readonly onDoubt: (why: 'away' | 'moved') => void;
}

const CONNECT_TIMEOUT_MS = 500;

const PURPOSE: Omit<Purpose, 'hasSlowLane'> = {
  name: 'redisJournal',
  code: 'CACHE_JOURNAL_REFUSED',
  page: 'docs/write-behind.md',
  // A write without an answer may be in the journal or not: what this process keeps must be saved.
  opensAt: 'first-failure',
  // A write that the server refuses would be refused to a client who was promised that it is accepted.
  triesOut: 'always',
  // What the server promised at the start may be changed while it runs.
  checksAfterMs: 60_000,
  says: {
    away: 'the journal cannot be used; writes go straight to the database until it can',
    weak: 'the journal is given nothing new; writes go straight to the database',
    usable: 'the journal can be used again',
  },
  refusal: (words) => new Error(`the journal ${words}`),
};

/**
 * The server of a journal: its time, its run and what it keeps. One that keeps less than what is declared is given nothing
 * new; what it has is read and flushed.
 */
export class JournalServer {
  readonly #options: JournalServerOptions;
  readonly #connection: ServerConnection;
  #actual: Actual | undefined;
  #clock: { readonly serverUs: number; readonly atMs: number } | undefined;

  constructor(redis: Redis, options: JournalServerOptions) {
    this.#options = options;
    const timeouts = { commandTimeoutMs: options.commandTimeoutMs, connectTimeoutMs: CONNECT_TIMEOUT_MS };
    // A write that waits for replicas holds up what comes after it on its connection.
    this.#connection = new ServerConnection(redis, timeouts, {
      ...PURPOSE,
      hasSlowLane: options.replicas > 0,
    });
  }

  get isAway(): boolean {
    return this.#connection.state === 'away';
  }

  get mayAccept(): boolean {
    return this.#connection.state === 'usable';
  }

  get hasWaitAof(): boolean {
    return this.#actual?.hasWaitAof ?? false;
  }

  /** The run of the server that was found last. */
  get run(): string {
    return this.#actual?.run ?? 'unknown';
  }

  /** The time of the server now, in microseconds; it runs late by no more than one answer took, and never early. */
  get serverUs(): number {
    if (this.#clock === undefined) return systemClock.nowMs() * 1000;
    return Math.floor(this.#clock.serverUs + (performance.now() - this.#clock.atMs) * 1000);
  }

  /** Asks the server for its time and for what it keeps, soon. */
  lookAgain(): void {
    this.#connection.check();
  }

  /** @throws CacheError where the server answers and is not what is declared, or refuses what the journal needs. */
  open(): Promise<void> {
    const { log, tryOut, onDoubt } = this.#options;
    return this.#connection.open({
      log,
      inspect: (ask, server) => this.#inspect(ask, server),
      tryOut: async (redis) => {
        if (this.#actual !== undefined) await tryOut(redis, this.#actual);
      },
      onAway: () => onDoubt('away'),
    });
  }

  /** Runs commands. @throws Error why they failed, or that there was no answer in time. */
  ask<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#connection.run(commands);
  }

  /** As `ask`, for what waits for replicas: it holds up nothing else. */
  askConfirmed<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#connection.runSlowly(commands);
  }

  close(): void {
    this.#connection.close();
  }

  /** Its time and what it keeps; answers with what it keeps too little of. @throws UnfitServer for a replica. */
  async #inspect(ask: Ask, server: ServerInfo): Promise<string | undefined> {
    const [seconds, microseconds] = await ask((redis) => redis.time());
    const atMs = performance.now();
    this.#clock = { serverUs: Number(seconds) * 1_000_000 + Number(microseconds), atMs };
    const actual = await ask((redis) => readActual(redis, server));
    const roleFault = roleFaultOf(actual);
    if (roleFault !== undefined) throw new UnfitServer(roleFault);
    const hasMoved = this.#actual !== undefined && this.#actual.run !== actual.run;
    this.#actual = actual;
    if (hasMoved) this.#options.onDoubt('moved');
    return weaknessOf(actual, this.#options);
  }
}
