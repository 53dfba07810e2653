import { expect, it } from 'vitest';
import { createValueCodec } from '../../../src/cache/codec/value-codec.js';
import { ownArguments } from '../../../src/cache/warm/own-arguments.js';
import type { Arguments } from '../../../src/cache/warm/warm-field.js';

/** Of a registered type, with a part that can be changed. */
class Money {
  amount: number;

  constructor(amount: number) {
    this.amount = amount;
  }
}

class Unknown {
  value = 1;
}

const codec = createValueCodec([
  {
    name: 'Money',
    is: (value): value is Money => value instanceof Money,
    encode: ({ amount }) => String(amount),
    decode: (text) => new Money(Number(text)),
  },
]);
const own = ownArguments(codec);

it('copies all that a resolver could change in its arguments', () => {
  const bare: Arguments = Object.assign(Object.create(null), { at: new Date(5) });
  const named = JSON.parse('{"__proto__":{"page":1}}') as object;
  const args: Arguments = {
    ...{ page: 1, none: undefined, bytes: Buffer.from('a'), list: [{ page: 2 }, [new Date(7)]] },
    ...{ bare, named, price: new Money(3), big: 5n },
  };
  const copy = own(args);
  expect(copy).toStrictEqual(args);
  const parts = (from: Arguments): unknown[] => {
    const { bytes, list, bare: inner, named: other, price } = from;
    const items: unknown[] = Array.isArray(list) ? [...list, ...list.flat()] : [];
    return [from, bytes, list, inner, other, price, ...items].filter((part) => typeof part === 'object');
  };
  const originals = new Set(parts(args));
  expect(parts(copy).filter((part) => originals.has(part))).toEqual([]);
  expect(Object.getPrototypeOf(copy['bare'])).toBeNull();
  expect(JSON.stringify(copy['named'])).toBe('{"__proto__":{"page":1}}');
});

it('shares what it does not know how to copy, and copies the rest', () => {
  const unknown = new Unknown();
  const args = { unknown, where: { page: 1 } };
  const copy = own(args);
  expect(copy['unknown']).toBe(unknown);
  expect(copy['where']).not.toBe(args.where);
});
