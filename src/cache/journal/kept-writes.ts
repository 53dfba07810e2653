import type { PendingWrite, WriteName } from './journal.js';

/** A write that this process has accepted. The record is missing where there was no room for it. */
export interface KeptWrite extends WriteName {
  readonly record: Uint8Array | undefined;
  readonly keptAtMs: number;
  /** When the journal is asked next whether it still has it. */
  lookAtMs: number;
  /** Whether the database has refused it: it is left to the flusher, which buries it. */
  isRefused: boolean;
}

export interface KeptWritesOptions {
  /** Keys that are remembered at most; default 100,000. */
  readonly maxKeys?: number;
  /** Bytes of their records that are kept at most; default 16 MiB. */
  readonly maxBytes?: number;
}

const MAX_KEYS = 100_000;
const MAX_BYTES = 16 * 1024 * 1024;
/** About when a write should have been flushed, by whichever process. */
const LOOK_AFTER_MS = 400;

/**
 * What this process has accepted into a journal outside of it, until the database has it: the latest of each key. Bounded:
 * beyond that, only names are kept, and then nothing.
 */
export class KeptWrites {
  readonly #maxKeys: number;
  readonly #maxBytes: number;
  readonly #writes = new Map<string, KeptWrite>();
  #bytes = 0;

  constructor({ maxKeys = MAX_KEYS, maxBytes = MAX_BYTES }: KeptWritesOptions = {}) {
    this.#maxKeys = maxKeys;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#writes.size;
  }

  add({ key, seq, record }: PendingWrite, nowMs: number): void {
    const before = this.#writes.get(key);
    if (before !== undefined && before.seq > seq) return;
    if (before !== undefined) this.#remove(before);
    if (this.#writes.size >= this.#maxKeys) return;
    const fits = this.#bytes + record.byteLength <= this.#maxBytes;
    if (fits) this.#bytes += record.byteLength;
    this.#writes.set(key, {
      key,
      seq,
      record: fits ? record : undefined,
      keptAtMs: nowMs,
      lookAtMs: nowMs + LOOK_AFTER_MS,
      isRefused: false,
    });
  }

  /** The database has this write, or the dead letters do: neither it nor an earlier one of its key is needed. */
  drop({ key, seq }: WriteName): void {
    const write = this.#writes.get(key);
    if (write !== undefined && write.seq <= seq) this.#remove(write);
  }

  all(): readonly KeptWrite[] {
    return [...this.#writes.values()];
  }

  /** Those that should have been flushed by now, and of which the journal was not asked lately; at most `limit`. */
  overdue(nowMs: number, limit: number): readonly KeptWrite[] {
    const overdue: KeptWrite[] = [];
    for (const write of this.#writes.values()) {
      if (overdue.length >= limit) break;
      // Also where the clock was set back.
      if (write.lookAtMs > nowMs && nowMs >= write.keptAtMs) continue;
      // The longer it is pending, the less often.
      write.lookAtMs = nowMs + Math.max(LOOK_AFTER_MS, nowMs - write.keptAtMs);
      overdue.push(write);
    }
    return overdue;
  }

  #remove(write: KeptWrite): void {
    this.#writes.delete(write.key);
    this.#bytes -= write.record?.byteLength ?? 0;
  }
}
