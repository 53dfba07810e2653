import { expect, it } from 'vitest';
import { distinctTable } from '../../bench/distinct/distinct-table.js';
import { floodScript } from '../../bench/distinct/flood-script.js';

it('a row says what was in use before and after, and what became of the usual load', () => {
  const MIB = 1024 * 1024;
  const table = distinctTable([
    {
      title: 'constants',
      ...{ bytesBefore: 20 * MIB, bytesFlooded: 31.25 * MIB, bytesAfter: 21 * MIB },
      ...{ idleBefore: 0.001, idleAfter: 0.0125, usualRatio: 0.987 },
    },
  ]);
  expect(table.split('\n').at(-1)).toBe('| constants | 20.0 | 31.3 | 21.0 | 0.10 | 1.25 | 0.99 |');
});

it('no operation of a flood comes again in the next part of it', () => {
  expect(floodScript(7)).toContain('local at = 7\n');
  expect(floodScript(7)).toContain('\'{"query":"query Q\' .. at');
});
