import type { Redis } from 'ioredis';
import type { CacheLog } from '../../log.js';
import { systemClock, type CallOff } from '../../time/clock.js';
import { Breaker, NoAnswer, type BreakerChange, type BreakerOptions } from './breaker.js';
import { isReply } from './error-class.js';
import { openClients, type Clients } from './hardened-clients.js';
import { quotable, refusalOf, refused, type Refused } from './refusal.js';
import { addressOf, readInfo, versionFaultOf, type ServerInfo } from './server-info.js';

/** What the connection of a store and that of a journal differ in. */
export interface Purpose extends Omit<Refused, 'where'> {
  readonly opensAt: BreakerOptions['opensAt'];
  /**
   * When it is found out whether the server allows all that is needed. `once`: before it is used for the first time, and behind
   * what another run of it is used for. `always`: before it is used, and after each outage.
   */
  readonly triesOut: 'once' | 'always';
  /** Whether there is a second connection, for what waits: it holds up all that comes after it on its own. */
  readonly hasSlowLane: boolean;
  /** Milliseconds after which a server in use is looked at again; never where left out. */
  readonly checksAfterMs?: number;
  /** What the log says, in its own words, when the server goes away, is weak, and can be used (again). */
  readonly says: { readonly away: string; readonly usable: string; readonly weak?: string };
  /** What commands are refused with while the server is away. */
  readonly refusal: (words: string) => Error;
}

/** `weak`: it answers, and is not all that was declared. */
export type ConnectionState = 'away' | 'weak' | 'usable';

export interface Timeouts {
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** Sends commands, bounded in time. */
export type Ask = <T>(commands: (redis: Redis) => Promise<T>) => Promise<T>;

/** What a connection needs of the store or journal that it serves. */
export interface ConnectionUser {
  readonly log: CacheLog;
  /** Where it hears of others, and what to do then. Without that it is only slower. */
  readonly channel?: { readonly name: string; onMessage(message: string): void };
  /**
   * Looks at a server that answers, before anything else is asked: what it is too weak in, as the end of a sentence.
   * @throws UnfitServer where it cannot be used at all.
   */
  inspect?(ask: Ask, server: ServerInfo): Promise<string | undefined>;
  /** Uses every command that will be used, once. @throws Error what the server refused. */
  tryOut(redis: Redis): Promise<void>;
  /** Sees to it that what the server has may be believed. `mustForget`: nothing that was stored so far may be. */
  rejoin?(ask: Ask, server: ServerInfo, mustForget: boolean): Promise<void>;
  /** Called when it goes away, before anything else can be asked. */
  onAway?(): void;
}

/** A server that waiting does not make usable; the message is the end of a sentence that begins with its address. */
export class UnfitServer extends Error {}

/** Some thirty commands after each other, each of which may wait for a core, milliseconds. */
const TRYING_OUT_MS = 5000;
/** A server that is weak is looked at again after so long, milliseconds. */
const WEAK_CHECK_MS = 1000;

/**
 * The way to one Redis server: its connections, the breaker that goes around them when they fail, what is looked at before the
 * server is used (again), and what the log and the caller are told of it. Nothing is queued or sent twice.
 */
export class ServerConnection {
  readonly #purpose: Purpose;
  readonly #timeouts: Timeouts;
  readonly #redis: Redis;
  readonly #refused: Refused;
  readonly #breaker: Breaker;
  #user: ConnectionUser | undefined;
  /** For commands; the last one is for those that wait. */
  #lanes: readonly Clients[] = [];
  /** The run of the server that was last found to be usable. */
  #run: string | undefined;
  /** What it is too weak in. */
  #weakness: Error | undefined;
  /** The sentence that the log was told last, while it holds: it says what a person has to fix. */
  #complaint: string | undefined;
  #callOffCheck: CallOff | undefined;
  #isOpen = false;

  constructor(redis: Redis, timeouts: Timeouts, purpose: Purpose) {
    this.#redis = redis;
    this.#timeouts = timeouts;
    this.#purpose = purpose;
    this.#refused = { ...purpose, where: addressOf(redis.options) };
    this.#breaker = new Breaker({
      timeoutMs: timeouts.commandTimeoutMs,
      opensAt: purpose.opensAt,
      refusal: purpose.refusal,
      rejoin: (mustForget) => this.#rejoin(mustForget).catch((error: unknown) => this.#complain(error)),
      onChange: (change) => this.#changed(change),
    });
  }

  get state(): ConnectionState {
    if (this.#breaker.isAway) return 'away';
    return this.#weakness === undefined ? 'usable' : 'weak';
  }

  /** @throws CacheError when the server answers but cannot be used, or is weak. */
  async open(user: ConnectionUser): Promise<void> {
    this.#user = user;
    this.#lanes = this.#purpose.hasSlowLane
      ? [this.#openClients(), this.#openClients()]
      : [this.#openClients()];
    let refusal: Error | undefined;
    try {
      await this.#breaker.probe();
      refusal = this.#weakness;
    } catch (error) {
      refusal = refusalOf(error, this.#refused);
      if (refusal === undefined) this.#say('away', error);
    }
    if (refusal !== undefined) {
      this.close();
      throw refusal;
    }
    this.#isOpen = true;
  }

  /** Runs commands, bounded in time. @throws the refusal at once while the server is away. */
  run<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#breaker.run(() => operation(commandsOf(this.#lanes[0])));
  }

  /** As `run`, for what waits: it holds up nothing else. */
  runSlowly<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#breaker.run(() => operation(commandsOf(this.#lanes.at(-1))));
  }

  /** As `run`, for what must not be missed: after a failure nothing stored before is served again. */
  async runOrForget<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await this.#breaker.runWhileRejoining(() => operation(commandsOf(this.#lanes[0])));
    } catch (error) {
      this.#breaker.missed(error);
      throw error;
    }
  }

  /** Looks at a server that is in use once more. */
  check(): void {
    void this.#breaker.check();
  }

  close(): void {
    this.#callOffCheck?.();
    this.#breaker.close();
    for (const lane of this.#lanes) lane.close();
  }

  #openClients(): Clients {
    return openClients(this.#redis, {
      connectTimeoutMs: this.#timeouts.connectTimeoutMs,
      // What a probe fails with is told by the breaker, or has been told at the start.
      onReady: () => void this.#breaker.probe().catch(() => undefined),
      onLost: () => this.#breaker.lost(new Error('the connection was lost')),
    });
  }

  /** Also looks at a server that is in use. @throws Error why it cannot be used. */
  async #rejoin(mustForget: boolean): Promise<void> {
    const user = this.#user;
    if (user === undefined) throw new Error('nothing was opened');
    const wasAway = this.#breaker.isAway;
    await Promise.all(this.#lanes.map((lane) => lane.connect()));
    const ask: Ask = (commands) => this.#askToRejoin(commands);
    const server = this.#fitServer(await ask((redis) => redis.info('server')));
    const weakness = await user.inspect?.(ask, server).catch((error: unknown) => this.#unfit(error));
    const isNew = server.run !== this.#run;
    const isAnotherRun = isNew && this.#run !== undefined;
    const { triesOut } = this.#purpose;
    if (triesOut === 'always' ? wasAway : isNew && !isAnotherRun) await this.#tryOut(user);
    if (isNew) await this.#listen(user);
    await user.rejoin?.(ask, server, mustForget);
    this.#run = server.run;
    this.#judge(weakness);
    if (isAnotherRun && triesOut === 'once') void this.#tryOutLater(user);
  }

  #fitServer(info: string): ServerInfo {
    const server = readInfo(info);
    const fault = versionFaultOf(server);
    if (server === undefined || fault !== undefined) return this.#unfit(new UnfitServer(fault));
    return server;
  }

  #unfit(error: unknown): never {
    if (!(error instanceof UnfitServer)) throw error;
    throw refused(`${this.#refused.where} ${error.message}`, this.#refused);
  }

  #judge(weakness: string | undefined): void {
    const { where } = this.#refused;
    const wasWeak = this.#weakness !== undefined;
    this.#weakness = weakness === undefined ? undefined : refused(`${where} ${weakness}`, this.#refused);
    if (this.#weakness !== undefined) this.#complainOf(this.#weakness, this.#purpose.says.weak);
    else this.#complaint = undefined;
    if (wasWeak && this.#weakness === undefined && !this.#breaker.isAway)
      this.#say('usable', 'it is fit again');
    this.#callOffCheck?.();
    const afterMs = this.#weakness === undefined ? this.#purpose.checksAfterMs : WEAK_CHECK_MS;
    if (afterMs !== undefined) this.#callOffCheck = systemClock.after(afterMs, () => this.check());
  }

  #tryOut(user: ConnectionUser): Promise<void> {
    return this.#breaker.runToRejoin(() => user.tryOut(commandsOf(this.#lanes[0])), TRYING_OUT_MS);
  }

  /**
   * Another run of a server that was tried out before is used at once: what it refuses fails, and is never missed. Where it
   * does refuse something, it is away until it was tried out, and the log says so. Never rejects.
   */
  async #tryOutLater(user: ConnectionUser): Promise<void> {
    try {
      await this.#tryOut(user);
    } catch (error) {
      // That it takes too long on a full machine, or was lost meanwhile, is seen by those who use it.
      if (refusalOf(error, this.#refused) === undefined) return;
      this.#run = undefined;
      this.#breaker.trip(error);
    }
  }

  async #askToRejoin<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await this.#breaker.runToRejoin(() => commands(commandsOf(this.#lanes[0])));
    } catch (error) {
      if (!isReply(error)) this.#renew();
      throw error;
    }
  }

  /** An answer is missing. */
  #renew(): void {
    for (const lane of this.#lanes) lane.renew();
  }

  /** Without wake-ups the waiters poll: only a server that will never allow them is worth an error. */
  async #listen({ channel }: ConnectionUser): Promise<void> {
    const [lane] = this.#lanes;
    if (channel === undefined || lane === undefined) return;
    try {
      await this.#breaker.runToRejoin(() => lane.listen(channel.name, (text) => channel.onMessage(text)));
    } catch (error) {
      const refusal = refusalOf(error, this.#refused);
      if (refusal !== undefined) throw refusal;
    }
  }

  /** A server that refuses us will not be back by itself, so the log must say how to fix it. */
  #complain(error: unknown): never {
    const refusal = refusalOf(error, this.#refused);
    if (refusal !== undefined) this.#complainOf(refusal, this.#purpose.says.away);
    throw error;
  }

  /** Once, and again when there is something else to fix. What is found at the start is thrown. */
  #complainOf(refusal: Error, consequence?: string): void {
    if (!this.#isOpen || refusal.message === this.#complaint) return;
    this.#complaint = refusal.message;
    this.#user?.log.error(this.#details({ ...(consequence && { consequence }) }), refusal.message);
  }

  #changed({ isAway, reason, awayForMs }: BreakerChange): void {
    if (isAway) {
      this.#callOffCheck?.();
      this.#complaint = undefined;
      if (reason instanceof NoAnswer) this.#renew();
      this.#user?.onAway?.();
      this.#say('away', reason);
    } else if (this.#weakness === undefined) this.#say('usable', reason, { awayForMs });
  }

  #say(state: 'away' | 'usable', reason: unknown, more: Readonly<Record<string, unknown>> = {}): void {
    const words = quotable(reason instanceof Error ? reason.message : String(reason));
    this.#user?.log.warn(this.#details({ reason: words, ...more }), this.#purpose.says[state]);
  }

  #details(more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return { server: this.#purpose.name, where: this.#refused.where, ...more };
  }
}

function commandsOf(clients: Clients | undefined): Redis {
  if (clients === undefined) throw new Error('nothing was opened');
  return clients.commands;
}
