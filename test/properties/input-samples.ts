const LONG = 'long '.repeat(60);

/**
 * Few values of each input scalar, so that fields meet each other's entries; among them what is easily taken for
 * something else in a key.
 */
export const SAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  ID: ['1', '2', 3, '4', '1/2'],
  Int: [0, 1, 2],
  Float: [0, 1, 1.5, -0.5, 1e21],
  String: [
    '',
    'a',
    '1',
    'null',
    '~null',
    '~absent',
    'a/1',
    'a:1',
    '%2f',
    `${LONG}a`,
    `${LONG}b`,
    'x\ud800',
    'x\ud801',
  ],
  Boolean: [true, false],
  Date: ['2001-01-01T00:00:00.000Z', '2002-02-02T02:02:02.002Z'],
  JSON: [
    ...[1, '1', true, 'true', '~null', [], {}, [1], ['1'], [[1]], [null], { a: 1, b: [2] }, { b: [2], a: 1 }],
    ...[
      { a: '1', b: [2] },
      { a: { b: 2 } },
      { '1': 1 },
      [LONG],
      1e21,
      -1,
      0,
      '',
      false,
      JSON.parse('{"__proto__":1}'),
    ],
  ],
};

/** A value as a literal of a document; undefined for text that no literal can hold. */
export function literalOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? JSON.stringify(value) : undefined;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(literalOf).join(', ')}]`;
  const fields = Object.entries(value).map(([name, item]) => `${name}: ${literalOf(item)}`);
  return Object.keys(value).every((name) => /^[A-Za-z_]/.test(name)) ? `{${fields.join(', ')}}` : undefined;
}
