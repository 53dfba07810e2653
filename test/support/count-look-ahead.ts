import { LookAhead } from '../../src/cache/directives/look-ahead.js';

export interface CountedLookAhead {
  /** Calls of a list's children that were answered by what was read ahead for all of them. */
  hits(): number;
  restore(): void;
}

/** Counts in all caches of this process what reading ahead was good for. */
export function countLookAhead(): CountedLookAhead {
  const original = LookAhead.prototype.of;
  let hits = 0;
  LookAhead.prototype.of = function counted(...given: Parameters<typeof original>) {
    const read = original.apply(this, given);
    if (read?.found !== undefined) hits += 1;
    return read;
  };
  return {
    hits: () => hits,
    restore: () => {
      LookAhead.prototype.of = original;
    },
  };
}
