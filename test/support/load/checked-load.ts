import { setTimeout as passes } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { CheckedProcess, CheckedRow } from '../processes/checked-process.js';
import { percentile } from './percentile.js';

/** One read that was answered. */
interface Seen {
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  readonly row: CheckedRow;
  readonly process: CheckedProcess;
  readonly isHit: boolean;
  readonly latencyMs: number;
}

export interface CheckedLoadOptions {
  readonly processes: readonly CheckedProcess[];
  readonly rows: readonly CheckedRow[];
  /** Requests of all processes together; default 150. */
  readonly perSecond?: number;
}

/** One request in so many is a write. */
const WRITE_EVERY = 15;
/** Reads that a process must have answered without a load before what they read counts as used. */
const USED_FROM = 5;
const EVIDENCE = 5;

/**
 * Reads and writes through all processes in turn, at a steady rate and without waiting for answers. A read that is answered with less
 * than what was acknowledged, by any process, before it was asked is stale; one without an answer is an error.
 */
export class CheckedLoad {
  /** The first answers that were stale or errors. */
  readonly evidence: string[] = [];
  readonly #options: CheckedLoadOptions;
  readonly #acknowledged = new Map<string, number>();
  readonly #seen: Seen[] = [];
  readonly #counts = { reads: 0, stale: 0, errors: 0, writes: 0, refusedWrites: 0 };
  #turn = 0;
  #isOver = false;
  #processes: readonly CheckedProcess[];
  #asking: Promise<unknown> = Promise.resolve();

  constructor(options: CheckedLoadOptions) {
    this.#options = options;
    this.#processes = options.processes;
  }

  get counts(): Readonly<Record<'reads' | 'stale' | 'errors' | 'writes' | 'refusedWrites', number>> {
    return this.#counts;
  }

  /** Others are asked from now on. */
  switchTo(processes: readonly CheckedProcess[]): void {
    this.#processes = processes;
  }

  /** Goes on until `end`, or until the test is over. */
  begin(): void {
    this.#asking = this.#ask();
    onTestFinished(() => this.end());
  }

  /** Resolves once nothing is under way any more. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#asking;
  }

  /** Every row once, by every process. */
  async readAll(): Promise<void> {
    for (const row of this.#options.rows)
      await Promise.all(this.#processes.map((process) => this.#read(process, row)));
  }

  /** Ends every row once. */
  async writeAll(): Promise<void> {
    for (const [index, row] of this.#options.rows.entries()) await this.#write(this.#processOf(index), row);
  }

  /** Resolves after so many more reads. */
  async more(reads: number): Promise<void> {
    const least = this.#counts.reads + reads;
    await expect
      .poll(() => this.#counts.reads, { timeout: 15_000 + reads * 30 })
      .toBeGreaterThanOrEqual(least);
  }

  /** Milliseconds from a moment until every process answers these rows without loads; rejects after `withinMs`. */
  async usedAgain(rows: (row: CheckedRow) => boolean, sinceMs: number, withinMs = 30_000): Promise<number> {
    const usedAtMs = (process: CheckedProcess): number =>
      this.#seen.filter(
        (one) => one.process === process && one.isHit && one.askedAtMs > sinceMs && rows(one.row),
      )[USED_FROM - 1]?.answeredAtMs ?? Infinity;
    const allUsedAtMs = (): number => Math.max(...this.#processes.map(usedAtMs));
    await expect.poll(allUsedAtMs, { timeout: withinMs, interval: 50 }).toBeLessThan(Infinity);
    return allUsedAtMs() - sinceMs;
  }

  /** Reads that were answered without a load between two moments. */
  hits(rows: (row: CheckedRow) => boolean, fromMs: number, toMs = Infinity): number {
    return this.#between(rows, fromMs, toMs).filter(({ isHit }) => isHit).length;
  }

  p99Ms(rows: (row: CheckedRow) => boolean, fromMs: number, toMs = Infinity): number {
    return percentile(
      this.#between(rows, fromMs, toMs).map(({ latencyMs }) => latencyMs),
      0.99,
    );
  }

  #between(rows: (row: CheckedRow) => boolean, fromMs: number, toMs: number): readonly Seen[] {
    return this.#seen.filter(({ row, askedAtMs }) => askedAtMs >= fromMs && askedAtMs < toMs && rows(row));
  }

  async #ask(): Promise<void> {
    const { rows, perSecond = 150 } = this.#options;
    const asked: Promise<void>[] = [];
    const startedAtMs = performance.now();
    for (let count = 0; !this.#isOver; count += 1) {
      const waitMs = startedAtMs + (count * 1000) / perSecond - performance.now();
      if (waitMs > 0) await passes(waitMs);
      const row = rows[Math.floor(Math.random() * rows.length)];
      if (row === undefined) throw new Error('there are no rows');
      const process = this.#processOf((this.#turn += 1));
      asked.push(count % WRITE_EVERY === 0 ? this.#write(process, row) : this.#read(process, row));
    }
    await Promise.all(asked);
  }

  async #read(process: CheckedProcess, row: CheckedRow): Promise<void> {
    const least = this.#acknowledged.get(row.key) ?? 0;
    const askedAtMs = performance.now();
    try {
      const { version, isHit, latencyMs } = await process.read(row);
      this.#counts.reads += 1;
      this.#seen.push({ askedAtMs, answeredAtMs: performance.now(), row, process, isHit, latencyMs });
      if (version >= least) return;
      this.#counts.stale += 1;
      this.#note(`${row.key} was read as ${version}, but ${least} was acknowledged`);
    } catch (error) {
      this.#counts.errors += 1;
      this.#note(`${row.key}: ${String(error)}`);
    }
  }

  /** By turns a row by its key, and all rows with one of its tags. One that is refused is not acknowledged. */
  async #write(process: CheckedProcess, row: CheckedRow): Promise<void> {
    const [tag] = row.tags;
    const isByTag = tag !== undefined && Math.random() < 0.5;
    const ended = isByTag ? this.#options.rows.filter(({ tags }) => tags.includes(tag)) : [row];
    const keys = ended.map(({ key }) => key);
    try {
      const versions = await process.write({ keys, tag: isByTag ? tag : row.key });
      this.#counts.writes += 1;
      for (const [index, key] of keys.entries())
        this.#acknowledged.set(key, Math.max(this.#acknowledged.get(key) ?? 0, versions[index] ?? 0));
    } catch {
      this.#counts.refusedWrites += 1;
    }
  }

  #processOf(turn: number): CheckedProcess {
    const process = this.#processes[turn % this.#processes.length];
    if (process === undefined) throw new Error('there are no processes');
    return process;
  }

  #note(what: string): void {
    if (this.evidence.length < EVIDENCE) this.evidence.push(what);
  }
}
