import type { EntryField } from '../coherence/entry-field.js';
import type { Clock } from '../time/clock.js';
import { EVENT, RECORDING_VERSION, STORED, type RecordedField, type RecordingHead } from './recording.js';
import { WholeNumbers } from './whole-numbers.js';

/** What is known of a field besides its entries. */
export interface FieldSettings {
  readonly coordinate: string;
  readonly pattern: string;
  /** Seconds. */
  readonly swr: number;
}

/** What was stored, of which nothing but its size and its time is kept. */
export interface StoredEntry {
  readonly key: string;
  readonly row?: string | undefined;
  readonly tags: readonly string[];
  readonly bytes: number;
  readonly loadMs: number;
  readonly isNull: boolean;
  readonly isWrite: boolean;
}

/** What a key or a tag costs besides its text, and a field: a place in a map. */
const NAME_BYTES = 64;

/**
 * Writes down what readers ask for, what is stored and what is invalidated, until it has as many bytes as it may: the text of no key,
 * tag or value, and nothing that one could be found out by.
 */
export class Recorder {
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #events = new WholeNumbers();
  readonly #names = new Map<string, number>();
  readonly #fields = new Map<string, { readonly number: number; readonly field: EntryField }>();
  #nameBytes = 0;
  #lastMs: number | undefined;

  constructor({ clock, maxBytes }: { readonly clock: Clock; readonly maxBytes: number }) {
    this.#clock = clock;
    this.#maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.#events.length + this.#nameBytes >= this.#maxBytes;
  }

  read(field: EntryField, key: string): void {
    if (this.isFull) return;
    this.#begin(EVENT.READ);
    this.#events.add(this.#numberOfField(field));
    this.#events.add(this.#numberOf(key));
  }

  stored({ key, row = key, tags, bytes, loadMs, isNull, isWrite }: StoredEntry): void {
    if (this.isFull) return;
    this.#begin(EVENT.STORED);
    this.#events.add(this.#numberOf(key));
    this.#events.add(bytes + key.length * 2);
    this.#events.add(loadMs);
    this.#events.add((isNull ? STORED.NULL : 0) + (isWrite ? STORED.WRITE : 0));
    this.#addNames([row, ...tags]);
  }

  invalidated(tags: readonly string[]): void {
    if (this.isFull) return;
    this.#begin(EVENT.INVALIDATED);
    this.#addNames(tags);
  }

  /** All that was written down so far. */
  bytes(settings: readonly FieldSettings[]): Uint8Array {
    const known = new Map(settings.map((one) => [one.coordinate, one]));
    const fields = Array.from(this.#fields, ([coordinate, { field }]): RecordedField => {
      const { ttlMs, negativeTtlMs, staleMs } = field.lifetime;
      const { pattern = '', swr = 0 } = known.get(coordinate) ?? {};
      return { coordinate, pattern, ttlMs, negativeTtlMs, staleMs, swrMs: swr * 1000 };
    });
    const head: RecordingHead = { version: RECORDING_VERSION, fields, isFull: this.isFull };
    return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), this.#events.bytes()]);
  }

  #begin(what: number): void {
    const nowMs = Math.round(this.#clock.nowMs());
    this.#events.add(what);
    // A clock that is set back has events at one time.
    this.#events.add(nowMs - (this.#lastMs ?? nowMs));
    this.#lastMs = Math.max(nowMs, this.#lastMs ?? nowMs);
  }

  #addNames(names: readonly string[]): void {
    this.#events.add(names.length);
    for (const name of names) this.#events.add(this.#numberOf(name));
  }

  #numberOf(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, this.#names.size);
    this.#nameBytes += name.length * 2 + NAME_BYTES;
    return this.#names.size - 1;
  }

  #numberOfField(field: EntryField): number {
    const { coordinate = '' } = field;
    const known = this.#fields.get(coordinate);
    if (known !== undefined) return known.number;
    this.#fields.set(coordinate, { number: this.#fields.size, field });
    return this.#fields.size - 1;
  }
}
