import { addTo, since, type Sum, type Tally } from '../metrics/tally.js';

/** What a process has counted, by the minute; what is older is together. */
export const KEPT_MINUTES = 60;
/** The slot of what is older than all minutes that are kept. */
export const EARLIER = 'earlier';

/** The minutes since 1970 as the names of slots. */
export function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / 60_000);
}

/** What this process has counted since it started, cut into minutes. */
export class OwnFigures {
  readonly #slots = new Map<string, Sum>();
  readonly #changed = new Set<string>();
  readonly #gone = new Set<string>();
  #last: Tally = new Map();

  /** Takes what was counted since the last call into the present minute. True where that is anything. */
  take(now: Tally, nowMs: number): boolean {
    const grown = since(this.#last, now);
    this.#last = now;
    this.#rest(minuteOf(nowMs));
    if (grown.size === 0) return false;
    this.#addTo(`${minuteOf(nowMs)}`, grown);
    return true;
  }

  get slots(): ReadonlyMap<string, Tally> {
    return this.#slots;
  }

  /** What has changed since the last call: slots to be written, and those that are gone. */
  takeChanges(): { readonly written: ReadonlyMap<string, Tally>; readonly gone: readonly string[] } {
    const written = new Map<string, Tally>();
    for (const name of this.#changed) {
      const slot = this.#slots.get(name);
      if (slot !== undefined) written.set(name, slot);
    }
    const gone = [...this.#gone];
    this.#changed.clear();
    this.#gone.clear();
    return { written, gone };
  }

  /** Has all slots written anew, and what was to be gone be gone: what a store had of them may be lost, or not. */
  changeAll(gone: readonly string[]): void {
    for (const name of this.#slots.keys()) this.#changed.add(name);
    for (const name of gone) this.#gone.add(name);
  }

  #addTo(name: string, tally: Tally): void {
    const slot: Sum = this.#slots.get(name) ?? new Map();
    addTo(slot, tally);
    this.#slots.set(name, slot);
    this.#changed.add(name);
    this.#gone.delete(name);
  }

  #rest(minute: number): void {
    for (const [name, slot] of this.#slots) {
      if (name === EARLIER || minute - Number(name) < KEPT_MINUTES) continue;
      this.#addTo(EARLIER, slot);
      this.#slots.delete(name);
      this.#changed.delete(name);
      this.#gone.add(name);
    }
  }
}
