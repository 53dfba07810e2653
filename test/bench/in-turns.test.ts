import { expect, it } from 'vitest';
import { inTurns, type Answering } from '../../bench/in-turns/in-turns.js';

/** Notes what it is asked, and needs no time. */
function noting(name: string, asked: string[]): Answering {
  return {
    answer(body) {
      asked.push(`${name} ${body}`);
      return Promise.resolve('');
    },
  };
}

it('both sides of a comparison answer the same bodies, and every other time the second one begins', async () => {
  const asked: string[] = [];
  const both = { reference: noting('reference', asked), measured: noting('measured', asked) };
  const bodies = Array.from({ length: 100 }, (_, at) => String(at));
  const turns = await inTurns(both, { name: 'list', title: '', bodies }, 4);
  expect(turns).toHaveLength(4);
  const last = asked.slice(-4 * 2 * 64);
  const firsts = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => last[at * 64]?.split(' '));
  const inTurnsOf = ['reference', 'measured', 'measured', 'reference'];
  const sides = firsts.map((first) => first?.[0]);
  expect(sides).toEqual([...inTurnsOf, ...inTurnsOf]);
  for (const [first, second] of [firsts.slice(0, 2), firsts.slice(2, 4)])
    expect(first?.[1]).toBe(second?.[1]);
});
