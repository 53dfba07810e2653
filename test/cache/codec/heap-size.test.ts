import { expect, it, onTestFinished } from 'vitest';
import { createValueCodec } from '../../../src/cache/codec/value-codec.js';
import type { ValueType } from '../../../src/cache/index.js';
import { testCache } from '../../support/test-cache.js';

class Report {
  constructor(readonly text: string) {}
}

/** A type whose instances hold what their text says, and how often one was encoded. */
function reports(): { readonly type: ValueType<Report>; encoded: number } {
  const counted = {
    encoded: 0,
    type: {
      name: 'Report',
      isImmutable: true,
      is: (value: unknown): value is Report => value instanceof Report,
      encode: ({ text }: Report): string => {
        counted.encoded += 1;
        return text;
      },
      decode: (text: string): Report => new Report(text),
    },
  };
  return counted;
}

const LETTERS = 100_000;

it('counts an instance of a registered type by the length of its text, wherever it lies', () => {
  const { heapSize } = createValueCodec([reports().type]);
  const report = new Report('a'.repeat(LETTERS));
  for (const value of [report, [report], { deep: { report } }]) {
    expect(heapSize(value)).toBeGreaterThan(LETTERS);
    expect(heapSize(value)).toBeLessThan(LETTERS * 1.01);
  }
  expect(heapSize(new Report('漢'.repeat(LETTERS)))).toBeGreaterThan(2 * LETTERS);
  expect(heapSize(new Report(''))).toBeLessThan(200);
});

it('encodes none of them on a hit', async () => {
  const counted = reports();
  const { cache, query } = testCache({
    typeDefs: `
      type Query { report: Shown @cached(ttl: 60) }
      type Shown { length: Int }
    `,
    types: [counted.type],
    resolvers: {
      Query: { report: () => ({ report: new Report('a'.repeat(LETTERS)) }) },
      Shown: { length: (row) => (isShown(row) ? row.report.text.length : 0) },
    },
  });
  onTestFinished(() => cache.close());
  await cache.start();
  const ask = async (): Promise<string[]> => {
    const { data, outcomes } = await query('{ report { length } }');
    expect(data).toEqual({ report: { length: LETTERS } });
    return outcomes;
  };
  expect(await ask()).toEqual(['Query.report MISS']);
  const { encoded } = counted;
  expect(encoded).toBeGreaterThan(0);
  expect(await ask()).toEqual(['Query.report HIT']);
  expect(await ask()).toEqual(['Query.report HIT']);
  expect(counted.encoded).toBe(encoded);
});

function isShown(row: unknown): row is { readonly report: Report } {
  return typeof row === 'object' && row !== null && 'report' in row && row.report instanceof Report;
}
