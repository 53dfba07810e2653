import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../src/cache/testing/index.js';
import { every } from '../../../src/cache/time/every.js';

describe('every', () => {
  it('calls back again and again until it is called off, also by its own callback', async () => {
    const clock = virtualClock();
    const calledAtMs: number[] = [];
    const startedAtMs = clock.nowMs();
    const stop = every(clock, 100, () => {
      calledAtMs.push(clock.nowMs() - startedAtMs);
      if (calledAtMs.length === 3) stop();
    });
    await clock.pass(1000);
    expect(calledAtMs).toEqual([100, 200, 300]);
  });

  it('goes on after a callback that throws', async () => {
    const clock = virtualClock();
    let calls = 0;
    const stop = every(clock, 100, () => {
      calls += 1;
      throw new Error('once more');
    });
    await expect(clock.pass(150)).rejects.toThrow('once more');
    await expect(clock.pass(100)).rejects.toThrow('once more');
    stop();
    await clock.pass(1000);
    expect(calls).toBe(2);
  });
});
