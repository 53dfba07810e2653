import fc from 'fast-check';

/** Arguments as a field gets them: any names, any nesting, every character that a key could trip over. */
export type ArgumentSet = Readonly<Record<string, unknown>>;

/** Characters that separate, quote or mark something in keys, and some that survive no careless encoding. */
const TROUBLESOME = [
  ...':,(){}[]@~%"\\\'*/.-_ \n\0',
  '\ud800',
  '\udc00',
  '\ufffd',
  '\u2028',
  'é',
  'e\u0301',
  '😀',
  'a',
  '1',
];
/** Texts that look like something else in a key. */
const LOOKALIKES = [
  ...['', '0', '1', '-0', '1n', 'NaN', 'null', 'undefined', 'true', '[]', '{}', 'a:1', 'a:1,b:2', '~null'],
  ...['~absent', '%22', '%ud800', '\\ud800', 'Date(0)', 'Bytes(00)', '(a:1)@2', '):@ann', '1(a:1)@ann'],
];
const NAMES = [
  ...['a', 'b', 'id', '__proto__', 'constructor', 'toString', 'length', '', '0', 'a:1', 'a,b', '"a"', '{'],
];

/** Short texts, most of them troublesome. */
export const troublesomeText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...LOOKALIKES),
  fc.string({ unit: fc.constantFrom(...TROUBLESOME), maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

const fieldName = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...NAMES) }, troublesomeText);

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  troublesomeText,
  fc.integer({ min: -2, max: 12 }),
  fc.constantFrom(null, undefined, true, false, -0, NaN, Infinity, 1e21, 0.1),
  fc.bigInt({ min: -2n, max: 12n }),
  fc.constantFrom(0, 1, 86_400_000).map((ms) => new Date(ms)),
  fc.uint8Array({ maxLength: 2 }),
);

/** An object of exactly these fields; `__proto__` becomes a field like any other. */
export function objectOf(fields: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, value] of fields) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

const objectWith = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .uniqueArray(fc.tuple(fieldName, value), { maxLength: 3, selector: ([name]) => name })
    .map((fields) => objectOf(fields));

const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    objectWith(tie('value')),
  ),
})).value;

export const argumentSet: fc.Arbitrary<ArgumentSet> = objectWith(anyValue);

/** Two argument sets that are nearly always nearly equal, and often equal but for the order of their fields. */
export const nearlyEqualArguments: fc.Arbitrary<readonly [ArgumentSet, ArgumentSet]> = fc
  .tuple(argumentSet, fc.array(fc.nat(997), { minLength: 8, maxLength: 8 }), argumentSet, fc.nat(19))
  .map(([first, draws, other, odds]) => {
    if (odds === 0) return [first, other] as const;
    const second = mutated(first, drawer(draws));
    return [first, isFields(second) ? second : { value: second }] as const;
  });

type Draw = (choices: number) => number;

function drawer(draws: readonly number[]): Draw {
  let next = 0;
  return (choices) => (draws[next++ % draws.length] ?? 0) % choices;
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The value with one small change somewhere inside, or none but the order of fields. */
function mutated(value: unknown, draw: Draw): unknown {
  if (Array.isArray(value)) return mutatedList(value, draw);
  if (isFields(value)) return mutatedObject(value, draw);
  return pick(lookalikesOf(value), draw);
}

function mutatedList(list: readonly unknown[], draw: Draw): unknown {
  const at = draw(Math.max(1, list.length));
  const changes: (() => unknown)[] = [
    () => [...list],
    () => [...list].reverse(),
    () => [list],
    () => [...list, undefined],
    () => list.slice(0, -1),
    () => objectOf(list.map((item, index) => [String(index), item])),
    () => list.map(textOf).join(','),
  ];
  if (list.length === 0 || draw(3) === 0) return pick(changes, draw)?.();
  return list.map((item, index) => (index === at ? mutated(item, draw) : item));
}

function mutatedObject(object: Readonly<Record<string, unknown>>, draw: Draw): unknown {
  const fields = Object.entries(object);
  const at = draw(Math.max(1, fields.length));
  const [name = 'a', value] = fields[at] ?? [];
  const others = fields.filter((_, index) => index !== at);
  const reordered = [...fields].reverse();
  if (fields.length > 0 && draw(2) === 0) {
    return objectOf(fields.map((field, index) => (index === at ? [name, mutated(value, draw)] : field)));
  }
  const changes: (() => unknown)[] = [
    () => objectOf(reordered),
    () => objectOf(reordered.map(([key, item]) => [key, structuredClone(item)])),
    () => objectOf(others),
    () => objectOf([...fields, ['b', undefined]]),
    () => objectOf([...others, [`${name}x`, value]]),
    () => objectOf([...others, [name, undefined]]),
    () => objectOf([...others, [name, { [name]: value }]]),
    () =>
      objectOf([[name, `${textOf(value)},${others.map(([key, item]) => `${key}:${textOf(item)}`).join()}`]]),
    () => objectOf(fields.map(([key], index) => [key, fields[(index + 1) % fields.length]?.[1]])),
    () => fields,
  ];
  return pick(changes, draw)?.();
}

/** Other values that a careless key would print the same. */
function lookalikesOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string') {
    return [value, Number(value), `"${value}"`, `${value}:`, value.toWellFormed(), [value], value.split(',')];
  }
  if (typeof value === 'number') {
    return [value, -value, String(value), `${value}n`, [value], value + 1, new Date(Math.trunc(value) || 0)];
  }
  if (typeof value === 'bigint') return [value, Number(value), `${value}n`, String(value), -value];
  if (typeof value === 'boolean') return [value, String(value), Number(value), !value];
  if (value instanceof Date)
    return [new Date(value), value.getTime(), value.toISOString(), `Date(${+value})`];
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value).toString('hex');
    return [Uint8Array.from(value), hex, `Bytes(${hex})`, [...value]];
  }
  return [null, undefined, 'null', 'undefined', {}, [], 0, '', false];
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? '' : String(value);
}

function pick<T>(choices: readonly T[], draw: Draw): T | undefined {
  return choices[draw(choices.length)];
}
