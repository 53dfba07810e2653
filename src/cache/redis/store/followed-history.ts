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
  /** By the history that acknowledged it: the latest invalidation. */
  readonly #invalidatedAtMs = new Map<string | undefined, number>();

  /** The history that an invalidation goes to which is sent now. */
  get seen(): string | undefined {
    return this.#seen;
  }

  /** Notes the history of the server that is about to be used. */
  sees(history: string): void {
    if (this.#seen !== undefined && this.#seen !== history) this.#hasChanged = true;
    this.#seen = history;
  }

  /** Whether it is another one than this process had used; until `isUsed`. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  /** An invalidation was acknowledged that was sent to this history. */
  invalidated(sentTo: string | undefined): void {
    this.#invalidatedAtMs.set(sentTo, performance.now());
  }

  /** Whether one may have been acknowledged by another server after all was forgotten here; that was so long before `atMs`. */
  mayLack(forgottenForMs: number | undefined, atMs: number): boolean {
    const earlier = [...this.#invalidatedAtMs].filter(([history]) => history !== this.#seen);
    if (!this.#hasChanged || earlier.length === 0) return false;
    if (forgottenForMs === undefined || forgottenForMs < 0) return true;
    const latestMs = Math.max(...earlier.map(([, invalidatedAtMs]) => invalidatedAtMs));
    return atMs - latestMs <= forgottenForMs * (1 + APART.share) + APART.ms;
  }

  /** What was stored so far is believed, or was forgotten. */
  isUsed(): void {
    this.#hasChanged = false;
    for (const history of this.#invalidatedAtMs.keys()) {
      if (history !== this.#seen) this.#invalidatedAtMs.delete(history);
    }
  }
}
