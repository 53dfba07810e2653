/** Argument sets that PREFETCH keeps warm because they are asked for most, by default. */
const KEPT = 20;
/** The engine looks more often than it refreshes. */
const LOOKS_PER_REFRESH = 4;

/** What PREFETCH would keep warm of one field. Lists that an application names are not known to a recording. */
export class WarmKeys {
  readonly refreshEveryMs: number;
  readonly #asked = new Map<number, number>();
  #kept: readonly number[] | undefined;
  #nextMs: number | undefined;

  constructor(refreshEveryMs: number) {
    this.refreshEveryMs = refreshEveryMs;
  }

  asked(key: number): void {
    const times = (this.#asked.get(key) ?? 0) + 1;
    this.#asked.set(key, times);
    if (this.#kept?.includes(key) !== true) this.#kept = undefined;
  }

  mostAsked(): readonly number[] {
    this.#kept ??= [...this.#asked]
      .sort(([, one], [, other]) => other - one)
      .slice(0, KEPT)
      .map(([key]) => key);
    return this.#kept;
  }

  /** When it is looked at next, once that is no later than this; each time is told once. */
  nextLookMs(untilMs: number): number | undefined {
    const everyMs = Math.max(1, this.refreshEveryMs / LOOKS_PER_REFRESH);
    this.#nextMs ??= untilMs + everyMs;
    if (this.#nextMs > untilMs) return undefined;
    const look = this.#nextMs;
    this.#nextMs += everyMs;
    return look;
  }
}
