import type { Redis } from 'ioredis';
import { systemClock, type CallOff } from '../../time/clock.js';
import { clientOfSentinel } from './sentinel-client.js';

export interface SentinelWatchOptions {
  readonly connectTimeoutMs: number;
  /** Whether this process uses another server than this one, `host:port`. */
  readonly isElsewhere: (named: string) => boolean;
  /** Called once for each server that a sentinel names meanwhile. */
  readonly onElsewhere: () => void;
}

/** Milliseconds between two questions. */
const ASKED_AFTER_MS = 1000;

/**
 * Asks a sentinel about once a second which server is the primary. They tell of a failover by themselves, but not to a process that
 * was connecting meanwhile, or whose connection to them was lost; and the old primary may go on to answer. One sentinel is
 * asked for as long as it answers and agrees, then the next.
 */
export class SentinelWatch {
  readonly #redis: Redis;
  readonly #options: SentinelWatchOptions;
  /** What each of them has named that was connected to in vain: one that is cut off may be wrong for ever. */
  readonly #triedFor = new Map<number, string>();
  #turn = 0;
  #client: Redis | undefined;
  #callOff: CallOff | undefined;
  #isClosed = false;

  constructor(redis: Redis, options: SentinelWatchOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#askLater();
  }

  close(): void {
    this.#isClosed = true;
    this.#callOff?.();
    this.#client?.disconnect();
  }

  #askLater(): void {
    if (this.#isClosed) return;
    this.#callOff = systemClock.after(ASKED_AFTER_MS, () => {
      void this.#ask()
        // The next one is asked then.
        .catch(() => this.#turnToNext())
        .then(() => this.#askLater());
    });
  }

  async #ask(): Promise<void> {
    const turn = this.#turn;
    const named = await this.#namedBy(turn);
    if (this.#isClosed) return;
    if (named === undefined) this.#turnToNext();
    else if (!this.#options.isElsewhere(named)) this.#triedFor.delete(turn);
    else {
      const isTried = this.#triedFor.get(turn) === named;
      this.#triedFor.set(turn, named);
      this.#turnToNext();
      if (!isTried) this.#options.onElsewhere();
    }
  }

  /** Undefined where this sentinel does not know the primary. @throws Error where it does not answer. */
  async #namedBy(turn: number): Promise<string | undefined> {
    const { sentinels, name = '' } = this.#redis.options;
    this.#client ??= await this.#connected(sentinels?.[turn] ?? {});
    const answer: unknown = await this.#client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
    return Array.isArray(answer) ? answer.join(':') : undefined;
  }

  async #connected(address: { readonly host?: string; readonly port?: number }): Promise<Redis> {
    const { connectTimeoutMs } = this.#options;
    const template = await clientOfSentinel(this.#redis, address);
    const client = template.duplicate({
      connectTimeout: connectTimeoutMs,
      commandTimeout: connectTimeoutMs,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      disableClientInfo: true,
      protocol: 2,
      retryStrategy: () => null,
    });
    // What went wrong is seen by the question.
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      client.disconnect();
      throw error;
    }
    if (this.#isClosed) client.disconnect();
    return client;
  }

  #turnToNext(): void {
    this.#client?.disconnect();
    this.#client = undefined;
    this.#turn = (this.#turn + 1) % (this.#redis.options.sentinels?.length ?? 1);
  }
}
