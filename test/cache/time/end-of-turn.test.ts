import { expect, it, onTestFinished, vi } from 'vitest';
import { endOfTurn, Turns } from '../../../src/cache/time/end-of-turn.js';

it('all who wait for it in one turn go on before anything else of the next one', async () => {
  const happened: string[] = [];
  const waits = async (name: string): Promise<void> => {
    await endOfTurn();
    happened.push(name);
  };
  const all = ['one', 'two', 'three'].map(waits);
  setImmediate(() => happened.push('later'));
  await Promise.all(all);
  await waits('next');
  expect(happened).toEqual(['one', 'two', 'three', 'later', 'next']);
});

it('comes where a test has put other timers in place of the global ones', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  await endOfTurn();
});

it('is waited for as long as requests wait for nothing, and by none that comes after one which has waited', async () => {
  const turns = new Turns();
  expect(turns.wait()).toBeUndefined();
  turns.end(turns.begin());
  expect(turns.wait()).toBe(endOfTurn());
  const begun = turns.begin();
  await endOfTurn();
  turns.end(begun);
  expect(turns.wait()).toBeUndefined();
});
