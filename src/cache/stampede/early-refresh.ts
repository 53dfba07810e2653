/** What is known of an entry while it is fresh. */
interface FreshEntry {
  readonly loadedAtMs: number;
  readonly freshForMs: number;
  /** How long its load took. */
  readonly loadMs: number;
}

/** Decides when an entry that is still fresh is loaded again, so that those that are asked for never expire. */
export interface EarlyRefresh {
  /** Whether this read begins a refresh; drawn anew for each read. */
  isDue(entry: FreshEntry, nowMs: number): boolean;
  /** When reads begin to draw: until then a copy of this process may answer without a look at the clock of the entry. */
  drawsFromMs(entry: FreshEntry): number;
}

export interface EarlyRefreshOptions {
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
  /** Above 1 refreshes begin earlier, below 1 later; 0 turns early refresh off. */
  readonly beta: number;
}

/** A load that took no time is taken to take this long: a refresh must be able to end before the entry does. */
const SHORTEST_LOAD_MS = 5;
/** The last share of its life in which an entry can be refreshed: an early refresh costs a load as any other. */
const LATEST_SHARE = 0.2;
/** In units of beta times the load: earlier than that one read in e^12, some 160,000, would begin one. */
const EARLIEST = 12;

/**
 * XFetch (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015). A read begins a
 * refresh when
 *
 *     -beta * load * ln(U) >= remaining        U uniform in (0, 1]
 *
 * so the chance of one read is e^(-remaining / (beta * load)): the dearer the load and the closer the end, the likelier.
 * The lease sees to it that only one of those who draw it loads.
 */
export function earlyRefresh({ random, beta }: EarlyRefreshOptions): EarlyRefresh {
  const scaleOf = ({ loadMs }: FreshEntry): number => beta * Math.max(loadMs, SHORTEST_LOAD_MS);
  const windowOf = (entry: FreshEntry): number =>
    Math.min(LATEST_SHARE * entry.freshForMs, EARLIEST * scaleOf(entry));
  return {
    isDue(entry, nowMs) {
      const remainingMs = entry.loadedAtMs + entry.freshForMs - nowMs;
      if (remainingMs > windowOf(entry)) return false;
      return -Math.log(1 - random()) * scaleOf(entry) >= remainingMs;
    },
    drawsFromMs: (entry) => entry.loadedAtMs + entry.freshForMs - windowOf(entry),
  };
}
