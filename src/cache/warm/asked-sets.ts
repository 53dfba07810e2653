import { heapSize } from '../codec/heap-size.js';
import type { Arguments } from './warm-field.js';

/** Argument sets that one process counts between two times that it hands them on. */
const MOST_AT_ONCE = 1000;
/** Bytes of memory of one that is counted: what is longer was made up for one call. */
const MOST_BYTES = 2048;

interface Count {
  readonly args: Arguments;
  times: number;
}

/** The argument sets that readers of this process have asked for since they were last handed on. */
export class AskedSets {
  readonly #own: (args: Arguments) => Arguments;
  #counts = new Map<string, Count>();

  /** `own` copies arguments. */
  constructor(own: (args: Arguments) => Arguments) {
    this.#own = own;
  }

  note(key: string, args: Arguments): void {
    const known = this.#counts.get(key);
    if (known !== undefined) known.times += 1;
    else if (this.#counts.size < MOST_AT_ONCE && heapSize(args) <= MOST_BYTES) this.#add(key, args);
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** Hands on what was counted, and begins anew. */
  take(): readonly Readonly<Count>[] {
    if (this.#counts.size === 0) return [];
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    return counts;
  }

  /** A copy: the resolver gets the arguments themselves, and may change them. */
  #add(key: string, args: Arguments): void {
    try {
      this.#counts.set(key, { args: this.#own(args), times: 1 });
    } catch {
      // What cannot be copied, as its type fails, could not be handed on either, and the read goes on without it.
    }
  }
}
