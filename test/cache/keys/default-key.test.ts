import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalFields } from '../../../src/cache/keys/canonical.js';
import { defaultKey, type DefaultKeyParts } from '../../../src/cache/keys/default-key.js';
import { MAX_KEY_LENGTH } from '../../../src/cache/keys/shorten-key.js';
import { UnkeyableValue } from '../../../src/cache/keys/unkeyable-value.js';
import {
  argumentSet,
  nearlyEqualArguments,
  objectOf,
  troublesomeText,
  type ArgumentSet,
} from '../../support/load/argument-sets.js';

const keyOf = (args: ArgumentSet): string => defaultKey({ coordinate: 'Query.search', args });

/** Two argument sets share a key if and only if they are deep-equal. */
function sharesKeysOnlyWhenEqual(
  key: (args: ArgumentSet) => string,
  saw: (equal: boolean) => void = () => {},
) {
  return fc.property(nearlyEqualArguments, ([first, second]) => {
    const equal = isDeepStrictEqual(first, second);
    saw(equal);
    return (key(first) === key(second)) === equal;
  });
}

describe('two argument sets', () => {
  it('share a default key if and only if they are deep-equal: 100,000 pairs', () => {
    const pairs = { equal: 0, different: 0 };
    const count = (equal: boolean): void => void (pairs[equal ? 'equal' : 'different'] += 1);
    fc.assert(sharesKeysOnlyWhenEqual(keyOf, count), { numRuns: 100_000 });
    expect(pairs.equal).toBeGreaterThan(10_000);
    expect(pairs.different).toBeGreaterThan(10_000);
  });

  it.each<[string, (args: ArgumentSet) => string]>([
    [
      'JSON',
      (args) => JSON.stringify(args, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
    ],
    ['sorted fields joined without quotes', (args) => joined(args)],
    ['a key that forgets the sign of zero', (args) => keyOf(args).replaceAll('-0', '0')],
    [
      'a key in which lone surrogates are replaced',
      (args) => keyOf(args).replaceAll(/\\ud[89a-f]../g, '\ufffd'),
    ],
    ['a key without a place for undefined', (args) => keyOf(args).replaceAll('undefined', 'null')],
  ])('would be caught sharing one in error, or not sharing one: %s', (_name, wrongKey) => {
    const checked = fc.check(sharesKeysOnlyWhenEqual(wrongKey), { numRuns: 100_000, endOnFailure: true });
    expect(checked.failed).toBe(true);
  });

  it('share a key whether or not their objects have a prototype: GraphQL makes both kinds', () => {
    const bare: unknown = Object.assign(Object.create(null), { a: 1, b: 2 });
    expect(keyOf({ filter: bare })).toBe(keyOf({ filter: { b: 2, a: 1 } }));
  });

  it('keep different keys as UTF-8, the form in which a store sees them', () => {
    const property = fc.property(argumentSet, (args) => {
      const key = keyOf(args);
      expect(Buffer.from(key, 'utf8').toString('utf8')).toBe(key);
    });
    fc.assert(property, { numRuns: 10_000 });
    expect(keyOf({ text: '\ud800' })).not.toBe(keyOf({ text: '\ufffd' }));
  });

  it.each<[string, unknown]>([
    ['a class that extends Date', new (class Zoned extends Date {})(0)],
    ['a Date with a field of its own', Object.assign(new Date(0), { zone: 'UTC' })],
    ['a class that extends Array', new (class Titles extends Array<string> {})()],
    ['a class that extends Uint8Array', new (class Tagged extends Uint8Array {})(1)],
  ])('have no key where they hold more than it could say: %s', (_what, at) => {
    expect(() => keyOf({ at })).toThrow(UnkeyableValue);
    expect(() => keyOf({ filter: { at: [at] } })).toThrow(UnkeyableValue);
  });

  it('tell fields named __proto__ and constructor apart from no fields', () => {
    const sets = [
      {},
      objectOf([['__proto__', {}]]),
      objectOf([['__proto__', null]]),
      objectOf([['constructor', {}]]),
    ];
    expect(new Set(sets.map(keyOf)).size).toBe(sets.length);
  });
});

function joined(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(joined).join(',')}]`;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, item]) => `${name}:${joined(item)}`).join(',')}}`;
}

type Parts = Pick<DefaultKeyParts, 'parentId' | 'args' | 'viewerId'>;

const component = fc.oneof(troublesomeText, fc.integer({ min: 0, max: 3 }), fc.constant(undefined));
const parts: fc.Arbitrary<Parts> = fc.record({ parentId: component, args: argumentSet, viewerId: component });
const wholeKey = (of: Parts): string => defaultKey({ coordinate: 'Movie.similar', ...of });

/** Parts, and others that are written so that they would look the same if nothing were escaped. */
const forgedParts: fc.Arbitrary<readonly [Parts, Parts]> = fc
  .tuple(parts, parts, fc.nat(5))
  .map(([a, b, how]) => {
    const [argsOfA, argsOfB] = [canonicalFields(a.args), canonicalFields(b.args)];
    const forgeries: (readonly [Parts, Parts])[] = [
      [
        { ...a, viewerId: `${b.viewerId}(${argsOfB})` },
        { parentId: `${a.parentId}(${argsOfA})@${b.viewerId}`, args: b.args, viewerId: undefined },
      ],
      [a, { ...a, viewerId: `${a.parentId}@${a.viewerId}` }],
      [a, { ...a, parentId: undefined, args: { ...a.args, parentId: a.parentId } }],
      [a, { ...a, args: { text: `${argsOfA})@${a.viewerId}` } }],
      [a, { ...a, parentId: b.parentId }],
      [a, { ...a, viewerId: b.viewerId }],
    ];
    return forgeries[how] ?? [a, b];
  });

const same = (a: unknown, b: unknown): boolean =>
  a === undefined || b === undefined ? a === b : String(a) === String(b);

function componentsCannotBeForged(key: (of: Parts) => string) {
  return fc.property(forgedParts, ([a, b]) => {
    const equal =
      same(a.parentId, b.parentId) && isDeepStrictEqual(a.args, b.args) && same(a.viewerId, b.viewerId);
    return (key(a) === key(b)) === equal;
  });
}

describe('parent, arguments and viewer', () => {
  it('cannot forge one another: a key is shared only where all three are the same', () => {
    fc.assert(componentsCannotBeForged(wholeKey), { numRuns: 50_000 });
  });

  it.each<[string, (of: Parts) => string]>([
    ['the viewer', (of) => defaultKey({ coordinate: 'Movie.similar', ...of, viewerId: undefined })],
    ['the parent', (of) => defaultKey({ coordinate: 'Movie.similar', ...of, parentId: undefined })],
    [
      'the escaping of components',
      ({ parentId, args, viewerId }) =>
        [
          parentId === undefined ? '' : `:${parentId}`,
          `(${canonicalFields(args)})`,
          viewerId === undefined ? '' : `@${viewerId}`,
        ].join(''),
    ],
  ])('would be caught in a key that forgets %s', (_what, wrongKey) => {
    expect(fc.check(componentsCannotBeForged(wrongKey), { numRuns: 50_000, endOnFailure: true }).failed).toBe(
      true,
    );
  });

  it('are told apart from nothing: an empty id is not the absence of one', () => {
    const keys = [
      { args: {} },
      { args: {}, parentId: '' },
      { args: {}, viewerId: '' },
      { args: {}, parentId: '', viewerId: '' },
    ].map(wholeKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('are the same for a number and its digits, because an id is both', () => {
    expect(wholeKey({ parentId: 5, args: {}, viewerId: 7 })).toBe(
      wholeKey({ parentId: '5', args: {}, viewerId: '7' }),
    );
  });

  it('are never shared between fields with the same parent and arguments', () => {
    const keyAt = (coordinate: string): string =>
      defaultKey({ coordinate, parentId: 1, args: { first: 10 } });
    expect(keyAt('Movie.similar')).not.toBe(keyAt('Movie.cast'));
    expect(keyAt('Movie.similar')).not.toBe(keyAt('Person.similar'));
  });

  it('read well where they are plain', () => {
    expect(wholeKey({ parentId: 5, args: { first: 10, after: 'x' }, viewerId: 42 })).toBe(
      'Movie.similar:5(after:"x",first:10)@42',
    );
  });
});

describe('a long key', () => {
  const longText = fc.tuple(
    fc.integer({ min: 240, max: 3000 }),
    fc.integer({ min: 0, max: 9 }),
    troublesomeText,
  );

  it('is bounded, ends in a hash, and is shared only by equal arguments', () => {
    const property = fc.property(longText, longText, (first, second) => {
      const [a, b] = [first, second].map(([length, digit, tail]) => `${String(digit).repeat(length)}${tail}`);
      const [keyA, keyB] = [keyOf({ text: a }), keyOf({ text: b })];
      expect(keyA.length).toBeLessThanOrEqual(MAX_KEY_LENGTH);
      expect(keyA).toMatch(/^Query\.search\(text:"\d+.*~[\w-]{43}$/s);
      expect(keyA === keyB).toBe(a === b);
    });
    fc.assert(property, { numRuns: 5000 });
  });

  it('differs by its last character, by its viewer, and by a lone surrogate in its middle', () => {
    const long = 'x'.repeat(1000);
    const keys = [
      keyOf({ text: `${long}a` }),
      keyOf({ text: `${long}b` }),
      wholeKey({ args: { text: long }, viewerId: 'ann' }),
      wholeKey({ args: { text: long }, viewerId: 'ben' }),
      wholeKey({ parentId: `${long}\ud800`, args: {} }),
      wholeKey({ parentId: `${long}\ud801`, args: {} }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key.isWellFormed()).toBe(true);
  });
});

describe('a value that has no canonical text', () => {
  class Movie {}
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;

  it.each<[string, unknown]>([
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a promise', Promise.resolve(1)],
    ['an instance of a class', new Movie()],
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['an Error', new Error('x')],
    ['a regular expression', /x/],
    ['a boxed string', Object('x')],
    ['a cycle', cycle],
  ])('cannot be part of a key: %s', (_name, value) => {
    expect(() => keyOf({ value })).toThrow(UnkeyableValue);
    expect(() => keyOf({ deep: [{ value }] })).toThrow(UnkeyableValue);
  });
});
