import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { escapeComponent } from '../../../src/cache/keys/component.js';
import { meetingTag } from '../../../src/cache/keys/meeting-tag.js';
import { expectTime } from '../../support/run/expect-time.js';

const metBy = (id: string): string => meetingTag(`Row:${escapeComponent(id)}`).slice('Row:'.length);
const metUnescaped = (id: string): string => meetingTag(`Row:${id}`).slice('Row:'.length);

const character = fc.constantFrom(
  ...'0123456789017',
  ...'+-.eE_xXbBoOaf',
  ...' \t\n\v\f\r\u00a0\ufeff\u2028\u200b',
  ...'７٧n~,%',
);
const space = fc.constantFrom('', '', ' ', '\t', '\n ', '\u00a0', '\ufeff', '\u200b');
const numberLike = fc
  .tuple(
    ...[space, fc.constantFrom('', '+', '-', '--'), fc.constantFrom('', '0', '000', '0x', '0b', '0o')],
    ...[fc.constantFrom('7', '70', '1', '0', '1_0', '12345678901234567890', '９')],
    ...[fc.constantFrom('', '', '.', '.0', '.50', '.5_0'), fc.constantFrom('', '', 'e0', 'E1', 'e-1', 'e')],
    space,
  )
  .map((parts) => parts.join(''));
const anyText = fc.oneof(fc.string({ unit: character, minLength: 1, maxLength: 8 }), numberLike);

/** What `Number()` makes of it, where it is a number. */
function javaScriptReads(text: string): number | undefined {
  const number = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}

describe('the tag under which spellings of a number meet', () => {
  const postgres = new PGlite();
  afterAll(() => postgres.close());

  it('is that of the number wherever Number() reads one', () => {
    const numbers = { read: 0 };
    const property = fc.property(anyText, (text) => {
      const number = javaScriptReads(text);
      if (number === undefined || !Number.isSafeInteger(number * 1000)) return;
      numbers.read += 1;
      expect(metBy(text)).toBe(metBy(String(number)));
      expect(metUnescaped(text)).toBe(metBy(text));
    });
    fc.assert(property, { numRuns: 20_000 });
    expect(numbers.read).toBeGreaterThan(2000);
  });

  it('is that of a number only where Number() or, without the whitespace, PostgreSQL reads it, and wherever PostgreSQL does', async () => {
    // Longer exponents are numbers of a numeric that is no id.
    const texts = fc
      .sample(anyText, { numRuns: 10_000, seed: 7 })
      .filter((text) => !/e[+-]?[\d_]{3}/i.test(text));
    const { rows } = await postgres.query<{ number: string | null }>(
      `SELECT CASE
         WHEN pg_input_is_valid(text, 'bigint') THEN text::bigint::text
         WHEN pg_input_is_valid(text, 'numeric') THEN trim_scale(text::numeric)::text
       END AS number FROM unnest($1::text[]) WITH ORDINALITY AS given(text, n) ORDER BY n`,
      [texts.map((text) => text.trim())],
    );
    let met = 0;
    for (const [index, text] of texts.entries()) {
      const number = rows[index]?.number ?? null;
      if (number !== null && /\d/.test(number)) {
        met += 1;
        // Fractions are told apart as numbers of JavaScript are.
        const row = number.includes('.') ? String(Number(number)) : number;
        expect([text, metBy(text)]).toEqual([text, row]);
      } else if (javaScriptReads(text) === undefined) {
        expect([text, metBy(text)]).toEqual([text, escapeComponent(text)]);
      }
    }
    expect(met).toBeGreaterThan(1000);
  });

  it('is its own meeting tag', () => {
    const property = fc.property(anyText, (text) => {
      const tag = meetingTag(`Row:${escapeComponent(text)}`);
      expect(meetingTag(tag)).toBe(tag);
    });
    fc.assert(property, { numRuns: 20_000 });
  });

  it.each([
    ['9007199254740993.0', '9007199254740993'],
    ['0x20000000000001', '9007199254740993'],
    ['1e3', '1000'],
    ['-0', '0'],
    ['-0.0e5', '0'],
    ['1e21', '1000000000000000000000'],
    ['7.50', '7.5'],
    [`0x${'0'.repeat(2000)}7`, '7'],
    [`0x${'f'.repeat(300)}`, BigInt(`0x${'f'.repeat(300)}`).toString()],
    [`-0b${'1'.repeat(1300)}`, `-${BigInt(`0b${'1'.repeat(1300)}`).toString()}`],
  ])('keeps all digits of a whole number: %s is %s', (spelt, row) => {
    expect(metBy(spelt)).toBe(row);
  });

  it.each([
    `0x${'f'.repeat(2000)}`,
    '1e400',
    '0x',
    '7\u200b',
    '７',
    '1__0',
    '_1',
    '1_',
    '.',
    '+',
    '1e',
    '1,0',
    'Infinity',
    'NaN',
  ])('leaves what is no number: %s', (text) => {
    expect(metBy(text)).toBe(escapeComponent(text));
  });

  it.each(['0000000000000000000000000000e123', '1'.repeat(32)])(
    'is that of a uuid, where it looks like a number as well: %s',
    (uuid) => {
      const row = uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
      expect(metBy(uuid)).toBe(row);
      expect(metBy(row)).toBe(row);
      expect(metBy(` ${uuid.toUpperCase()}\u00a0`)).toBe(row);
    },
  );

  it('is found in a time that grows with the length of the text only', () => {
    for (const text of [
      '1'.repeat(200_000),
      '1.'.repeat(100_000),
      `1${'0'.repeat(200_000)}.x`,
      '1_'.repeat(100_000),
      ...['0x', '0o', '0b'].map((radix) => `${radix}${'1'.repeat(4_000_000)}`),
      `0x${'0'.repeat(1_000_000)}7`,
    ]) {
      const before = process.cpuUsage();
      metBy(text);
      const { user, system } = process.cpuUsage(before);
      expectTime((user + system) / 1000).toBeLessThan(500);
    }
  });
});
