/** Bounds below this are too small to be shared: one owner may have all places. */
const SHARED_FROM = 16;
/** One owner holds at most so many times the places that are free: of 64 the first gets 48, the second 12, the third 3. */
const SHARE = 3;

/**
 * Bounds how much work runs at the same time, and how much of it one owner has: an owner whose work hangs leaves places
 * to all others. A place that becomes free goes to the waiting owner who holds fewest.
 */
export class Turns {
  readonly #held = new Map<object, number>();
  readonly #waiting = new Map<object, (() => void)[]>();
  #atMost: number;
  #running = 0;
  #size = 0;

  constructor(atMost: number) {
    this.#atMost = atMost;
  }

  /** Works that run or wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * True where this owner has its share of the `most` works that may run or wait: one that asks for too much leaves room
   * to all others here as well.
   */
  isFullFor(owner: object, most: number): boolean {
    const ofOwner = (this.#held.get(owner) ?? 0) + (this.#waiting.get(owner)?.length ?? 0);
    return !this.#isWithinShare(ofOwner, most - this.#size);
  }

  /** Works that wait. */
  get waiting(): number {
    return this.#size - this.#running;
  }

  /** True where half of the places are taken, or work waits. */
  get isHalfFull(): boolean {
    return this.waiting > 0 || 2 * this.#running >= this.#atMost;
  }

  /** True where work of this owner waits. */
  isAwaitedBy(owner: object): boolean {
    return this.#waiting.has(owner);
  }

  get atMost(): number {
    return this.#atMost;
  }

  set atMost(atMost: number) {
    this.#atMost = atMost;
    this.#handOut();
  }

  /**
   * Runs the work in its turn, which is never at once: what is asked for in the same moment can still join it. `onWait` is told how it
   * begins now, past the bound: where those who hold places wait for it.
   */
  async run<T>(owner: object, work: () => Promise<T>, onWait?: (beginNow: () => void) => void): Promise<T> {
    this.#size += 1;
    const turn = this.#turnOf(owner, onWait);
    queueMicrotask(() => this.#handOut());
    await turn;
    try {
      return await work();
    } finally {
      this.#size -= 1;
      this.#giveBack(owner);
    }
  }

  #mayBegin(owner: object): boolean {
    return this.#isWithinShare(this.#held.get(owner) ?? 0, this.#atMost - this.#running);
  }

  #isWithinShare(ofOwner: number, free: number): boolean {
    return free > 0 && (this.#atMost < SHARED_FROM || ofOwner < SHARE * free);
  }

  /** Resolves once the owner holds a place for it. */
  #turnOf(owner: object, onWait: ((beginNow: () => void) => void) | undefined): Promise<void> {
    return new Promise((resolve) => {
      onWait?.(() => this.#beginNow(owner, resolve));
      const others = this.#waiting.get(owner);
      if (others === undefined) this.#waiting.set(owner, [resolve]);
      else others.push(resolve);
    });
  }

  #beginNow(owner: object, begin: () => void): void {
    const waiting = this.#waiting.get(owner);
    if (waiting?.includes(begin) !== true) return;
    const others = waiting.filter((other) => other !== begin);
    if (others.length === 0) this.#waiting.delete(owner);
    else this.#waiting.set(owner, others);
    this.#take(owner);
    begin();
  }

  #take(owner: object): void {
    this.#running += 1;
    this.#held.set(owner, (this.#held.get(owner) ?? 0) + 1);
  }

  #giveBack(owner: object): void {
    this.#running -= 1;
    const held = (this.#held.get(owner) ?? 1) - 1;
    if (held === 0) this.#held.delete(owner);
    else this.#held.set(owner, held);
    this.#handOut();
  }

  #handOut(): void {
    for (;;) {
      const owner = this.#next();
      const [begin, ...rest] = owner === undefined ? [] : (this.#waiting.get(owner) ?? []);
      if (owner === undefined || begin === undefined) return;
      if (rest.length === 0) this.#waiting.delete(owner);
      else this.#waiting.set(owner, rest);
      this.#take(owner);
      begin();
    }
  }

  #next(): object | undefined {
    let next: object | undefined;
    let fewest = Infinity;
    for (const owner of this.#waiting.keys()) {
      const held = this.#held.get(owner) ?? 0;
      if (held >= fewest || !this.#mayBegin(owner)) continue;
      [next, fewest] = [owner, held];
    }
    return next;
  }
}
