import type { Clock } from '../time/clock.js';

/** What is known of one key while writes of it are under way: who they are, and the latest version seen since. */
interface Writes {
  readonly endsAtMs: Map<string, number>;
  seen: number;
}

/** Announced writes of the memory store: see `Store.intend`. */
export class MemoryWrites {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Writes>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  announce(key: string, token: string, endsWithinMs: number): void {
    const nowMs = this.#clock.nowMs();
    const writes = this.#byKey.get(key) ?? { endsAtMs: new Map<string, number>(), seen: -Infinity };
    for (const [earlier, endsAtMs] of writes.endsAtMs) if (endsAtMs <= nowMs) writes.endsAtMs.delete(earlier);
    writes.endsAtMs.set(token, nowMs + endsWithinMs);
    this.#byKey.set(key, writes);
  }

  /** A version was committed; undefined where it is not known which: then those under way store nothing. */
  saw(key: string, version: number | undefined): void {
    const writes = this.#byKey.get(key);
    if (writes === undefined) return;
    if (version === undefined) this.#byKey.delete(key);
    else writes.seen = Math.max(writes.seen, version);
  }

  /** Ends a write; true where it may store its row, because nothing later was seen since it was announced. */
  end(key: string, token: string, version: number): boolean {
    const writes = this.#byKey.get(key);
    const endsAtMs = writes?.endsAtMs.get(token);
    if (writes === undefined || endsAtMs === undefined) return false;
    writes.endsAtMs.delete(token);
    const isLatest = version >= writes.seen;
    writes.seen = Math.max(writes.seen, version);
    if (writes.endsAtMs.size === 0) this.#byKey.delete(key);
    return isLatest && endsAtMs > this.#clock.nowMs();
  }

  /** Ends a write that stores nothing. */
  abandon(key: string, token: string): void {
    const writes = this.#byKey.get(key);
    if (writes?.endsAtMs.delete(token) === true && writes.endsAtMs.size === 0) this.#byKey.delete(key);
  }

  clear(): void {
    this.#byKey.clear();
  }
}
