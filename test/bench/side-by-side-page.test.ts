import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { filled } from '../../bench/published/page.js';
import { spreadOf } from '../../bench/published/quiet.js';
import { unsteadyReference } from '../../bench/side-by-side/unsteady-reference.js';
import type { Slice } from '../../bench/overhead/slices.js';

const page = readFileSync('docs/peers.md', 'utf8');

it('the page takes new figures between its marks, and nothing else of it changes', () => {
  const once = filled(page, 'first figures', 'bench:peers');
  const twice = filled(once, 'second figures', 'bench:peers');
  expect(once).toContain('first figures');
  expect(twice).not.toContain('first figures');
  const [before, after] = twice.split('second figures');
  expect(page.startsWith((before ?? '?').trimEnd())).toBe(true);
  expect(page.endsWith((after ?? '?').trimStart())).toBe(true);
});

it('the page without figures is in the form that a run would give it', async () => {
  const form = await resolveConfig('docs/peers.md');
  const middle = /<!-- begin: [^>]*-->\n([\s\S]*)\n<!-- end: /.exec(page)?.[1] ?? '';
  expect(await format(filled(page, middle, 'bench:peers'), { ...form, parser: 'markdown' })).toBe(page);
});

it('a page without its marks is refused', () => {
  expect(() => filled(page.replace('<!-- end: ', '<!-- '), '', 'bench:peers')).toThrow(
    /^the page must have one <!-- begin: /,
  );
  expect(() => filled(page + page, '', 'bench:peers')).toThrow(/^the page must have one/);
});

const slice = (round: number, server: string, requestsPerSecond: number, cpuPerRequestUs: number): Slice => ({
  round,
  server,
  workload: 'list',
  requestsPerSecond,
  cpuPerRequestUs,
  redisPerEntryReadUs: undefined,
  redisPerEntryAskedUs: 0,
  loads: 0,
});

it('a reference that differs from itself keeps a run from being published; others and the dropped round do not', () => {
  const steady = [9999, 1000, 1020, 990, 1010].map((speed, round) => slice(round, 'constants', speed, 100));
  const others = [1, 2, 3, 4].map((round) => slice(round, 'library-memo', 1000 * round, 100));
  expect(unsteadyReference([...steady, ...others])).toEqual([]);
  const loaded = [100, 101, 160, 180].map((cpu, index) => slice(index + 1, 'constants', 1000, cpu));
  expect(unsteadyReference(loaded)).toEqual(['CPU of constants (list) differed by 49 % between rounds']);
});

it('a spread is the distance of the quartiles as a share of the median', () => {
  expect(spreadOf([8, 10, 10, 12, 10])).toBe(0);
  expect(spreadOf([5, 10, 15])).toBe(0.5);
});
