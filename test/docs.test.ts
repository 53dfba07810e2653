import { pathToFileURL } from 'node:url';
import { allPages } from './support/pages.js';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { errorCodes } from '../src/cache/index.js';
import { pairTable } from '../src/cache/policy/pattern-table.js';

const root = resolve(import.meta.dirname, '..');
const examples = join(root, 'test', '.docs-examples');
const pages = allPages;
/** Where an example imports the package; the name of the door, if it is not the main one. */
const DOOR = /(?:from|import) 'graphql-corral(?:\/(\w+))?'/g;
const RUNNABLE = /```ts run\n([\s\S]*?)```\s+```json\n([\s\S]*?)```/g;

mkdirSync(examples, { recursive: true });
afterAll(() => rmSync(examples, { recursive: true, force: true }));

describe('the examples in the docs', () => {
  const found = pages.flatMap((page) =>
    Array.from(readFileSync(join(root, page), 'utf8').matchAll(RUNNABLE), (match, index) => ({
      page,
      index,
      code: match[1] ?? '',
      expected: match[2] ?? '',
    })),
  );

  it('are found in the README of the package and on every page of a pattern', () => {
    const patterns = [
      'README.md',
      'cache-aside.md',
      'prefetch.md',
      'read-through.md',
      'write-through.md',
      'hybrid.md',
      'write-behind.md',
      'invalidation.md',
    ];
    expect(patterns.filter((page) => !found.some((example) => basename(example.page) === page))).toEqual([]);
  });

  it.each(found)(
    'answer what the page says: $page, example $index',
    async ({ page, index, code, expected }) => {
      const file = join(examples, `${page.replace('.md', '').replaceAll('/', '-')}-${index}.ts`);
      writeFileSync(
        file,
        code.replace(
          DOOR,
          (found, door = '.') => `${found.split(' ')[0]} '../../src/cache/${door}/index.js'`,
        ),
      );
      const example: unknown = await import(file);
      expect(example).toMatchObject({ answer: JSON.parse(expected) });
    },
  );
});

describe('what the docs import from the package', () => {
  const IMPORT = /import \{([^}]*)\} (from 'graphql-corral(?:\/\w+)?')/g;

  it.each(pages)('is there: %s', async (page) => {
    const blocks = readFileSync(join(root, page), 'utf8').matchAll(/^```ts.*\n([\s\S]*?)^```/gm);
    for (const [, code = ''] of blocks) {
      for (const [, names = '', from = ''] of code.matchAll(IMPORT)) {
        const [, door = '.'] = Array.from(from.matchAll(DOOR))[0] ?? [];
        const exported: object = await import(
          pathToFileURL(join(root, 'src', 'cache', door, 'index.ts')).href
        );
        const values = names
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== '' && !name.startsWith('type '));
        expect(values.filter((name) => !(name in exported))).toEqual([]);
      }
    }
  });
});

describe('the error codes', () => {
  it('are the rows of the table in the reference, no more and no less', () => {
    const page = readFileSync(join(root, 'docs', 'reference', 'errors.md'), 'utf8');
    const [ofTheLibrary = ''] = page.split('## For clients');
    const rows = Array.from(
      ofTheLibrary.matchAll(/^\| `(CACHE_[A-Z_]+)` +\| (.*?) +\|$/gm),
      ([, code, meaning]) => [code, meaning],
    );
    expect(Object.fromEntries(rows)).toEqual(errorCodes);
  });
});

/** The cells of a line of a table, without the quotes of code. */
function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''));
}

describe('the table of pairs', () => {
  it('has the verdict of the engine in every cell, and no other row or column', () => {
    const page = readFileSync(join(root, 'docs', 'patterns.md'), 'utf8');
    const [, section = ''] = page.split('## Pairs of patterns on one namespace');
    const lines = /(?:^\|.*\|$\n?)+/m.exec(section)?.[0].trim().split('\n') ?? [];
    const [[, ...writes] = [], , ...rows] = lines.map(cellsOf);
    const table = rows.map(([pattern = '', ...verdicts]) => [
      pattern,
      Object.fromEntries(verdicts.map((verdict, column) => [writes[column] ?? `column ${column}`, verdict])),
    ]);
    expect(Object.fromEntries(table)).toEqual(pairTable);
  });
});

describe('the README', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');

  it('is no longer than 130 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(130);
  });

  it('has the ratios of the tables that it leads to', () => {
    const [, section = ''] = readme.split('## What it costs');
    const [ofHits = '', ofMemo = ''] = section.split('\n## ')[0]?.split('[the memo]') ?? [];
    const missing = (text: string, page: string): string[] => {
      const table = readFileSync(join(root, 'docs', page), 'utf8');
      const ratios = text.match(/\*\*\d+\.\d+\*\*/g) ?? [];
      expect(ratios.length).toBeGreaterThan(0);
      return ratios.filter((ratio) => !table.includes(ratio));
    };
    expect([missing(ofHits, 'overhead.md'), missing(ofMemo, 'peers.md')]).toEqual([[], []]);
  });
});
