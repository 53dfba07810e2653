/** Requests whose write was acknowledged before its invalidation was known to be applied, by their context. */
export class BoundedWrites {
  readonly #contexts = new WeakSet();

  note(context: unknown): void {
    if (typeof context === 'object' && context !== null) this.#contexts.add(context);
  }

  has(context: unknown): boolean {
    return typeof context === 'object' && context !== null && this.#contexts.has(context);
  }
}
