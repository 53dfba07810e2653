/** The hits of one field that were drawn for a shadow check, by what became of them. */
export interface ShadowCounters {
  /** The load brought what the cache had given. */
  same: number;
  /** Loads for the reader go on bringing another value than the cache gives, and no write explains it. */
  differs: number;
  /** Two loads for the same reader brought different values: nothing can be said about the entry. */
  unstable: number;
  /** The value was another one, and a write may explain it: the entry was replaced or ended meanwhile, or was too young. */
  superseded: number;
  /** The load failed, took too long, or looked at the viewer. */
  failed: number;
  /** Not checked: too many checks were under way, or loads were waiting for their turn. */
  skipped: number;
}

/** What became of one shadow check. */
export type ShadowOutcome = keyof ShadowCounters;

export function createShadowCounters(): ShadowCounters {
  return { same: 0, differs: 0, unstable: 0, superseded: 0, failed: 0, skipped: 0 };
}
