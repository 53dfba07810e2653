import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { arithmetic } from '../../bench/at-scale/arithmetic.js';
import { figuresOf } from '../../bench/at-scale/at-scale.js';
import { inputsFrom, usualInputs } from '../../bench/at-scale/inputs.js';
import { measuredCosts } from '../../bench/at-scale/measured-costs.js';
import { needsRedis } from '../support/needs.js';
import { NO_COSTS } from './at-scale-costs.js';

const page = readFileSync('docs/at-scale.md', 'utf8');

/** A row of a table, however wide its columns are. */
function row(line: string): string {
  return line.replace(/ +/g, ' ').replace(/-+/g, '-').trim();
}

describe('the arithmetic of many processes', () => {
  const reckoned = (what: string, inputs = usualInputs, costs = NO_COSTS): number | undefined =>
    arithmetic(inputs, costs)
      .flatMap(({ lines }) => lines)
      .find((line) => line.what === what)?.value;

  it('comes to what its formulas say', () => {
    const inputs = { ...usualInputs, processes: 10, nodes: 2, reads: 100, hits: 0.5, tags: 2, waited: 0.1 };
    expect(reckoned('MGET of reads', inputs)).toBe(1500);
    expect(reckoned('claims of misses', inputs)).toBe(1500);
    expect(reckoned('looks of the processes', inputs)).toBe(40);
    expect(reckoned('wake-ups published', inputs)).toBe(25);
    expect(reckoned('wake-ups delivered', inputs)).toBe(250);
    expect(reckoned('epochs that are ended', inputs)).toBe(81_920);
    expect(reckoned('one core is busy', inputs, { ...NO_COSTS, mgetUs: 10, infoUs: 25 })).toBeCloseTo(1.6);
  });

  it('stands on the page as it is printed, in all that is not measured', () => {
    const [free, dear] = [0, 3].map((cost) => {
      const costs = Object.fromEntries(Object.keys(NO_COSTS).map((name) => [name, cost]));
      return figuresOf(usualInputs, { ...NO_COSTS, ...costs }, '').split('\n');
    });
    const shown = new Set(page.split('\n').map(row));
    const unmeasured = (free ?? []).filter((line, index) => line.startsWith('|') && line === dear?.[index]);
    expect(unmeasured.length).toBeGreaterThan(30);
    expect(unmeasured.map(row).filter((line) => !shown.has(line))).toEqual([]);
  });

  it('takes the numbers of a command line, and refuses what is none', () => {
    expect(inputsFrom({ processes: '40', hits: '0.9' })).toEqual({
      ...usualInputs,
      processes: 40,
      hits: 0.9,
    });
    expect(() => inputsFrom({ nodes: 'three' })).toThrow('--nodes must be a number from 0 on, but got three');
    expect(() => inputsFrom({ hits: '95' })).toThrow('--hits must be a number from 0 to 1, but got 95');
  });

  it.skipIf(!needsRedis())('measures a real server', async () => {
    const costs = await measuredCosts(400, 2500);
    for (const [name, value] of Object.entries(costs)) expect(value, name).toBeGreaterThan(0);
    expect(costs.entryUsage).toBeGreaterThan(400);
  });
});
