import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../src/cache/testing/index.js';
import { LoopTime } from '../../../src/cache/time/loop-time.js';

const BEAT_MS = 10;

describe('time in which the event loop turned', () => {
  it('has passed after so many beats, and at most one more', async () => {
    const clock = virtualClock();
    const time = new LoopTime(BEAT_MS, clock);
    let isOver = false;
    time.after(30, () => (isOver = true));
    await clock.pass(30);
    expect(isOver).toBe(false);
    await clock.pass(10);
    expect([isOver, time.nowMs()]).toEqual([true, 40]);
  });

  it('stands still while nothing is waited for', async () => {
    const clock = virtualClock();
    const time = new LoopTime(BEAT_MS, clock);
    time.after(30, () => undefined)();
    await clock.pass(1000);
    expect(time.nowMs()).toBe(BEAT_MS);
  });

  it('passes by one beat, however late that is', async () => {
    const clock = virtualClock();
    const time = new LoopTime(BEAT_MS, clock);
    time.after(30, () => undefined);
    clock.set(clock.nowMs() + 500);
    await clock.pass(0);
    expect(time.nowMs()).toBe(BEAT_MS);
  });

  it('sets no timer once it has ended and nothing is waited for', async () => {
    let timers = 0;
    const time = new LoopTime(BEAT_MS, {
      after: () => {
        timers += 1;
        return () => (timers -= 1);
      },
    });
    const callOff = time.after(30, () => undefined);
    time.end();
    expect(timers).toBe(1);
    callOff();
    expect(timers).toBe(0);
  });
});
