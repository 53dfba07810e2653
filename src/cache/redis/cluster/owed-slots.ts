import type { ClusterNodes } from './cluster-nodes.js';
import type { ClusterNames } from './cluster-names.js';
import { SLOTS } from './slots.js';

/** Deletions that go to a node at once. */
export const AT_ONCE = 500;
export const ALL_SLOTS: readonly number[] = Array.from({ length: SLOTS }, (_, slot) => slot);

/**
 * Slots in which something was to be invalidated, and may not have been: until their epochs have ended, this process reads
 * nothing in them. It is tried again with each look at the nodes.
 */
export class OwedSlots {
  /** With a number, so that what is owed anew meanwhile stays owed. */
  readonly #owed = new Map<number, number>();
  #count = 0;

  has(slot: number): boolean {
    return this.#owed.size > 0 && this.#owed.has(slot);
  }

  add(slots: Iterable<number>): void {
    this.#count += 1;
    for (const slot of slots) this.#owed.set(slot, this.#count);
  }

  /** Ends the epochs of these slots, as many as can be. @throws Error what the first failed with; those stay owed. */
  async pay(nodes: ClusterNodes, names: ClusterNames, slots = [...this.#owed.keys()]): Promise<void> {
    let failure: PromiseRejectedResult | undefined;
    for (let start = 0; start < slots.length; start += AT_ONCE) {
      const part = slots.slice(start, start + AT_ONCE);
      const paid = await Promise.allSettled(part.map((slot) => this.#paySlot(nodes, names, slot)));
      failure ??= paid.find((one) => one.status === 'rejected');
    }
    if (failure !== undefined) throw failure.reason;
  }

  /** The epoch of a slot has ended, if nothing else is owed since it was. */
  async #paySlot(nodes: ClusterNodes, names: ClusterNames, slot: number): Promise<void> {
    const number = this.#owed.get(slot);
    await nodes.delete(slot, names.epochOf(slot));
    if (this.#owed.get(slot) === number) this.#owed.delete(slot);
  }
}
