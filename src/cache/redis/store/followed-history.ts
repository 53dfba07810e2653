/**
 * The time that both clocks may be apart after they ran for as long: a fixed part, milliseconds, and a share of what passed.
 */
const APART = { ms: 100, share: 0.01 };

/**
 * The history that this process follows. Others may have left the same server earlier: what this process had acknowledged by it
 * since then is not known to the one that all are at now, and neither is it in what they have stored there.
 */
export class FollowedHistory {
  #seen: string | undefined;
  #hasChanged = false;
  #invalidatedAtMs = -Infinity;

  /** Notes the history of the server that is about to be used. */
  sees(history: string): void {
    if (this.#seen !== undefined && this.#seen !== history) this.#hasChanged = true;
    this.#seen = history;
  }

  /** Whether it is another one than this process had used; until `isUsed`. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  /** An invalidation was acknowledged. */
  invalidated(): void {
    this.#invalidatedAtMs = performance.now();
  }

  /** Whether one may have been acknowledged by another server after all was forgotten here; that was so long before `atMs`. */
  mayLack(forgottenForMs: number | undefined, atMs: number): boolean {
    if (!this.#hasChanged || this.#invalidatedAtMs === -Infinity) return false;
    if (forgottenForMs === undefined || forgottenForMs < 0) return true;
    return atMs - this.#invalidatedAtMs <= forgottenForMs * (1 + APART.share) + APART.ms;
  }

  /** What was stored so far is believed, or was forgotten. */
  isUsed(): void {
    this.#hasChanged = false;
  }
}
