import { createNonces } from '../store/nonces.js';
import type { Lease, Store } from '../store/store.js';

export interface LeadershipOptions {
  readonly store: Store;
  /** What is led. */
  readonly name: string;
  /** Milliseconds after which a leader that no longer says so is succeeded. */
  readonly leaseMs: number;
}

const nextToken = createNonces();

/** One process of all that share the store leads. Two that both believe it only do some work twice. */
export class Leadership {
  readonly #options: LeadershipOptions;
  readonly #key: string;
  #lease: Lease | undefined;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#key = `leader of ${options.name}`;
  }

  /** Goes on leading, or begins to where no process does. @throws what the store throws. */
  async hold(): Promise<boolean> {
    const { store, leaseMs } = this.#options;
    if (this.#lease !== undefined) {
      const [isHeld] = await store.renew([{ ...this.#lease, leaseMs }]);
      if (isHeld === true) return true;
      this.#lease = undefined;
    }
    const lease = { key: this.#key, token: nextToken() };
    const request = { ...lease, tags: [], leaseMs, keepForMs: leaseMs, onlyLease: true };
    const [acquired] = await store.acquire([request]);
    if (acquired?.leased === true) this.#lease = lease;
    return this.#lease !== undefined;
  }

  /** Lets another process lead at once. */
  async resign(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease !== undefined) await this.#options.store.release([lease]);
  }
}
