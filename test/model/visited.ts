/** Bytes of a state, always a multiple of four: they are compared as words. */
export type State = Uint8Array;

const FIRST_CAPACITY = 1 << 14;

/** Every state that was reached, in the order in which it was reached first, packed into one block of memory. */
export class Visited {
  readonly #words: number;
  #states: Int32Array;
  #slots: Int32Array;
  #count = 0;

  constructor(bytes: number) {
    this.#words = bytes / 4;
    this.#states = new Int32Array(FIRST_CAPACITY * this.#words);
    this.#slots = new Int32Array(FIRST_CAPACITY * 2);
  }

  get count(): number {
    return this.#count;
  }

  /** True for a state that was not there before. */
  add(state: Int32Array): boolean {
    const mask = this.#slots.length - 1;
    let slot = hashOf(state) & mask;
    for (;;) {
      const known = this.#slots[slot] ?? 0;
      if (known === 0) break;
      if (this.#isSame(known - 1, state)) return false;
      slot = (slot + 1) & mask;
    }
    this.#states.set(state, this.#count * this.#words);
    this.#count += 1;
    this.#slots[slot] = this.#count;
    if (this.#count * 2 === this.#slots.length) this.#grow();
    return true;
  }

  /** Copies a state out. */
  copy(index: number, to: Int32Array): void {
    const start = index * this.#words;
    for (let word = 0; word < this.#words; word += 1) to[word] = this.#states[start + word] ?? 0;
  }

  #isSame(index: number, state: Int32Array): boolean {
    const start = index * this.#words;
    for (let word = 0; word < this.#words; word += 1) {
      if (this.#states[start + word] !== state[word]) return false;
    }
    return true;
  }

  #grow(): void {
    const states = new Int32Array(this.#states.length * 2);
    states.set(this.#states);
    this.#states = states;
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let index = 0; index < this.#count; index += 1) {
      const start = index * this.#words;
      let slot = hashOf(states.subarray(start, start + this.#words)) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = index + 1;
    }
  }
}

function hashOf(state: Int32Array): number {
  let hash = 0x811c9dc5;
  for (let word = 0; word < state.length; word += 1) {
    hash = Math.imul(hash ^ (state[word] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
  }
  return Math.imul(hash, 0x85ebca6b) >>> 7;
}
