import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeComponent, keyComponent } from '../../../src/cache/keys/component.js';
import { MAX_KEY_LENGTH } from '../../../src/cache/keys/shorten-key.js';
import { fillTemplate, parseTemplate, type Template } from '../../../src/cache/keys/template.js';
import { UnkeyableValue } from '../../../src/cache/keys/unkeyable-value.js';
import { nearlyEqualArguments, troublesomeText } from '../../support/load/argument-sets.js';

function template(source: string): Template {
  const parsed = parseTemplate(source);
  if (typeof parsed === 'string') throw new Error(`"${source}" ${parsed}`);
  return parsed;
}

function isInjective(escape: (text: string) => string) {
  const tricks: ((text: string) => string)[] = [
    (text) => text,
    (text) => escapeComponent(text),
    (text) => text.toWellFormed(),
    (text) => text.replaceAll('%', ''),
    (text) => `~${text}`,
    (text) => text.normalize('NFC'),
  ];
  const pair = fc
    .tuple(troublesomeText, fc.constantFrom(...tricks))
    .map(([text, trick]) => [text, trick(text)] as const);
  return fc.property(pair, ([a, b]) => {
    const bytes = [a, b].map((text) => Buffer.from(escape(text), 'utf8').toString('hex'));
    return (bytes[0] === bytes[1]) === (a === b);
  });
}

describe('escapeComponent', () => {
  it('never gives two texts the same bytes, lone surrogates included', () => {
    fc.assert(isInjective(escapeComponent), { numRuns: 50_000 });
  });

  it.each<[string, (text: string) => string]>([
    ['nothing is escaped', (text) => text],
    ['the escape character is not escaped', (text) => text.replaceAll(':', '%3a')],
    ['encodeURIComponent stood in its place', (text) => encodeURIComponent(text.toWellFormed())],
  ])('would be caught if %s', (_what, escape) => {
    expect(fc.check(isInjective(escape), { numRuns: 50_000, endOnFailure: true }).failed).toBe(true);
  });

  it('lets no text contain a separator, a marker, a space or a control character', () => {
    const property = fc.property(troublesomeText, (text) => {
      expect(escapeComponent(text)).not.toMatch(/[\0-\x20"#()*,:;<=>?@[\\\]^`{|}~\x7f]/);
    });
    fc.assert(property, { numRuns: 20_000 });
  });

  it.each(['42', 'tt0133093', 'user_1', 'a.b', '018f-4c1e'])('leaves a clean id as it is: %s', (id) => {
    expect(escapeComponent(id)).toBe(id);
  });
});

const isId = (value: unknown): boolean => ['string', 'number', 'boolean', 'bigint'].includes(typeof value);
const idText = (value: unknown): string => (Object.is(value, -0) ? '-0' : String(value));
/** An id is its text; everything else is what it is. */
const sameComponent = (a: unknown, b: unknown): boolean =>
  isId(a) && isId(b) ? idText(a) === idText(b) : isDeepStrictEqual(a, b);

const anyComponents = nearlyEqualArguments.map(
  ([a, b]) => [Object.values(a)[0], Object.values(b)[0]] as const,
);

describe('a placeholder', () => {
  it('names the same component only for the same id or the same structure', () => {
    const property = fc.property(anyComponents, ([a, b]) => {
      expect(keyComponent(a) === keyComponent(b)).toBe(sameComponent(a, b));
    });
    fc.assert(property, { numRuns: 20_000 });
  });

  it('tells absent, null, empty, and the texts that look like them apart', () => {
    const values = [undefined, null, '', 'null', 'undefined', 'absent', '~null', '~absent', [], {}, [null]];
    expect(new Set(values.map(keyComponent)).size).toBe(values.length);
  });

  it.each([['a function', () => 1] as const, ['a promise', Promise.resolve()] as const])(
    'refuses %s',
    (_name, value) => {
      expect(() => fillTemplate(template('A:{args.x}'), [value])).toThrow(UnkeyableValue);
    },
  );
});

describe('a template of two placeholders', () => {
  const both = template('Note:{viewer.id}:{args.x}');

  it('has the same key only where both components are the same', () => {
    const cut = fc.tuple(troublesomeText, troublesomeText, fc.nat(8)).map(([a, b, at]) => {
      const text = `${a}:${b}`;
      return [
        [a, b],
        [text.slice(0, at), text.slice(at)],
      ] as const;
    });
    const property = fc.property(cut, ([first, second]) => {
      expect(fillTemplate(both, first) === fillTemplate(both, second)).toBe(isDeepStrictEqual(first, second));
    });
    fc.assert(property, { numRuns: 20_000 });
  });

  it.each([':', '-', '.', '_', '/', '', 'x', '-and-'])(
    'is refused, or its components cannot flow into one another: "%s" between them',
    (separator) => {
      const parsed = parseTemplate(`Note:{viewer.id}${separator}{args.x}`);
      if (typeof parsed === 'string') return;
      const left = fillTemplate(parsed, [`1${separator}2`, '3']);
      const right = fillTemplate(parsed, ['1', `2${separator}3`]);
      expect(left).not.toBe(right);
      expect(fillTemplate(parsed, ['12', '3'])).not.toBe(fillTemplate(parsed, ['1', '23']));
    },
  );

  it('stays bounded and different where a component is long', () => {
    const long = 'y'.repeat(5000);
    const keys = [
      fillTemplate(both, [long, '1']),
      fillTemplate(both, [long, '2']),
      fillTemplate(both, [`${long}y`, '1']),
    ];
    expect(new Set(keys).size).toBe(3);
    for (const key of keys) expect(key.length).toBeLessThanOrEqual(MAX_KEY_LENGTH);
  });
});

describe('a template and a default key', () => {
  it('never meet: what a template writes has no parenthesis', () => {
    const property = fc.property(troublesomeText, (text) => {
      expect(fillTemplate(template('Movie.similar:{args.x}'), [text])).not.toMatch(/[()]/);
    });
    fc.assert(property, { numRuns: 5000 });
  });
});

describe('a template that cannot be parsed', () => {
  it.each([
    ['', 'is empty'],
    ['Movie:{args.id', 'has a "{" without a "}"'],
    ['Movie:{id}', 'has the unknown placeholder {id}; write {args.x}, {parent.x}, {viewer.id} or {result.x}'],
    [
      'Movie:{viewer.name}',
      'has the unknown placeholder {viewer.name}; of the viewer only {viewer.id} can be used',
    ],
    [
      'Movie {args.id}',
      'has the text "Movie ", but outside of placeholders only letters, digits and _ . : / - can stand',
    ],
  ])('says why: "%s"', (source, fault) => {
    expect(parseTemplate(source)).toBe(fault);
  });
});
