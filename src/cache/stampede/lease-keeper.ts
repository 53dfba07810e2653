import { hasCome, type Clock } from '../time/clock.js';
import type { Lease } from '../store/store.js';

export interface LeaseKeeperOptions {
  readonly clock: Clock;
  /** Milliseconds a lease is held without being renewed. */
  readonly leaseMs: number;
  /** Milliseconds after which a load's lease is renewed no more, so that a load that hangs does not block for ever. */
  readonly deadlineMs: number;
  /** False for each lease that is no longer held. Never rejects; of those without an answer nothing is known. */
  readonly renew: (leases: readonly Lease[]) => Promise<readonly (boolean | undefined)[]>;
}

/** Renews the leases of loads under way, all in one go, three times within the life of a lease. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #untilMs = new Map<Lease, number>();
  #isRenewing = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** Keeps these leases while `work` runs, at most until the deadline. */
  async during<T>(leases: readonly Lease[], work: () => Promise<T>): Promise<T> {
    const untilMs = this.#options.clock.nowMs() + this.#options.deadlineMs;
    for (const lease of leases) this.#untilMs.set(lease, untilMs);
    // Nothing waits for it, close() neither: it never rejects, and ends by itself after the last load.
    if (leases.length > 0 && !this.#isRenewing) void this.#renewWhileHeld();
    try {
      return await work();
    } finally {
      for (const lease of leases) this.#untilMs.delete(lease);
    }
  }

  async #renewWhileHeld(): Promise<void> {
    const { clock, leaseMs, deadlineMs, renew } = this.#options;
    this.#isRenewing = true;
    try {
      while (this.#untilMs.size > 0) {
        await clock.sleep(leaseMs / 3);
        const nowMs = clock.nowMs();
        for (const [lease, untilMs] of this.#untilMs) {
          if (hasCome(untilMs, nowMs, deadlineMs)) this.#untilMs.delete(lease);
        }
        const leases = [...this.#untilMs.keys()];
        if (leases.length === 0) continue;
        const renewed = await renew(leases);
        for (const [index, lease] of leases.entries()) {
          if (renewed[index] === false) this.#untilMs.delete(lease);
        }
      }
    } finally {
      this.#isRenewing = false;
    }
  }
}
