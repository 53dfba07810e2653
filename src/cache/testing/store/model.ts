import type { EntryAddress, FillOutcome } from '../../store/store.js';

/** A store in a few lines: lives are counted, so that what was captured in an earlier life is known to be late. */
export class Model {
  readonly #lives = new Map<string, number>();
  readonly #entries = new Map<string, { text: string; lives: readonly number[] }>();

  livesOf({ key, tags }: EntryAddress): readonly number[] {
    return [key, ...tags].map((tag) => this.#lives.get(tag) ?? 0);
  }

  fill(address: EntryAddress, text: string, lives: readonly number[]): FillOutcome {
    if (lives[0] !== this.livesOf(address)[0]) return 'outdated';
    this.#entries.set(address.key, { text, lives });
    return 'stored';
  }

  invalidate(tags: readonly string[]): void {
    for (const tag of tags) {
      this.#lives.set(tag, (this.#lives.get(tag) ?? 0) + 1);
      this.#entries.delete(tag);
    }
  }

  hit(address: EntryAddress): string | undefined {
    const entry = this.#entries.get(address.key);
    const present = this.livesOf(address);
    return entry?.lives.every((life, index) => life === present[index]) ? entry.text : undefined;
  }
}
