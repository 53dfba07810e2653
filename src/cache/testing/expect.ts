import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

/** What the contracts look at, in the words of the usual test runners, and without any of them. */
export interface Expectation {
  /** The same value, as `Object.is` sees it. */
  toBe(expected: unknown): void;
  /** Equal all the way down. */
  toEqual(expected: unknown): void;
  /** At least these members, all the way down; arrays have as many elements. */
  toMatchObject(expected: unknown): void;
  toBeUndefined(): void;
  toHaveLength(expected: number): void;
  toMatch(pattern: RegExp): void;
  toBeGreaterThan(bound: number): void;
  toBeGreaterThanOrEqual(bound: number): void;
  toBeLessThan(bound: number): void;
  toBeLessThanOrEqual(bound: number): void;
  readonly not: { toBe(expected: unknown): void };
}

/** @throws AssertionError of Node, which every test runner shows, where the value is not as it should be. */
export function expect(actual: unknown): Expectation {
  const compare = (sign: string, bound: number, isKept: (value: number) => boolean): void =>
    assert.ok(
      typeof actual === 'number' && isKept(actual),
      `expected ${String(actual)} to be ${sign} ${bound}`,
    );
  return {
    toBe: (expected) => assert.equal(actual, expected),
    toEqual: (expected) => assert.deepEqual(actual, expected),
    toMatchObject: (expected) => assert.deepEqual(membersOf(actual, expected), expected),
    toBeUndefined: () => assert.equal(actual, undefined),
    toHaveLength: (expected) => assert.equal(Reflect.get(Object(actual), 'length'), expected),
    toMatch: (pattern) => assert.match(String(actual), pattern),
    toBeGreaterThan: (bound) => compare('>', bound, (value) => value > bound),
    toBeGreaterThanOrEqual: (bound) => compare('>=', bound, (value) => value >= bound),
    toBeLessThan: (bound) => compare('<', bound, (value) => value < bound),
    toBeLessThanOrEqual: (bound) => compare('<=', bound, (value) => value <= bound),
    not: { toBe: (expected) => assert.notEqual(actual, expected) },
  };
}

/** Asks again every few milliseconds until the answer is equal to what is expected. @throws AssertionError after a second. */
export async function eventually(ask: () => unknown, expected: unknown): Promise<void> {
  for (let turn = 0; turn < 200 && !isDeepStrictEqual(await ask(), expected); turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await ask()).toEqual(expected);
}

/** Of the actual value what the expected one names. */
function membersOf(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected))
    return actual.map((element, index) => membersOf(element, expected[index]));
  if (!isPlain(actual) || !isPlain(expected)) return actual;
  return Object.fromEntries(
    Object.keys(expected).map((name) => [name, membersOf(actual[name], expected[name])]),
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
