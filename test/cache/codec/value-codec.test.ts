import { isDeepStrictEqual } from 'node:util';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { UnstorableValue } from '../../../src/cache/codec/storable.js';
import { createValueCodec, type ValueCodec } from '../../../src/cache/codec/value-codec.js';
import { decimalType, storableValue } from '../../support/stores/storable-values.js';

const codec = createValueCodec([decimalType]);
const roundTrip = (value: unknown): unknown => codec.decode(codec.encode(value));

function comesBack(through: (value: unknown) => unknown) {
  return fc.property(storableValue, (value) => isDeepStrictEqual(through(value), value));
}

describe('a storable value', () => {
  it('comes back as what it was', () => {
    fc.assert(comesBack(roundTrip), { numRuns: 20_000 });
  });

  it.each<[string, (value: unknown) => unknown]>([
    ['JSON', (value) => JSON.parse(JSON.stringify(value, (_, item: unknown) => textual(item)) ?? 'null')],
    ['structuredClone, which forgets classes', (value) => structuredClone(value)],
    [
      'bare MessagePack',
      (value) => new Packr({ useRecords: false }).unpack(new Packr({ useRecords: false }).pack(value)),
    ],
  ])('would be caught not coming back from %s', (_name, through) => {
    expect(fc.check(comesBack(through), { numRuns: 20_000, endOnFailure: true }).failed).toBe(true);
  });

  it.each<[string, unknown]>([
    ['the earliest Date', new Date(-8.64e15)],
    ['the latest Date', new Date(8.64e15)],
    ['a Date one millisecond before 1970', new Date(-1)],
    [
      'a BigInt at the edge of 64 bits',
      [2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n) - 1n],
    ],
    ['a BigInt of 2,000 bits', -(2n ** 2000n)],
    [
      'whole numbers at the edges of their encodings',
      [2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31) - 1, -(2 ** 53)],
    ],
    ['-0 beside 0', { a: -0, b: 0, c: [-0] }],
    ['undefined beside null', { a: undefined, b: null, c: [undefined] }],
    ['a Buffer beside a Uint8Array', [Buffer.from([0, 255]), Uint8Array.of(0, 255)]],
    ['no bytes', [Buffer.alloc(0), new Uint8Array(0)]],
    ['lone surrogates', ['\ud800', 'a\udfffb', '\udc00\ud800']],
    ['a Decimal with a trailing zero and a long one', [new Decimal('1.10'), new Decimal('0.1').pow(30)]],
    ['the falsy values', [0, '', false, null, [], {}]],
    [
      'a row of 1,000 fields',
      Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`field${at}`, at])),
    ],
    ['a text of 100,000 characters', 'é😀'.repeat(50_000)],
  ])('comes back as what it was: %s', (_name, value) => {
    expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true);
  });

  it('comes back as what it was: a Date that is none', () => {
    const back = roundTrip({ at: new Date(NaN) });
    expect(back).toStrictEqual({ at: expect.any(Date) });
    expect(String(Reflect.get(Object(back), 'at'))).toBe('Invalid Date');
  });

  it('comes back with bytes of its own, so that nobody changes what the store holds', () => {
    const bytes = codec.encode({ buffer: Buffer.from('abc'), plain: Uint8Array.of(1, 2, 3) });
    const back = codec.decode(bytes);
    const untouched = Buffer.from(bytes);
    for (const part of Object.values(Object(back))) if (part instanceof Uint8Array) part.fill(0);
    expect(bytes.equals(untouched)).toBe(true);
  });

  it('comes back with the fields of a row that has no prototype', () => {
    expect(roundTrip(Object.assign(Object.create(null), { id: 1 }))).toEqual({ id: 1 });
  });

  it('is not changed by being stored', () => {
    const value = { price: new Decimal(1), list: [-0, '\ud800', { bytes: Uint8Array.of(1) }] };
    const before = structuredClone({ ...value, price: '1' });
    codec.encode(value);
    expect({ ...value, price: value.price.toString() }).toStrictEqual(before);
  });

  it('with fields named constructor and toJSON comes back, or is refused as unstorable', () => {
    for (const value of [
      { constructor: 'x', toJSON: 'y' },
      { constructor: { name: 'Array' }, toJSON: [] },
    ]) {
      const stored = encodeOrRefuse(value);
      if (stored !== 'refused') expect(codec.decode(stored)).toStrictEqual(value);
    }
  });
});

function textual(item: unknown): unknown {
  return typeof item === 'bigint' ? item.toString() : item;
}

function encodeOrRefuse(value: unknown): Buffer | 'refused' {
  try {
    return codec.encode(value);
  } catch (error) {
    if (error instanceof UnstorableValue) return 'refused';
    throw error;
  }
}

describe('an unstorable value', () => {
  class Movie {
    id = 1;
  }
  const cycle: Record<string, unknown> = {};
  cycle['next'] = { back: cycle };
  const withProto: unknown = JSON.parse('{"__proto__": {"admin": true}}');

  it.each<[string, unknown, string]>([
    ['a function', () => 1, 'a function'],
    ['a symbol', Symbol('x'), 'a symbol'],
    ['a promise', Promise.resolve(1), 'an instance of Promise'],
    ['an instance of a class', new Movie(), 'an instance of Movie'],
    ['a Map', new Map([[1, 2]]), 'an instance of Map'],
    ['a Set', new Set([1]), 'an instance of Set'],
    ['an Error', new TypeError('x'), 'an instance of TypeError'],
    ['a regular expression', /x/, 'an instance of RegExp'],
    ['another typed array', new Int16Array(1), 'an instance of Int16Array'],
    ['a Decimal that is not registered', new Decimal(1), 'an instance of Decimal'],
  ])('is refused, and the error names its place: %s', (_name, value, what) => {
    const plain = createValueCodec();
    expect(() => plain.encode(value)).toThrow(new UnstorableValue(what, ''));
    expect(() => plain.encode({ films: [{}, { made: value }] })).toThrow(
      new UnstorableValue(what, '.films[1].made'),
    );
  });

  it('is refused where an object is made from one that has no prototype', () => {
    const value: unknown = Object.create(Object.create(null));
    expect(() => codec.encode({ value })).toThrow(UnstorableValue);
  });

  it('is refused where it holds itself', () => {
    expect(() => codec.encode(cycle)).toThrow(
      /^a structure deeper than 64 \(or a cycle\) at \.next\.back\.next/,
    );
  });

  it('is refused where a field is named __proto__ or has a name that UTF-8 cannot carry', () => {
    expect(() => codec.encode({ row: withProto })).toThrow(
      'such a field name at .row.__proto__ cannot be stored',
    );
    expect(() => codec.encode({ 'a\ud800': 1 })).toThrow(UnstorableValue);
  });
});

describe('a codec', () => {
  it('keeps its types to itself: another codec cannot read them', () => {
    const stored = codec.encode(new Decimal('1.5'));
    expect(() => createValueCodec().decode(stored)).toThrow();
    expect(codec.decode(stored)).toEqual(new Decimal('1.5'));
  });

  it('refuses two types of one name, and the names of built-in types', () => {
    const message = 'types: every value type needs a name of its own';
    expect(() => createValueCodec([decimalType, decimalType])).toThrow(message);
    expect(() => createValueCodec([{ ...decimalType, name: 'Uint8Array' }])).toThrow(message);
  });
});

/** MessagePack of a map, written by hand, whose field names no encoder would let through. */
function mapOf(name: string, value: Buffer): Buffer {
  const bytes = Buffer.from(name, 'utf8');
  return Buffer.concat([Buffer.of(0x81, 0xa0 | bytes.length), bytes, value]);
}

const TRUE = Buffer.of(0xc3);
const foreign = new Packr({ useRecords: true, moreTypes: true, structuredClone: true });

/** The value that poisoned bytes decode to, or the refusal to decode them. */
function decoded(payload: Buffer, by: ValueCodec = codec): unknown {
  try {
    return by.decode(payload);
  } catch {
    return 'refused';
  }
}

describe('a poisoned payload', () => {
  it.each<[string, Buffer]>([
    ['__proto__', mapOf('__proto__', mapOf('polluted', TRUE))],
    ['constructor.prototype', mapOf('constructor', mapOf('prototype', mapOf('polluted', TRUE)))],
    ['__proto__ further down', mapOf('row', mapOf('__proto__', mapOf('polluted', TRUE)))],
    ['__proto__ in a record', foreign.pack(JSON.parse('{"__proto__":{"polluted":true}}'))],
  ])('never pollutes Object.prototype, nor its own value: %s', (_name, payload) => {
    const value = decoded(payload);
    expect('polluted' in {}).toBe(false);
    expect(Reflect.get(Object(value), 'polluted')).toBeUndefined();
    expect(Reflect.get(Object(Reflect.get(Object(value), 'row')), 'polluted')).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['an Error, which GraphQL would show to the client', new Error('gotcha')],
    ['a Set', new Set([1])],
    ['a regular expression', /(a+)+$/],
    ['another typed array', new Int16Array([1])],
  ])('is refused where it holds what the codec never writes: %s', (_name, smuggled) => {
    expect(decoded(foreign.pack(smuggled))).toBe('refused');
  });

  it('does not change how the next payload is read', () => {
    decoded(foreign.pack([{ a: 1 }, { a: 2 }]));
    const small = Array.from({ length: 128 }, (_, number) => number);
    expect(roundTrip(small)).toEqual(small);
  });

  it('never pollutes anything, whatever its bytes are', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      decoded(Buffer.from(bytes));
      expect(Object.keys(Object.prototype)).toEqual([]);
    });
    fc.assert(property, { numRuns: 20_000 });
  });
});
