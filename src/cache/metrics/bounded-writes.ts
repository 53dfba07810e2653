/**
 * What a bounded write waited for in vain. `store`: its invalidation could not be applied, as with a Redis that is away.
 * `database`: it did not say in time whether all that the write changed there is applied; what the write names is. `regions`: it is
 * applied in the store of this process, and not known to be in those of other regions.
 */
export type BoundedBy = 'store' | 'database' | 'regions';

/** What says most comes first. */
const ORDER: readonly BoundedBy[] = ['store', 'database', 'regions'];

/** Requests whose write was acknowledged before its invalidation was known to be applied, by their context, and why. */
export class BoundedWrites {
  readonly #contexts = new WeakMap<object, BoundedBy>();

  /** Of several writes of a request, one that the store has missed says most. */
  note(context: unknown, by: BoundedBy): void {
    if (typeof context !== 'object' || context === null) return;
    const before = this.#contexts.get(context);
    if (before === undefined || ORDER.indexOf(by) < ORDER.indexOf(before)) this.#contexts.set(context, by);
  }

  /** Undefined where there is none. */
  of(context: unknown): BoundedBy | undefined {
    return typeof context === 'object' && context !== null ? this.#contexts.get(context) : undefined;
  }
}
