import { Decimal } from 'decimal.js';
import type { Entry } from '../../../../src/cache/codec/entry.js';

/** What each golden file holds, apart from its payload. */
export const goldenHeader: Omit<Entry, 'payload'> = {
  key: 'Movie.similar:5(after:"é😀",first:10)@42',
  generations: ['AbCdEfGhIjKlMnOp1', 'AbCdEfGhIjKlMnOp2'],
  loadedAtMs: 1_750_000_000_123,
  freshForMs: 59_999,
  loadMs: 17,
};

/** One of everything that an entry can hold. */
export const goldenValue: unknown = {
  text: 'é😀\0',
  lone: '\ud800',
  whole: [0, 1, 127, 128, 255, 65_536, 4_294_967_296, -1, -33, -2_147_483_649],
  real: [0.1, 1e21, NaN, Infinity, -0],
  big: [1n, -(2n ** 63n), 2n ** 64n, 2n ** 200n],
  dates: [new Date(0), new Date(1_750_000_000_123), new Date(-1), new Date(8.64e15)],
  bytes: [Buffer.from([0, 255]), Uint8Array.of(0, 255)],
  price: new Decimal('12345678901234567890.10'),
  nothing: [null, undefined, '', false, [], {}],
  nested: { list: [{ deep: [true] }] },
};

/** Long enough to be deflated. */
export const goldenLongValue: unknown = { text: 'corral '.repeat(2000) };
