import type { ClusterNodes } from './cluster-nodes.js';
import type { ClusterNames } from './cluster-names.js';
import { SLOTS } from './slots.js';

/** Deletions that are sent at once: after a failover there are thousands, and what is read meanwhile must not wait for them. */
export const AT_ONCE = 100;
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
    let failure: { readonly error: unknown } | undefined;
    for (let start = 0; start < slots.length; start += AT_ONCE) {
      const part = slots.slice(start, start + AT_ONCE);
      const owed = new Map(part.map((slot) => [slot, this.#owed.get(slot)]));
      const outcomes = await nodes.delete(part.map((slot) => ({ slot, key: names.epochOf(slot) })));
      for (const [index, outcome] of outcomes.entries()) {
        const slot = part[index];
        if ('error' in outcome) failure ??= outcome;
        // Its epoch has ended, if nothing else is owed since it was.
        else if (slot !== undefined && this.#owed.get(slot) === owed.get(slot)) this.#owed.delete(slot);
      }
    }
    if (failure !== undefined) throw failure.error;
  }
}
