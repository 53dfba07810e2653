import type { Redis } from 'ioredis';
import { systemClock, type CallOff } from '../../time/clock.js';
import { Breaker, NoAnswer, type BreakerChange } from './breaker.js';
import { ConnectionLog } from './connection-log.js';
import { UnfitServer, type Ask, type ConnectionUser } from './connection-user.js';
import { isReply } from './error-class.js';
import { openClients, type Clients } from './hardened-clients.js';
import type { Purpose } from './purpose.js';
import { refusalOf, refused, type Refused } from './refusal.js';
import { addressOf, lineOf, readInfo, versionFaultOf, type ServerInfo } from './server-info.js';
import { SentinelWatch } from './sentinel-watch.js';

/** `weak`: it answers, and is not all that was declared. */
export type ConnectionState = 'away' | 'weak' | 'usable';

export interface Timeouts {
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** Some thirty commands after each other, each of which may wait for a core, milliseconds. */
const TRYING_OUT_MS = 5000;
/** A server that is weak is looked at again after so long, milliseconds. */
const WEAK_CHECK_MS = 1000;
/**
 * A server in use is asked so often whether it still is the primary that it was, milliseconds: often where that is little beside the
 * reads, and otherwise seldom, as an idle process sends few commands.
 */
const ROLE_CHECK = { busyMs: 1000, busyFromReads: 10, quietMs: 10_000 };
/** A server that is a replica now is left at most so often, milliseconds: until its name leads elsewhere it is what is found. */
const LEFT_AT_MOST_EVERY_MS = 500;

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
  /** What it was a primary of then. */
  #replicationId: string | undefined;
  #wasUsed = false;
  #roleAskedAtMs = -Infinity;
  #readsSince = 0;
  #leftAtMs = -Infinity;
  #watch: SentinelWatch | undefined;
  /** What it is too weak in. */
  #weakness: Error | undefined;
  #log: ConnectionLog | undefined;
  #callOffCheck: CallOff | undefined;
  #isOpen = false;
  #isClosed = false;

  constructor(redis: Redis, timeouts: Timeouts, purpose: Purpose) {
    this.#redis = redis;
    this.#timeouts = timeouts;
    this.#purpose = purpose;
    this.#refused = { ...purpose, where: addressOf(redis.options) };
    this.#breaker = new Breaker({
      timeoutMs: timeouts.commandTimeoutMs,
      bytesHeard: () => this.#lanes.reduce((sum, lane) => sum + lane.bytesHeard, 0),
      opensAt: purpose.opensAt,
      refusal: purpose.refusal,
      rejoin: (mustForget) => this.#rejoin(mustForget).catch((error: unknown) => this.#failed(error)),
      onChange: (change) => this.#changed(change),
    });
  }

  get #isBySentinel(): boolean {
    return Boolean(this.#redis.options.sentinels);
  }

  get state(): ConnectionState {
    if (this.#breaker.isAway) return 'away';
    return this.#weakness === undefined ? 'usable' : 'weak';
  }

  /** @throws CacheError when the server answers but cannot be used, or is weak and may not be. */
  async open(user: ConnectionUser): Promise<void> {
    this.#user = user;
    this.#log = new ConnectionLog(user.log, this.#purpose, this.#refused.where);
    this.#lanes = this.#purpose.hasSlowLane
      ? [this.#openClients(), this.#openClients()]
      : [this.#openClients()];
    if (this.#isBySentinel) this.#watch = this.#watchSentinels();
    let refusal: Error | undefined;
    try {
      await this.#breaker.probe();
      if (user.mayBeWeak !== true) refusal = this.#weakness;
    } catch (error) {
      refusal = refusalOf(error, this.#refused);
      if (refusal === undefined) this.#log.away(error);
    }
    if (refusal !== undefined) {
      this.close();
      throw refusal;
    }
    this.#isOpen = true;
    if (this.#weakness !== undefined) this.#unfitFor(this.#weakness, 'weak');
  }

  /** Runs commands, bounded in time. @throws the refusal at once while the server is away. */
  run<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#breaker.run(() => operation(commandsOf(this.#lanes[0])));
  }

  /** As `run`, for what the caller can do without; refused at once while answers are late. */
  runUnlessLate<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#breaker.runUnlessLate(() => operation(commandsOf(this.#lanes[0])));
  }

  /** As `runUnlessLate`, and given up where it takes longer than is usual. */
  runPromptly<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#breaker.runPromptly(() => operation(commandsOf(this.#lanes[0])));
  }

  /** As `run`, for reads, which a server that has become a replica answers too: now and then it is asked whether it has. */
  runToRead<T>(
    operation: (redis: Redis) => Promise<T>,
    { mayGiveUp = false }: { readonly mayGiveUp?: boolean | undefined },
  ): Promise<T> {
    this.#readsSince += 1;
    const isBusy = this.#readsSince >= ROLE_CHECK.busyFromReads;
    const sinceMs = performance.now() - this.#roleAskedAtMs;
    if (sinceMs >= (isBusy ? ROLE_CHECK.busyMs : ROLE_CHECK.quietMs)) void this.#checkRole();
    return mayGiveUp ? this.runPromptly(operation) : this.run(operation);
  }

  /** As `run`, for what waits: it holds up nothing else. */
  runSlowly<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#breaker.run(() => operation(commandsOf(this.#lanes.at(-1))));
  }

  /** Whether it is away, and answers while it is being rejoined. */
  get answersAgain(): boolean {
    return this.#breaker.answersAgain;
  }

  /** As `run`, also for a server that answers while it is being rejoined. */
  runWhileRejoining<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#breaker.runWhileRejoining(() => operation(commandsOf(this.#lanes[0])));
  }

  /** As `run`, for what must not be missed: after a failure nothing stored before is served again. */
  async runOrForget<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await this.runWhileRejoining(operation);
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
    this.#isClosed = true;
    this.#callOffCheck?.();
    this.#watch?.close();
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
    const server = this.#fitServer(await ask(readSections));
    if (server.value('role') === 'slave') {
      this.#leave();
      if (this.#isBySentinel) throw new Error('the sentinels have named a replica');
    }
    const weakness = await user.inspect?.(ask, server).catch((error: unknown) => this.#unfit(error));
    const isNew = server.run !== this.#run;
    const isAnotherRun = isNew && this.#run !== undefined;
    const { triesOut } = this.#purpose;
    if (triesOut === 'always' ? wasAway : isNew && !isAnotherRun) await this.#tryOut(user);
    if (isNew) await this.#listen(user);
    await user.rejoin?.(ask, server, mustForget);
    this.#run = server.run;
    this.#replicationId = server.value('master_replid');
    this.#wasUsed = true;
    this.#knowsRole();
    this.#judge(weakness);
    if (isAnotherRun && triesOut === 'once') void this.#tryOutLater(user);
  }

  #fitServer(info: string): ServerInfo {
    const server = readInfo(info);
    if (server === undefined && this.#run !== undefined) {
      // What was sent meanwhile was answered instead: an answer before it is missing.
      this.#connectAgain();
      throw new Error('it answered another question');
    }
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
    if (this.#weakness === undefined) {
      this.#log?.fit();
      if (wasWeak && !this.#breaker.isAway) this.#log?.back('it is fit again');
    } else this.#unfitFor(this.#weakness, 'weak');
    this.#checkLater();
  }

  #checkLater(): void {
    this.#callOffCheck?.();
    if (this.#isClosed) return;
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

  /**
   * A server that was silent may have been replaced meanwhile, and go on with what it had: sentinels say which one it is now. On a
   * connection that has lost an answer all later ones are those to other commands.
   */
  #connectAgain(): void {
    for (const lane of this.#lanes) lane.connectAgain();
  }

  /** Its name may lead to another one by now, or the sentinels name one. At the start a replica is refused. */
  #leave(): void {
    const nowMs = performance.now();
    if (!(this.#wasUsed || this.#isBySentinel) || nowMs - this.#leftAtMs < LEFT_AT_MOST_EVERY_MS) return;
    this.#leftAtMs = nowMs;
    this.#connectAgain();
  }

  #knowsRole(): void {
    this.#roleAskedAtMs = performance.now();
    this.#readsSince = 0;
  }

  /** Never rejects. */
  async #checkRole(): Promise<void> {
    this.#knowsRole();
    // The breaker has seen what it fails with.
    const info = await this.run((redis) => redis.info('replication')).catch(() => undefined);
    if (info === undefined) return;
    const text = String(info);
    const isSame = lineOf(text, 'role') !== 'slave' && lineOf(text, 'master_replid') === this.#replicationId;
    if (!isSame) this.check();
  }

  #watchSentinels(): SentinelWatch {
    return new SentinelWatch(this.#redis, {
      connectTimeoutMs: this.#timeouts.connectTimeoutMs,
      isElsewhere: (named) => !this.#breaker.isAway && this.#lanes.some((lane) => lane.named !== named),
      onElsewhere: () => this.#connectAgain(),
    });
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
  #failed(error: unknown): never {
    const refusal = refusalOf(error, this.#refused);
    if (refusal !== undefined) this.#unfitFor(refusal, 'away');
    throw error;
  }

  /** What is found at the start is thrown. */
  #unfitFor(refusal: Error, consequence: 'away' | 'weak'): void {
    if (this.#isOpen) this.#log?.unfit(refusal, consequence);
  }

  #changed({ isAway, reason, awayForMs }: BreakerChange): void {
    if (isAway) {
      this.#callOffCheck?.();
      if (this.#isBySentinel) this.#connectAgain();
      else if (reason instanceof NoAnswer) this.#renew();
      this.#user?.onAway?.();
      this.#log?.away(reason);
    } else if (this.#weakness === undefined) this.#log?.back(reason, { awayForMs });
  }
}

/** One by one: together they need Redis 7. */
async function readSections(redis: Redis): Promise<string> {
  return (await Promise.all([redis.info('server'), redis.info('replication')])).join('\n');
}

function commandsOf(clients: Clients | undefined): Redis {
  if (clients === undefined) throw new Error('nothing was opened');
  return clients.commands;
}
