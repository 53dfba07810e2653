import type { Redis } from 'ioredis';
import { StoreAway } from '../../store/store-away.js';

/** No entry of ours is that large; one that another program put there would hold up all reads beside it. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_SUSPECTS = 1000;

/**
 * Removes what is too large to be read in time. Such a thing cannot be replaced in the usual way: each read of it
 * takes the store away, and while it is away nothing is stored.
 */
export class OversizedEntries {
  readonly #suspects = new Set<string>();

  /** Remembers what a read that failed had asked for, if the read had begun. */
  suspect(error: unknown, entryNames: readonly string[]): void {
    if (error instanceof StoreAway) return;
    for (const name of entryNames) if (this.#suspects.size < MAX_SUSPECTS) this.#suspects.add(name);
  }

  /** Asks for the sizes of what failed, and deletes what is too large. */
  async remove(redis: Redis): Promise<void> {
    const names = [...this.#suspects];
    const sizes = await Promise.all(names.map((name) => redis.strlen(name).catch(() => 0)));
    const large = names.filter((_, index) => (sizes[index] ?? 0) > MAX_BYTES);
    if (large.length > 0) await Promise.all(large.map((name) => redis.del(name)));
    for (const name of names) this.#suspects.delete(name);
  }
}
