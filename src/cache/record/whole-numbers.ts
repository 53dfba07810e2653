/** Whole numbers one after the other, small ones in one byte: seven bits a byte, the lowest first (LEB128). */
export class WholeNumbers {
  #bytes = Buffer.allocUnsafe(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Negative numbers, and what is no number, are written as 0; fractions are rounded. */
  add(number: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow();
    let rest = number > 0 ? Math.min(Math.round(number), Number.MAX_SAFE_INTEGER) : 0;
    while (rest >= 128) {
      this.#bytes[this.#length] = (rest % 128) + 128;
      this.#length += 1;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(): void {
    // By an eighth, so that no more is taken than a recording may have.
    const larger = Buffer.allocUnsafe(Math.ceil(this.#bytes.length * 1.125) + 64);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Reads what `WholeNumbers` wrote. */
export class WholeNumbersRead {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** @throws RangeError behind the end. */
  next(): number {
    let number = 0;
    for (let worth = 1; ; worth *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new RangeError('the recording ends in the middle of a number');
      this.#at += 1;
      number += (byte % 128) * worth;
      if (byte < 128) return number;
    }
  }
}
