/** The generation of a tag is kept at least this long after it was last used, and twice as long as what is stored under it. */
const GENERATION_KEPT_MS = 60 * 60 * 1000;
/**
 * The generation of an entry's own key is kept this long while the entry is loaded, and then twice as long as the entry:
 * clients choose keys, and those that name nothing must be gone as soon as their negative entry is.
 */
const LOADING_KEPT_MS = 5_000;
/** A generation that is created for a write: one that takes longer may store nothing. */
export const INTENDED_KEPT_MS = 60_000;
/** The epoch is used by every read; it must only not be immortal. */
export const EPOCH_KEPT_MS = 90 * 24 * 60 * 60 * 1000;

export function generationKeptMs(keepForMs: number): number {
  return wholeMs(Math.max(GENERATION_KEPT_MS, keepForMs * 2));
}

/** A lease counts only under the generation it was given under. */
export function loadingKeptMs(leaseMs: number): number {
  return wholeMs(Math.max(LOADING_KEPT_MS, leaseMs * 3));
}

/** As scripts take them. */
export function wholeMs(ms: number): number {
  return Math.max(1, Math.round(ms));
}
