import type { ValueCodec } from './value-codec.js';

/**
 * The same text for the same value, whether it comes out of an entry or straight from its origin: as bytes of the codec,
 * since only those tell a Decimal, a Date or a bigint from its likes, and in the order of the names, which is no part of
 * the value.
 * @throws UnstorableValue for what no entry can hold.
 */
export function valueText(codec: ValueCodec, value: unknown): string {
  return codec.encode(inOrder(codec.decode(codec.encode(value)))).toString('latin1');
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const named = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(named.map(([name, item]) => [name, inOrder(item)]));
}
