import type { Journal, WriteName } from './journal.js';
import { partOf } from './journal-parts.js';

export interface SupersededOptions {
  readonly journal: Pick<Journal, 'isAway' | 'supersede' | 'parts'>;
  /** Ends the entries of these keys, which another process may have filled with what the journal had. */
  readonly invalidate: (keys: readonly string[]) => Promise<boolean>;
}

/** Keys that are remembered while the journal is away; beyond them the oldest are left to the flushers. */
const AT_MOST = 100_000;
const TOLD_AT_ONCE = 1000;

/**
 * Writes that went straight to the database, past a journal which may have earlier ones of their keys. Remembered until
 * the journal has dropped those.
 */
export class Superseded {
  readonly #options: SupersededOptions;
  readonly #seqs = new Map<string, number>();

  constructor(options: SupersededOptions) {
    this.#options = options;
  }

  /** True where a write with this number is older than what this process has brought to the database. */
  isOlder({ key, seq }: WriteName): boolean {
    return seq <= (this.#seqs.get(key) ?? 0);
  }

  /** Tells the journal of a write. False where it cannot be told now: it is told later. */
  async by(write: WriteName): Promise<boolean> {
    const { journal } = this.#options;
    if (!journal.isAway(partOf(journal, write.key)) && (await this.#told([write]))) return true;
    this.#seqs.set(write.key, Math.max(write.seq, this.#seqs.get(write.key) ?? 0));
    for (const key of this.#seqs.keys()) {
      if (this.#seqs.size <= AT_MOST) break;
      this.#seqs.delete(key);
    }
    return false;
  }

  /** Tells the journal what it could not be told before. Never rejects. */
  async catchUp(): Promise<void> {
    for (;;) {
      const writes = this.#tellable();
      if (writes.length === 0 || !(await this.#told(writes))) return;
      // One that fails is counted and logged, and is repeated where there is an outbox.
      await this.#options.invalidate(writes.map(({ key }) => key));
      for (const { key, seq } of writes) if (this.#seqs.get(key) === seq) this.#seqs.delete(key);
    }
  }

  #tellable(): readonly WriteName[] {
    if (this.#seqs.size === 0) return [];
    const { journal } = this.#options;
    const tellable: WriteName[] = [];
    for (const [key, seq] of this.#seqs) {
      if (tellable.length >= TOLD_AT_ONCE) break;
      if (!journal.isAway(partOf(journal, key))) tellable.push({ key, seq });
    }
    return tellable;
  }

  async #told(writes: readonly WriteName[]): Promise<boolean> {
    const { journal } = this.#options;
    try {
      await journal.supersede(writes);
      return true;
    } catch {
      // The journal has said by itself that it is away, or it refuses: it is told again.
      return false;
    }
  }
}
