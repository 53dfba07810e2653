/**
 * How often, and after how many rows, it is noted that no row waits. A look reads those that were taken since, as long as an old
 * transaction keeps them; and each note is one more dead row in the table of stores then, which every writer reads.
 */
const NOTES_EVERY_MS = 10_000;
const NOTES_FROM_ROWS = 2000;

/** When it was last noted that no row waits, and how many were taken since. */
export class EmptyNotes {
  readonly #everyMs: number;
  readonly #fromRows: number;
  #atMs = -Infinity;
  #taken = 0;

  constructor({ everyMs = NOTES_EVERY_MS, fromRows = NOTES_FROM_ROWS } = {}) {
    this.#everyMs = everyMs;
    this.#fromRows = fromRows;
  }

  took(rows: number): void {
    this.#taken += rows;
  }

  isDue(): boolean {
    if (this.#taken < this.#fromRows || performance.now() - this.#atMs < this.#everyMs) return false;
    this.#atMs = performance.now();
    this.#taken = 0;
    return true;
  }
}
