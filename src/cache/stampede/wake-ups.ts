import type { Store } from '../store/store.js';

/** Hears of leases that end. Nothing may rely on it: messages get lost, so a reader that waits also asks again by itself. */
export class WakeUps {
  readonly #waiting = new Map<string, Set<() => void>>();

  readonly #stopping = new AbortController();

  constructor(store: Store) {
    store.watch?.((key) => {
      for (const wake of this.#waiting.get(key) ?? []) wake();
    }, this.#stopping.signal);
  }

  /** Hears of no lease any more. */
  stop(): void {
    this.#stopping.abort();
  }

  /** `heard` resolves when the lease of one of these keys ends, from now on and until `stop`. */
  listen(keys: readonly string[]): { readonly heard: Promise<void>; stop(): void } {
    let wake: () => void = () => undefined;
    const heard = new Promise<void>((resolve) => (wake = resolve));
    for (const key of keys) {
      const others = this.#waiting.get(key);
      if (others === undefined) this.#waiting.set(key, new Set([wake]));
      else others.add(wake);
    }
    const stop = (): void => {
      for (const key of keys) {
        const others = this.#waiting.get(key);
        others?.delete(wake);
        if (others?.size === 0) this.#waiting.delete(key);
      }
    };
    return { heard, stop };
  }
}
