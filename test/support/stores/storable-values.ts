import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import type { ValueType } from '../../../src/cache/index.js';

/** A registered type, as an application with money in its rows would write it. `valueOf` keeps the sign of zero. */
export const decimalType: ValueType<Decimal> = {
  name: 'Decimal',
  is: (value): value is Decimal => Decimal.isDecimal(value),
  encode: (value) => value.valueOf(),
  decode: (text) => new Decimal(text),
};

const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', '"', '\0', 'é', '😀', '\ud800', '\udc00', '\ufffd'), maxLength: 5 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** Names as rows and JSON columns have them; those that msgpackr takes for `__proto__`, and those that
 * UTF-8 cannot carry, are refused elsewhere. */
const fieldName = fc.oneof(
  fc.constantFrom(
    'id',
    'constructor',
    'hasOwnProperty',
    'then',
    'prototype',
    'valueOf',
    'length',
    '',
    '0',
    'é',
  ),
  text.filter((name) => !/^__proto_{1,2}$/.test(name) && name.isWellFormed()),
);

const MAX_DATE_MS = 8.64e15;

const leaf: fc.Arbitrary<unknown>[] = [
  text,
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, NaN, Infinity, -Infinity),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
  fc.integer({ min: -MAX_DATE_MS, max: MAX_DATE_MS }).map((ms) => new Date(ms)),
  fc.date({ min: new Date(-1e12), max: new Date(2e12), noInvalidDate: true }),
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.double({ noNaN: true }).map((number) => new Decimal(number)),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }).map((digits) => new Decimal(`${digits}.10`)),
];

/** Every value that comes back from the store as what it was, with `decimalType` registered. */
export const storableValue: fc.Arbitrary<unknown> = fc.anything({
  values: leaf,
  key: fieldName,
  maxDepth: 4,
  withNullPrototype: false,
});
