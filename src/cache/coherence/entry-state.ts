import type { EntryHeader } from '../codec/entry.js';

/** What is to be told of an entry by its header, without a look at its tags. */
export interface EntryState {
  /** `fresh`, or past its ttl (`stale`), or `ended`: its key, or everything, was invalidated since. */
  readonly state: 'fresh' | 'stale' | 'ended';
  readonly ageMs: number;
  /** Tags that it depends on, besides its key. */
  readonly tags: number;
}

/** `present` are the generations now: of its row, and the one that the store adds, where it adds one. */
export function entryState(
  { generations, loadedAtMs, freshForMs }: Pick<EntryHeader, 'generations' | 'loadedAtMs' | 'freshForMs'>,
  present: readonly (string | undefined)[],
  nowMs: number,
): EntryState {
  const ageMs = Math.max(0, nowMs - loadedAtMs);
  const isOfAll = present.length === 1 || generations.at(-1) === present.at(-1);
  const isCurrent = generations[0] === present[0] && isOfAll;
  return {
    state: !isCurrent ? 'ended' : ageMs <= freshForMs ? 'fresh' : 'stale',
    ageMs,
    tags: Math.max(0, generations.length - present.length),
  };
}
