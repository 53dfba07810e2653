import { createHash } from 'node:crypto';
import type { TagHeaderOptions } from './http-options.js';

/** nginx takes 4 kB for all headers of an answer unless it is told otherwise. */
const MAX_BYTES = 3000;
/** 96 bits: of a billion tags no two are the same. */
const HASH_CHARACTERS = 16;
/** All but visible ASCII without the comma; keys are mostly nothing else. */
const UNWRITTEN = /[^\x21-\x2b\x2d-\x7e]+/g;

/** Tags of answers, as a header tells them. */
export class TagHeader {
  readonly name: string;
  readonly #separator: string;
  readonly #maxBytes: number;
  readonly #isHashed: boolean;

  constructor({ header, separator = ',', maxBytes = MAX_BYTES, hashed = true }: TagHeaderOptions) {
    this.name = header.toLowerCase();
    this.#separator = separator;
    this.#maxBytes = maxBytes;
    this.#isHashed = hashed;
  }

  /** A tag as it stands in the header. */
  of(tag: string): string {
    if (this.#isHashed) return createHash('sha256').update(tag).digest('base64url').slice(0, HASH_CHARACTERS);
    // A comma or a space would make two tags of it. What is no text becomes one on its way through bytes.
    return Buffer.from(tag).toString().replace(UNWRITTEN, encodeURIComponent);
  }

  /** All tags; undefined where they take too many bytes, so that the answer could not be purged by each of them. */
  valueOf(tags: readonly string[]): string | undefined {
    let value = '';
    for (const tag of tags) {
      value += value === '' ? this.of(tag) : this.#separator + this.of(tag);
      if (value.length > this.#maxBytes) return undefined;
    }
    return value;
  }
}
