/**
 * A kind of value that the codec should bring back as what it was, such as Prisma's Decimal.
 * Dates, BigInts, Bytes (Buffer and Uint8Array) and `undefined` are known without one.
 */
export interface ValueType<T = unknown> {
  /** Stored beside the text; changing it turns older entries into misses. */
  readonly name: string;
  is(value: unknown): value is T;
  /** Its text, which must say all of it: values with the same text are taken for the same. */
  encode(value: T): string;
  decode(text: string): T;
  /** True where no reader can change an instance: all readers share one. Otherwise each gets one decoded anew. */
  readonly isImmutable?: boolean;
}

/**
 * The same type, checked: what `encode` gets and `decode` returns is what `is` finds.
 * `valueType({ name: 'Decimal', is: Decimal.isDecimal, encode: (value) => value.toString(), decode: (text) => new Decimal(text) })`.
 */
export function valueType<T>(type: ValueType<T>): ValueType<T> {
  return type;
}
