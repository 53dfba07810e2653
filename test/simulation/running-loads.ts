import type { RowHistory } from './row-history.js';

interface Running {
  readonly sinceMs: number;
}

/** Trouble after which another process may load what one loads already: it has waited for long enough, or cannot ask. */
const TROUBLED_FOR_MS = 6000;
/** The generations of a load are asked for at most so long before it begins, milliseconds. */
const CLAIMED_WITHIN_MS = 50;

/** Loads under way, and whether two processes load the same without need. */
export class RunningLoads {
  readonly #running = new Map<string, Set<Running>>();
  #troubledUntilMs = -Infinity;
  loads = 0;
  /** Loads that began while the same was loaded under the same generations, and those of them without any trouble. */
  doubled = 0;
  readonly unexplained: string[] = [];

  /** Something went wrong now, or will for so long. */
  troubled(nowMs: number, forMs = 0): void {
    this.#troubledUntilMs = Math.max(this.#troubledUntilMs, nowMs + forMs + TROUBLED_FOR_MS);
  }

  /** @returns how to end it. */
  begin(key: string, rows: readonly RowHistory[], nowMs: number): () => void {
    this.loads += 1;
    const load = { sinceMs: nowMs };
    const others = this.#running.get(key) ?? new Set();
    const isUnderWay = rows.some(({ underWay }) => underWay > 0);
    const touchedAtMs = Math.max(...rows.map((row) => row.touchedAtMs));
    const other = [...others].find(({ sinceMs }) => touchedAtMs < sinceMs - CLAIMED_WITHIN_MS);
    if (!isUnderWay && other !== undefined) {
      this.doubled += 1;
      if (nowMs > this.#troubledUntilMs) {
        const words = `${key} was loaded twice at ${nowMs.toFixed(1)} ms, first since ${other.sinceMs.toFixed(1)} ms`;
        this.unexplained.push([words, ...rows.map((row) => row.told())].join('\n'));
      }
    }
    this.#running.set(key, others.add(load));
    return () => {
      others.delete(load);
      if (others.size === 0) this.#running.delete(key);
    };
  }
}
