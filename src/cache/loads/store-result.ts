import type { AnswerHint } from '../codec/entry.js';
import type { Lease } from '../store/store.js';
import type { EntryField, FieldAddress, Found } from '../coherence/entry-field.js';
import { unheardWithin } from '../maybe-promise.js';
import type { Loaded, Services } from './services.js';

/** What the origin has just given. */
export interface LoadResult {
  readonly place: FieldAddress;
  /** As they were before the load began; undefined while the store is in trouble. */
  readonly generations: readonly string[] | undefined;
  /** Given back with the fill. */
  readonly lease: Lease | undefined;
  readonly value: unknown;
  /** What is refreshed by it. */
  readonly refreshes: Found | undefined;
  readonly loadMs: number;
  /** Whether a PUBLIC load looked at the viewer. */
  readonly touched: boolean;
  /** Whether the value is a write that the database does not have yet. */
  readonly isPending: boolean;
  /** Whether a later write may be pending, of which the journal could not tell: then the value is not stored. */
  readonly isUnsure: boolean;
  /** What the load said to caches of whole answers. */
  readonly hint?: AnswerHint | undefined;
}

/** Whether a refresh did what it is for: what was there is replaced, or no longer there. Known once the fill has ended. */
export async function hasReplaced({
  sharable,
  filled,
}: Pick<Loaded, 'sharable' | 'filled'>): Promise<boolean> {
  if (!sharable) return false;
  const outcome = await filled;
  return outcome === undefined || outcome === 'stored' || outcome === 'outdated';
}

/** Ends a load: what everybody may have is stored and shared, what belongs to one reader goes to that reader alone. */
export function storeResult(
  { entries, log, troubles }: Services,
  field: EntryField & { readonly coordinate: string },
  { place, generations, lease, value, refreshes, loadMs, touched, isPending, isUnsure, hint }: LoadResult,
): Loaded {
  const { coordinate, counters } = field;
  if (touched) {
    counters.viewerTouched += 1;
    troubles({
      level: 'error',
      message: 'a PUBLIC load touched the viewer; its value was not stored',
      details: { coordinate },
    });
    unheardWithin(value);
    return { value, loadMs, isPending, sharable: false, filled: undefined };
  }
  // Those who joined may have it: they have asked no later than it was loaded.
  const stamped = isUnsure ? undefined : generations;
  const fill = entries.fill(field, {
    address: place,
    generations: stamped,
    lease,
    value,
    refreshes,
    loadMs,
    hint,
  });
  if (fill.isGiven !== true) {
    const { value: shared, copy, outcome: filled, keptUntilMs } = fill;
    return { value: shared, copy, hint, loadMs, isPending, sharable: true, filled, keptUntilMs };
  }
  if (fill.outcome === 'unstorable' && counters.unstorable === 1) {
    log.warn(
      { coordinate, reason: counters.lastUnstorable },
      'a value cannot be stored; the field is not cached',
    );
  }
  // Its reader may have to wait for others, or there may be none.
  unheardWithin(value);
  // It may be readable only once, or be changed by a reader: each loads a value of its own.
  return { value, loadMs, isPending, sharable: false, filled: undefined };
}
