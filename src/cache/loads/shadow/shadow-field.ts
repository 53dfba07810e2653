import { createFieldCounters } from '../../metrics/field-counters.js';
import { createShadowCounters, type ShadowCounters } from '../../metrics/shadow-counters.js';
import type { EntryField } from '../../coherence/entry-field.js';
import type { CacheScope, ReadPolicy } from '../../policy/read-policy.js';

/** What is known of one field whose hits are checked. */
export interface ShadowField {
  readonly coordinate: string;
  readonly scope: CacheScope;
  readonly counters: ShadowCounters;
  /** How its entries are looked up in the store itself: without copies, and counted nowhere. */
  readonly inStore: EntryField;
  /** Milliseconds: what the reader of a younger entry holds may be older than the entry. */
  readonly youngForMs: number;
  /** One check of a field at a time, so that one field never takes the places of all others. */
  isUnderWay: boolean;
  /** True once nothing more is to be found out about it. */
  isDone: boolean;
  /** True once its reads go past the cache. */
  isOff: boolean;
}

/** A request that lasts longer may still hold what it read before the entry was loaded. */
const YOUNG_FOR_MS = 2000;

export function createShadowField(policy: ReadPolicy): ShadowField {
  const { coordinate, scope, lifetime, holdsViewer } = policy;
  return {
    coordinate,
    scope,
    counters: createShadowCounters(),
    inStore: {
      coordinate,
      lifetime: { ...lifetime, localMs: 0 },
      counters: createFieldCounters(),
      holdsViewer,
    },
    youngForMs: Math.min(YOUNG_FOR_MS, lifetime.ttlMs / 2),
    isUnderWay: false,
    isDone: false,
    isOff: false,
  };
}
