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

/** A load that may have a lease. */
interface Leased {
  lease: Lease | undefined;
}

/** Renews the leases of loads under way, all in one go, three times within the life of a lease. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #untilMs = new Map<Lease, number>();
  #isRenewing = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** Keeps the leases of these loads while `work` runs, at most until the deadline. */
  async during<T>(loads: readonly Leased[], work: () => Promise<T>): Promise<T> {
    for (const { lease } of loads) this.#keep(lease);
    try {
      return await work();
    } finally {
      for (const { lease } of loads) this.#forget(lease);
    }
  }

  /** Gives a load under way the lease that another one was given: it has lost its own, or never had one. */
  hand(load: Leased, lease: Lease): void {
    this.#forget(load.lease);
    load.lease = lease;
    this.#keep(lease);
  }

  #keep(lease: Lease | undefined): void {
    if (lease === undefined) return;
    const { clock, deadlineMs } = this.#options;
    this.#untilMs.set(lease, clock.nowMs() + deadlineMs);
    // Nothing waits for it, close() neither: it never rejects, and ends by itself after the last load.
    if (!this.#isRenewing) void this.#renewWhileHeld();
  }

  #forget(lease: Lease | undefined): void {
    if (lease !== undefined) this.#untilMs.delete(lease);
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
