import { setTimeout as passes } from 'node:timers/promises';
import type { Row, RowDatabase } from './row-cache.js';

/** Versioned rows, and what has been acknowledged of them. Loads take 0 to 30 ms, and one in a hundred 400 ms. */
export class VersionRegister implements RowDatabase {
  readonly #acknowledged = new Map<string, number>();
  readonly #versions = new Map<string, number>();

  async load(id: string): Promise<Row> {
    const snapshot = { id, version: this.#versions.get(id) ?? 0 };
    await passes(Math.random() < 0.01 ? 400 : Math.random() * 30);
    return snapshot;
  }

  write(id: string): Promise<number> {
    const version = (this.#versions.get(id) ?? 0) + 1;
    this.#versions.set(id, version);
    return Promise.resolve(version);
  }

  /** What a reader who begins now must be shown at least. */
  atLeast(id: string): number {
    return this.#acknowledged.get(id) ?? 0;
  }

  acknowledge(id: string, version: number): void {
    this.#acknowledged.set(id, Math.max(this.atLeast(id), version));
  }
}
