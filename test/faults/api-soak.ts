import { setTimeout as passes } from 'node:timers/promises';
import type { ApiProcess } from '../support/processes/api-process.js';
import { percentile } from '../support/load/percentile.js';
import { post } from '../support/worlds/seeded-api.js';
import type { ApiWorld } from './api-world.js';
import { mutationOf, queryOf, Takes, takesIn } from './takes.js';
import { oneOf, type FaultResult } from './world.js';

export interface ApiSoakResult extends FaultResult {
  /** How often the fault came. */
  readonly faults: number;
  /** Requests whose process was killed before it answered. */
  readonly unanswered: number;
  /** Writes past the API, in SQL. */
  readonly rawWrites: number;
  /** The first answers that were stale or errors, and how the world was. */
  readonly evidence: readonly string[];
}

/** Does something that counts as a fault while it goes on: until then, and a second longer, bounded writes may be missed. */
export type Disturb = (what: string, work: () => unknown) => Promise<void>;

/** Comes over the world again and again; its own pauses included. */
export type ApiTrouble = (world: ApiWorld, disturb: Disturb) => Promise<unknown>;

export interface ApiSoakOptions {
  readonly forMs: number;
  readonly trouble: ApiTrouble;
  /** Ends the soak early, once so many reads were stale. */
  readonly enough?: number;
}

const IDS = ['1', '2', '3', '4', '5', '6'];
const READERS_OF_EACH = 4;
const READ_PAUSE_MS = 25;
const WRITE_PAUSE_MS = 80;
const RAW_SHARE = 0.3;
/** A write past the API is seen by everybody after this time. */
const RAW_SEEN_WITHIN_MS = 500;
/** The share of writes that go to a process although it is paused: their films are not written until it goes on. */
const PAUSED_SHARE = 0.1;
const EVIDENCE = 8;
/** What a busy machine has more of, until there was a write of each kind to judge by. */
const MORE_TIME_MS = 30_000;

/** Reads and writes titles through all processes while trouble goes on, and reads all once more when it is over. */
export async function apiSoak(world: ApiWorld, options: ApiSoakOptions): Promise<ApiSoakResult> {
  return new ApiSoak(world, options).run();
}

/** Titles only grow, over all soaks of a world. */
let take = 0;

class ApiSoak {
  readonly #world: ApiWorld;
  readonly #options: ApiSoakOptions;
  readonly #takes = new Map(IDS.map((id) => [id, new Takes()]));
  readonly #latenciesMs: number[] = [];
  readonly #writesMs: number[] = [];
  readonly #evidence: string[] = [];
  readonly #counts = { stale: 0, errors: 0, unanswered: 0, strictWrites: 0, boundedWrites: 0, rawWrites: 0 };
  readonly #startedAtMs = performance.now();
  #calmSinceMs = performance.now();
  #faults = 0;
  #lastFault = 'none';
  #outcomes = 0;
  #hits = 0;

  constructor(world: ApiWorld, options: ApiSoakOptions) {
    this.#world = world;
    this.#options = options;
  }

  async run(): Promise<ApiSoakResult> {
    const { processes, heal } = this.#world;
    const readers = processes.flatMap((process) =>
      Array.from({ length: READERS_OF_EACH }, () => this.#reader(process)),
    );
    await Promise.all([...readers, ...IDS.map((id) => this.#writer(id)), this.#troublemaker()]);
    const faults = this.#faults;
    await this.#disturb('healed', heal);
    // Now everything is due.
    await passes(1000);
    await Promise.all(processes.map((process) => this.#read(process, IDS)));
    return {
      ...this.#counts,
      faults,
      reads: this.#latenciesMs.length,
      hitRatio: this.#hits / this.#outcomes,
      p99Ms: percentile(this.#latenciesMs, 0.99),
      writeP99Ms: percentile(this.#writesMs, 0.99),
      evidence: this.#evidence,
    };
  }

  get #goesOn(): boolean {
    const { forMs, enough = Infinity } = this.#options;
    const { stale, strictWrites, rawWrites } = this.#counts;
    const mostMs = Math.min(strictWrites, rawWrites) > 0 ? forMs : forMs + MORE_TIME_MS;
    return performance.now() - this.#startedAtMs < mostMs && stale < enough;
  }

  async #reader(process: ApiProcess): Promise<void> {
    while (this.#goesOn) {
      if (process.isUp) await this.#read(process, Math.random() < 0.7 ? [oneOf(IDS)] : IDS);
      await passes(Math.random() * READ_PAUSE_MS * 2);
    }
  }

  async #read(process: ApiProcess, ids: readonly string[]): Promise<void> {
    const wanted = ids.map((id) => this.#takesOf(id).atLeast(this.#calmSinceMs));
    const askedAtMs = performance.now();
    const answer = await this.#ask(process, queryOf(ids));
    if (answer === undefined) return;
    this.#latenciesMs.push(performance.now() - askedAtMs);
    this.#outcomes += answer.split('"outcome":').length - 1;
    this.#hits += answer.split('"outcome":"HIT"').length - 1;
    const seen = takesIn(answer);
    if (seen.length !== ids.length) return this.#wrong(answer);
    const isStale = wanted.some((least, index) => least !== undefined && (seen[index] ?? 0) < least.number);
    if (!isStale) return;
    this.#counts.stale += 1;
    const acknowledged = wanted.map((least) =>
      least === undefined
        ? 'nothing'
        : `Take ${least.number}, ${least.how}, ${Math.round(askedAtMs - least.answeredAtMs)} ms before`,
    );
    this.#note(`stale in ${this.#nameOf(process)}, acknowledged were ${acknowledged.join('; ')}: ${answer}`);
  }

  async #writer(id: string): Promise<void> {
    while (this.#goesOn) {
      if (Math.random() < RAW_SHARE) await this.#writeInSql(id);
      else await this.#write(this.#writable(), id);
      await passes(Math.random() * WRITE_PAUSE_MS * 2);
    }
  }

  async #writeInSql(id: string): Promise<void> {
    const number = (take += 1);
    await this.#world.database.query('UPDATE "Movie" SET "title" = $2 WHERE "id" = $1', [
      id,
      `Take ${number}`,
    ]);
    const answeredAtMs = performance.now();
    const dueAtMs = answeredAtMs + RAW_SEEN_WITHIN_MS;
    this.#takesOf(id).written({ number, how: 'in SQL', answeredAtMs, dueAtMs });
    this.#counts.rawWrites += 1;
  }

  async #write(process: ApiProcess, id: string): Promise<void> {
    const number = (take += 1);
    const sentAtMs = performance.now();
    const answer = await this.#ask(process, mutationOf(id, number));
    // What the killed process was about to commit is committed or gone, once the row can be locked.
    if (answer === undefined) {
      await this.#world.database.query('SELECT FROM "Movie" WHERE "id" = $1 FOR UPDATE', [id]);
      return;
    }
    const answeredAtMs = performance.now();
    this.#writesMs.push(answeredAtMs - sentAtMs);
    if (takesIn(answer)[0] !== number) return this.#wrong(answer);
    const isBounded = answer.includes('"consistency":"bounded"');
    this.#counts[isBounded ? 'boundedWrites' : 'strictWrites'] += 1;
    const how = `${isBounded ? 'bounded' : 'strict'} by ${this.#nameOf(process)}`;
    const dueAtMs = isBounded ? undefined : answeredAtMs;
    this.#takesOf(id).written({ number, how, answeredAtMs, dueAtMs });
  }

  async #troublemaker(): Promise<void> {
    while (this.#goesOn) await this.#options.trouble(this.#world, (what, work) => this.#disturb(what, work));
  }

  async #disturb(what: string, work: () => unknown): Promise<void> {
    this.#faults += 1;
    this.#lastFault = `${what} from ${this.#clock()} ms`;
    this.#calmSinceMs = Infinity;
    await work();
    this.#calmSinceMs = performance.now();
    this.#lastFault += ` to ${this.#clock()} ms`;
  }

  /** The answer; undefined where the process was killed before it came. */
  async #ask(process: ApiProcess, query: string): Promise<string | undefined> {
    const { kills, isUp } = process;
    try {
      return await post(process, query, { token: this.#world.token, headers: { 'x-cache-debug': '1' } });
    } catch (error) {
      if (isUp && process.kills === kills)
        this.#wrong(`${this.#nameOf(process)} does not answer: ${String(error)}`);
      else this.#counts.unanswered += 1;
      return undefined;
    }
  }

  #writable(): ApiProcess {
    const up = this.#world.processes.filter(({ isUp }) => isUp);
    const chosen = oneOf(up);
    if (!chosen.isPaused || Math.random() < PAUSED_SHARE) return chosen;
    return oneOf(up.filter(({ isPaused }) => !isPaused));
  }

  #takesOf(id: string): Takes {
    const takes = this.#takes.get(id);
    if (takes === undefined) throw new Error(`film ${id} is not soaked`);
    return takes;
  }

  #wrong(what: string): void {
    this.#counts.errors += 1;
    this.#note(`error: ${what}`);
  }

  #note(what: string): void {
    if (this.#evidence.length >= EVIDENCE) return;
    this.#evidence.push(`${this.#clock()} ms, last fault: ${this.#lastFault}: ${what}`);
  }

  #clock(): number {
    return Math.round(performance.now() - this.#startedAtMs);
  }

  #nameOf(process: ApiProcess): string {
    return `process ${this.#world.processes.indexOf(process) + 1}`;
  }
}
