import { systemClock } from '../../time/clock.js';
import { UnfitServer, type Ask } from '../connection/connection-user.js';
import type { ServerInfo } from '../connection/server-info.js';
import { readActual, roleFaultOf, weaknessOf, type Actual, type Declared } from './durability.js';

/** What a journal knows of a server that it lies on: its time, its run and what it keeps. */
export class KnownServer {
  #actual: Actual | undefined;
  /** Its time, as it was at some moment from `askedAtMs` to `atMs`, by `performance.now()`. */
  #clock: { readonly serverUs: number; readonly askedAtMs: number; readonly atMs: number } | undefined;

  /** What it keeps, as it was found last; undefined before that. */
  get actual(): Actual | undefined {
    return this.#actual;
  }

  get hasWaitAof(): boolean {
    return this.#actual?.hasWaitAof ?? false;
  }

  /** The run of the server that was found last. */
  get run(): string {
    return this.#actual?.run ?? 'unknown';
  }

  /** The time of the server now, in microseconds; it runs late by no more than one answer took, and never early. */
  get us(): number {
    if (this.#clock === undefined) return systemClock.nowMs() * 1000;
    return Math.floor(this.#clock.serverUs + (performance.now() - this.#clock.atMs) * 1000);
  }

  /** The same, early by no more than that, and never late: no number that the server has given by its time is higher. */
  get latestUs(): number {
    if (this.#clock === undefined) return systemClock.nowMs() * 1000;
    return Math.ceil(this.#clock.serverUs + (performance.now() - this.#clock.askedAtMs) * 1000);
  }

  /** Asks for its time and for what it keeps; answers with what it keeps too little of. @throws UnfitServer for a replica. */
  async inspect(ask: Ask, server: ServerInfo, declared: Declared): Promise<string | undefined> {
    const askedAtMs = performance.now();
    const [seconds, microseconds] = await ask((redis) => redis.time());
    const atMs = performance.now();
    this.#clock = { serverUs: Number(seconds) * 1_000_000 + Number(microseconds), askedAtMs, atMs };
    const actual = await ask((redis) => readActual(redis, server));
    const roleFault = roleFaultOf(actual);
    if (roleFault !== undefined) throw new UnfitServer(roleFault);
    this.#actual = actual;
    return weaknessOf(actual, declared);
  }
}
