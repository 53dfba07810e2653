/** Counts how often keys were used lately, roughly: four rows of small counters, halved from time to time. */
class FrequencySketch {
  readonly #rows: readonly Uint8Array[];
  readonly #mask: number;
  readonly #resetAfter: number;
  #added = 0;

  constructor(entries: number) {
    const width = 2 ** Math.ceil(Math.log2(entries));
    this.#rows = [1, 2, 3, 4].map(() => new Uint8Array(width));
    this.#mask = width - 1;
    this.#resetAfter = 10 * entries;
  }

  add(key: number): void {
    for (const [row, counters] of this.#rows.entries()) {
      const slot = this.#slotOf(key, row);
      counters[slot] = Math.min(15, (counters[slot] ?? 0) + 1);
    }
    this.#added += 1;
    if (this.#added < this.#resetAfter) return;
    this.#added /= 2;
    for (const counters of this.#rows)
      for (const slot of counters.keys()) counters[slot] = (counters[slot] ?? 0) >> 1;
  }

  of(key: number): number {
    return Math.min(...this.#rows.map((counters, row) => counters[this.#slotOf(key, row)] ?? 0));
  }

  #slotOf(key: number, row: number): number {
    let hash = Math.imul(key + 1, [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f][row] ?? 1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return ((hash ^ (hash >>> 12)) >>> 0) & this.#mask;
  }
}

/**
 * W-TinyLFU (Einziger, Friedman, Manes, 2017): a window of one hundredth, then an LRU of two parts into which only what is
 * used more often than the one that it would replace is let. Here to be compared with, not as fast as it can be.
 */
export class WindowTinyLfu {
  readonly #sketch: FrequencySketch;
  readonly #window = new Set<number>();
  readonly #probation = new Set<number>();
  readonly #protected = new Set<number>();
  readonly #windowSize: number;
  readonly #mainSize: number;

  constructor(entries: number) {
    this.#sketch = new FrequencySketch(entries);
    this.#windowSize = Math.max(1, Math.floor(entries / 100));
    this.#mainSize = entries - this.#windowSize;
  }

  /** Whether the key was there; afterwards it is, or was not let in. */
  use(key: number): boolean {
    this.#sketch.add(key);
    for (const part of [this.#window, this.#protected]) {
      if (!part.delete(key)) continue;
      part.add(key);
      return true;
    }
    if (this.#probation.delete(key)) {
      this.#protect(key);
      return true;
    }
    this.#window.add(key);
    if (this.#window.size > this.#windowSize) this.#admit(oldest(this.#window));
    return false;
  }

  #protect(key: number): void {
    this.#protected.add(key);
    if (this.#protected.size <= this.#mainSize * 0.8) return;
    const demoted = oldest(this.#protected);
    this.#protected.delete(demoted);
    this.#probation.add(demoted);
  }

  #admit(candidate: number): void {
    this.#window.delete(candidate);
    if (this.#probation.size + this.#protected.size >= this.#mainSize) {
      const part = this.#probation.size > 0 ? this.#probation : this.#protected;
      const victim = oldest(part);
      if (this.#sketch.of(candidate) <= this.#sketch.of(victim)) return;
      part.delete(victim);
    }
    this.#probation.add(candidate);
  }
}

function oldest(part: ReadonlySet<number>): number {
  for (const key of part) return key;
  throw new Error('nothing is left to evict');
}
