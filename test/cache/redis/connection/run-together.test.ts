import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { luaScript, runTogether } from '../../../../src/cache/redis/connection/lua-script.js';

const script = luaScript('return {}');
const calls = ['one', 'other', 'third'].map((key) => ({ keys: [key], args: [] }));

function answering(reply: unknown): Redis {
  const client: Partial<Redis> = { callBuffer: () => Promise.resolve(reply) };
  return client as Redis;
}

it('gives each call its own part of the reply', async () => {
  const reply = [1, 2, 3, 4, 5, 6];
  expect(await runTogether(answering(reply), script, calls, 2)).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});

it.each([[[1, 2]], [[1, 2, 3, 4]], [[]], [null], [1], [[1, 2, 3, 4, 5]]])(
  'gives no call anything of a reply of another length: %j',
  async (reply) => {
    expect(await runTogether(answering(reply), script, calls, 1)).toEqual([[], [], []]);
  },
);
