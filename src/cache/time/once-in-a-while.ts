import { hasCome, type Clock } from './clock.js';

export interface OnceInAWhileOptions {
  readonly clock: Clock;
  /** Milliseconds in which a kind is told at most once. */
  readonly quietMs: number;
}

interface Kind {
  readonly toldAtMs: number;
  untold: number;
}

/** A kind that is forgotten is told once more than it should be. */
const MAX_KINDS = 1000;

/** Decides whether a message is due: at most once in a while for each kind, with the number of times since. */
export class OnceInAWhile {
  readonly #options: OnceInAWhileOptions;
  readonly #kinds = new Map<string, Kind>();

  constructor(options: OnceInAWhileOptions) {
    this.#options = options;
  }

  /** It happened: answers how often since the last message, this time included, or undefined where none is due. */
  happened(kind: string): number | undefined {
    const { clock, quietMs } = this.#options;
    const nowMs = clock.nowMs();
    const last = this.#kinds.get(kind);
    if (last !== undefined && !hasCome(last.toldAtMs + quietMs, nowMs, quietMs)) {
      last.untold += 1;
      return undefined;
    }
    // The latest last: the first one was told longest ago.
    this.#kinds.delete(kind);
    this.#kinds.set(kind, { toldAtMs: nowMs, untold: 0 });
    if (this.#kinds.size > MAX_KINDS) {
      const [oldest] = this.#kinds.keys();
      if (oldest !== undefined) this.#kinds.delete(oldest);
    }
    return 1 + (last?.untold ?? 0);
  }
}
