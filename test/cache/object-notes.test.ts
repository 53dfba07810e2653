import { describe, expect, it } from 'vitest';
import { createObjectNotes } from '../../src/cache/object-notes.js';

class WithPrivate {
  readonly #id = 7;
  get id(): number {
    return this.#id;
  }
}

const OBJECTS: readonly (readonly [string, () => object])[] = [
  ['a plain object', () => ({ viewer: 'ann' })],
  ['an object without a prototype', () => Object.create(null) as object],
  ['an object of a class with private members', () => new WithPrivate()],
  ['a frozen object', () => Object.freeze({ viewer: 'ann' })],
  ['a Map', () => new Map([['viewer', 'ann']])],
  ['a function', () => () => 'ann'],
  ['a Proxy that refuses everything', () => new Proxy({}, refusesAll())],
];

function refusesAll(): ProxyHandler<object> {
  const refuse = (): never => {
    throw new Error('refused');
  };
  return {
    ...{ get: refuse, set: refuse, has: refuse, ownKeys: refuse, defineProperty: refuse },
    ...{ isExtensible: refuse, getPrototypeOf: refuse, getOwnPropertyDescriptor: refuse },
  };
}

describe('notes on objects of others', () => {
  it.each(OBJECTS)('are kept on %s, and are not seen on it', (_, make) => {
    const [notes, others] = [createObjectNotes<number>(), createObjectNotes<number>()];
    const [one, other] = [make(), make()];
    expect(notes.get(one)).toBeUndefined();
    notes.set(one, 1);
    expect([notes.get(one), notes.get(other), others.get(one)]).toEqual([1, undefined, undefined]);
    notes.set(one, 2);
    others.set(one, 3);
    expect([notes.get(one), others.get(one)]).toEqual([2, 3]);
  });

  it('change neither the properties of an object nor what it can do', () => {
    const [noted, untouched] = [{ viewer: 'ann' }, { viewer: 'ann' }];
    createObjectNotes<string>().set(noted, 'a note');
    expect(Reflect.ownKeys(noted)).toEqual(Reflect.ownKeys(untouched));
    expect({ ...noted }).toStrictEqual(untouched);
    expect(structuredClone(noted)).toStrictEqual(untouched);
    const withPrivate = new WithPrivate();
    createObjectNotes<string>().set(withPrivate, 'a note');
    expect(withPrivate.id).toBe(7);
  });

  it('are not copied with their object', () => {
    const notes = createObjectNotes<number>();
    const object = { viewer: 'ann' };
    notes.set(object, 1);
    expect(notes.get({ ...object })).toBeUndefined();
    expect(notes.get(Object.create(object) as object)).toBeUndefined();
  });
});
