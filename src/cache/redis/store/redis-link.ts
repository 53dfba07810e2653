import type { Redis } from 'ioredis';
import type { CacheLog } from '../../log.js';
import type { CaughtUp } from '../../store/store.js';
import { Breaker } from './breaker.js';
import { openConnections, type Connections } from '../connections.js';
import { isReply } from '../error-class.js';
import { refusalOf, refused } from '../refusal.js';

export interface RedisLinkOptions {
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** What the link needs of the store that it serves. */
export interface LinkUser {
  readonly log: CacheLog;
  readonly channel: string;
  onMessage(message: string): void;
  /** Uses every command the store will use, once. */
  tryOut(redis: Redis): Promise<void>;
  /** Removes what made reads fail. */
  repair(redis: Redis): Promise<void>;
  /** Whether this is the run of the server that entries were last stored in, as far as the server knows. */
  knowsRun(redis: Redis, run: string): Promise<boolean>;
  /** Sees to it that nothing that was stored so far, or in another run, is ever served. */
  forget(redis: Redis, run: string): Promise<void>;
  /** Whether every invalidation that the server may have missed is known to be applied. */
  caughtUp(): Promise<CaughtUp>;
}

/** Times the time-out: some thirty commands after each other, each of which may wait for a core. */
const TRYING_OUT_TIMES = 50;
const OLDEST: readonly [number, number] = [6, 2];

/** The way to one Redis server: its connections, and the breaker that goes around them when they fail. */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #redis: Redis;
  readonly #where: string;
  readonly #breaker: Breaker;
  #user: LinkUser | undefined;
  #connections: Connections | undefined;
  /** The run of the server that was last found to be usable. */
  #run: string | undefined;
  /** The last sentence that no caller was thrown: the server was usable once, and refuses now. */
  #complaint: string | undefined;
  #isOpen = false;

  constructor(redis: Redis, options: RedisLinkOptions) {
    const { host, port, path } = redis.options;
    this.#where = `Redis at ${path ?? `${host}:${port}`}`;
    this.#redis = redis;
    this.#options = options;
    this.#breaker = new Breaker({
      timeoutMs: options.commandTimeoutMs,
      rejoin: (mustForget) => this.#rejoin(mustForget).catch((error: unknown) => this.#complain(error)),
      onChange: (change) => this.#report(change),
    });
  }

  get isAway(): boolean {
    return this.#breaker.isAway;
  }

  /** @throws CacheError CACHE_STORE_REFUSED when the server answers but cannot be used. */
  async open(user: LinkUser): Promise<void> {
    this.#user = user;
    this.#connections = openConnections(this.#redis, {
      connectTimeoutMs: this.#options.connectTimeoutMs,
      // What a probe fails with is told by the breaker, or has been told at the start.
      onReady: () => void this.#breaker.probe().catch(() => undefined),
      onLost: () => this.#breaker.lost(new Error('the connection was lost')),
    });
    try {
      await this.#breaker.probe();
    } catch (error) {
      const refusal = refusalOf(error, this.#where);
      if (refusal !== undefined) {
        this.close();
        throw refusal;
      }
      this.#report({ isAway: true, reason: String(error), awayForMs: 0 });
    }
    this.#isOpen = true;
  }

  /** Runs commands, bounded in time. @throws StoreAway at once while the server is away. */
  run<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#breaker.run(() => operation(this.#commands()));
  }

  /** As `run`, for what must not be missed: after a failure nothing stored before is served again. */
  async runOrForget<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await this.#breaker.runWhileRejoining(() => operation(this.#commands()));
    } catch (error) {
      this.#breaker.missed(error);
      throw error;
    }
  }

  close(): void {
    this.#breaker.close();
    this.#connections?.close();
  }

  #commands(): Redis {
    if (this.#connections === undefined) throw new Error('the store was not opened');
    return this.#connections.commands;
  }

  async #rejoin(mustForget: boolean): Promise<void> {
    const connections = this.#connections;
    const user = this.#user;
    if (connections === undefined || user === undefined) throw new Error('the store was not opened');
    await connections.connect();
    const { commands } = connections;
    const server = await this.#bounded(() => commands.info('server')).catch((error: unknown) => {
      if (!isReply(error)) connections.renew();
      throw error;
    });
    const run = checkedRun(server, this.#where);
    const isNew = run !== this.#run;
    const wasTriedOut = this.#run !== undefined;
    if (isNew) {
      if (!wasTriedOut) await this.#tryOut(commands, user);
      await this.#listen(connections, user);
    }
    await this.#bounded(() => user.repair(commands));
    // A server that was restarted or replaced may have lost invalidations that it had acknowledged.
    const isSame = await this.#bounded(() => user.knowsRun(commands, run));
    const caughtUp = isSame ? await user.caughtUp() : 'no';
    const isSafe = caughtUp === 'yes' || (caughtUp === 'unknown' && !mustForget);
    if (!isSafe) await this.#bounded(() => user.forget(commands, run));
    this.#run = run;
    this.#complaint = undefined;
    if (isNew && wasTriedOut) void this.#tryOutLater(commands, user);
  }

  #tryOut(commands: Redis, user: LinkUser): Promise<void> {
    return this.#breaker.runToRejoin(() => user.tryOut(commands), TRYING_OUT_TIMES);
  }

  /**
   * Another run of a server that was tried out before is used at once: what it refuses fails, and is never missed. Where it
   * does refuse something, it is away until it was tried out, and the log says so. Never rejects.
   */
  async #tryOutLater(commands: Redis, user: LinkUser): Promise<void> {
    try {
      await this.#tryOut(commands, user);
    } catch (error) {
      // That it takes too long on a full machine, or was lost meanwhile, is seen by those who use it.
      if (refusalOf(error, this.#where) === undefined) return;
      this.#run = undefined;
      this.#breaker.trip(error);
    }
  }

  /** A server that refuses us will not be back by itself, so the log must say how to fix it. */
  #complain(error: unknown): never {
    const refusal = refusalOf(error, this.#where);
    if (refusal !== undefined && this.#isOpen && refusal.message !== this.#complaint) {
      this.#complaint = refusal.message;
      this.#user?.log.error({ store: 'redis', where: this.#where }, refusal.message);
    }
    throw error;
  }

  #bounded<T>(operation: () => Promise<T>): Promise<T> {
    return this.#breaker.runToRejoin(operation);
  }

  /** Without wake-ups the waiters poll: only a server that will never allow them is worth an error. */
  async #listen(connections: Connections, user: LinkUser): Promise<void> {
    try {
      await this.#bounded(() => connections.listen(user.channel, (message) => user.onMessage(message)));
    } catch (error) {
      const refusal = refusalOf(error, this.#where);
      if (refusal !== undefined) throw refusal;
    }
  }

  #report({ isAway, reason, awayForMs }: { isAway: boolean; reason: string; awayForMs: number }): void {
    const details = { store: 'redis', where: this.#where, reason };
    if (isAway) this.#user?.log.warn(details, 'the store is away; the origin answers until it is back');
    else this.#user?.log.warn({ ...details, awayForMs }, 'the store is back and is used again');
  }
}

/** The id of the server's run, from its own description. @throws CacheError when it is too old or no Redis. */
function checkedRun(server: string, where: string): string {
  const version = /^redis_version:((\d+)\.(\d+)[^\r\n]*)/m.exec(server);
  const run = /^run_id:(\w+)/m.exec(server)?.[1];
  if (version === null || run === undefined) {
    throw refused(`${where} does not say which version it is; use Redis 6.2 or later, or Valkey`);
  }
  const [, text, major, minor] = version;
  if (Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1])) {
    throw refused(`${where} is version ${text}, but Redis 6.2 or later, or Valkey, is needed`);
  }
  return run;
}
