import { isFromTheFuture, type Clock } from '../time/clock.js';
import { BoundedMap } from './bounded-map.js';
import { listenUntil } from './listeners.js';
import type { Lease } from './store.js';

interface Held {
  readonly token: string;
  /** The generations that the lease was given under: under others it is no obstacle. */
  readonly generations: string;
  readonly takenAtMs: number;
  waited: boolean;
}

/** Loads under way at the same time, at most; losing a lease only costs a load. */
const MAX_LEASES = 100_000;

/** The leases of a store in this process. */
export class MemoryLeases {
  readonly #clock: Clock;
  readonly #held = new BoundedMap<Held>({
    maxEntries: MAX_LEASES,
    maxBytes: Number.MAX_SAFE_INTEGER,
    eviction: 'ttl',
  });
  readonly #watchers = new Set<(key: string) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  watch(onSettled: (key: string) => void, until: AbortSignal | undefined): void {
    listenUntil(this.#watchers, onSettled, until);
  }

  take(wanted: Lease & { readonly leaseMs: number; readonly generations: string }): boolean {
    const { key, token, generations, leaseMs } = wanted;
    const held = this.#heldOf(key);
    if (held !== undefined && held.generations === generations && held.token !== token) {
      held.waited = true;
      return false;
    }
    this.#keep(key, { token, generations, waited: held?.waited ?? false }, leaseMs);
    return true;
  }

  renew({ key, token, leaseMs }: Lease & { readonly leaseMs: number }): boolean {
    const held = this.#heldOf(key);
    if (held?.token !== token) return false;
    this.#keep(key, held, leaseMs);
    return true;
  }

  release({ key, token }: Lease): void {
    if (this.#heldOf(key)?.token === token) this.drop(key);
  }

  /** Ends a lease, whichever process holds it. */
  drop(key: string): void {
    const held = this.#heldOf(key);
    if (held === undefined) return;
    this.#held.delete(key);
    if (held.waited) for (const onSettled of this.#watchers) onSettled(key);
  }

  clear(): void {
    this.#held.clear();
  }

  /** A lease that was taken before the clock was set back would be held for as long as that. */
  #heldOf(key: string): Held | undefined {
    const nowMs = this.#clock.nowMs();
    const held = this.#held.get(key, nowMs);
    return held !== undefined && isFromTheFuture(held.takenAtMs, nowMs) ? undefined : held;
  }

  #keep(key: string, held: Omit<Held, 'takenAtMs'>, leaseMs: number): void {
    const takenAtMs = this.#clock.nowMs();
    const value = { ...held, takenAtMs };
    this.#held.set(key, { value, valueBytes: 0, expiresAtMs: takenAtMs + leaseMs });
  }
}
