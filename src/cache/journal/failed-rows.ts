import type { FlushTarget } from './flush-target.js';
import type { ClaimedWrite, WriteName } from './journal.js';

interface FailedRow {
  readonly seq: number;
  /** Its first attempt, and each before which others got through since the one before. */
  readonly attempts: number;
  /** How many flushes of its target had succeeded at its last attempt. */
  readonly passed: number;
}

/** Rows that are remembered; beyond them the oldest begin anew. */
const AT_MOST = 10_000;

/**
 * Rows that could not be flushed, where it is not known whether the database refuses them: how often each was tried while
 * others of its target got through. While none does, the database is away, and no attempt counts.
 */
export class FailedRows {
  readonly #rows = new Map<string, FailedRow>();
  readonly #passed = new Map<FlushTarget, number>();

  /** The row failed once more. Answers with how many of its attempts count. */
  failed(target: FlushTarget, { key, seq, attempts }: ClaimedWrite): number {
    const passed = this.#passed.get(target) ?? 0;
    const known = this.#rows.get(key);
    // A letter that was replayed begins anew with the number it had.
    const before = known?.seq === seq && attempts > 0 ? known : undefined;
    const counted = before === undefined ? 1 : before.attempts + (passed > before.passed ? 1 : 0);
    this.#rows.delete(key);
    this.#rows.set(key, { seq, attempts: counted, passed });
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= AT_MOST) break;
      this.#rows.delete(oldest);
    }
    return counted;
  }

  /** A flush of this target succeeded. */
  passed(target: FlushTarget): void {
    this.#passed.set(target, (this.#passed.get(target) ?? 0) + 1);
  }

  /** These are with the database, or with the dead letters. */
  forget(writes: readonly WriteName[]): void {
    if (this.#rows.size > 0) for (const { key } of writes) this.#rows.delete(key);
  }
}
