/** More tags than this are asked for by the script again. */
const KEPT = 5000;
/** Of the time that a generation should last at least, this share may be over before it is prolonged. */
const MAY_BE_OVER = 0.25;

interface Lasting {
  readonly generation: string;
  /** By `performance.now()`. */
  readonly untilMs: number;
}

/**
 * How long the generations of tags last, as this process has seen to: one that is still there needs a look, and no script. It saves work;
 * a generation that ends sooner, or a clock that stood still, costs a miss.
 */
export class LastingGenerations {
  readonly #known = new Map<string, Lasting>();

  /** The generation of this name that lasts long enough for what is kept so long; undefined where none is known. */
  of(name: string, forMs: number, nowMs: number): string | undefined {
    const known = this.#known.get(name);
    return known !== undefined && known.untilMs - nowMs >= forMs * (1 - MAY_BE_OVER)
      ? known.generation
      : undefined;
  }

  /** It lasts until then at least. */
  note(name: string, generation: string, untilMs: number): void {
    this.#known.delete(name);
    this.#known.set(name, { generation, untilMs });
    if (this.#known.size <= KEPT) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
