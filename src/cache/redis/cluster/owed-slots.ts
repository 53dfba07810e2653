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
  /** By slot: the moment from which it was no longer owed. */
  readonly #paidAt: (number | undefined)[] = [];
  #moment = 0;

  /** The present one; they are counted by what happens here. */
  get moment(): number {
    return this.#moment;
  }

  /**
   * The moment in which a slot became owed, where it is, or until which it was, where that is after `moment`; undefined where it was
   * not owed since then. What was read of it since may have come before its epoch ended, however late the rest of the answers was.
   */
  since(moment: number, slot: number): number | undefined {
    if (this.#owed.size === 0 && this.#moment === moment) return undefined;
    const paidAt = this.#paidAt[slot] ?? 0;
    return this.#owed.get(slot) ?? (paidAt > moment ? paidAt : undefined);
  }

  add(slots: Iterable<number>): void {
    this.#moment += 1;
    for (const slot of slots) this.#owed.set(slot, this.#moment);
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
        else if (slot !== undefined && this.#owed.get(slot) === owed.get(slot)) this.#paid(slot);
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  #paid(slot: number): void {
    if (!this.#owed.delete(slot)) return;
    this.#moment += 1;
    this.#paidAt[slot] = this.#moment;
  }
}
