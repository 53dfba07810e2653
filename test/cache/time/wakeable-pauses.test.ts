import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../src/cache/testing/index.js';
import { WakeablePauses } from '../../../src/cache/time/wakeable-pauses.js';

/** Pauses on a clock that the test owns, which counts its timers. */
function counted() {
  const clock = virtualClock();
  const [startedAtMs, open] = [clock.nowMs(), new Set<object>()];
  let timers = 0;
  const pauses = new WakeablePauses({
    after: (ms, callback) => {
      const timer = {};
      timers += 1;
      open.add(timer);
      const callOff = clock.after(ms, () => {
        open.delete(timer);
        callback();
      });
      return () => {
        open.delete(timer);
        callOff();
      };
    },
  });
  const endedAtMs: number[] = [];
  const begin = (ms: number): void =>
    void pauses.pause({ ms, wokenForMs: 100 }).then(() => endedAtMs.push(clock.nowMs() - startedAtMs));
  return { clock, pauses, begin, endedAtMs, openTimers: () => open.size, timers: () => timers };
}

describe('pauses that can be woken', () => {
  it('end by themselves, or a while after they were woken, whichever comes first', async () => {
    const { clock, pauses, begin, endedAtMs, openTimers } = counted();
    begin(1000);
    begin(4000);
    await clock.pass(950);
    pauses.wake();
    await clock.pass(50);
    expect(endedAtMs).toEqual([1000]);
    await clock.pass(3000);
    expect([endedAtMs, openTimers()]).toEqual([[1000, 1050], 0]);
  });

  it('end a while after they were first woken, however often that is done', async () => {
    const { clock, pauses, begin, endedAtMs } = counted();
    begin(4000);
    for (let times = 0; times < 10; times += 1) {
      pauses.wake();
      await clock.pass(30);
    }
    expect(endedAtMs).toEqual([100]);
  });

  it('leave nothing behind: after 10,000 of them to wake the one under way sets one timer', async () => {
    const { clock, pauses, begin, openTimers, timers } = counted();
    for (let times = 0; times < 10_000; times += 1) {
      begin(1000);
      await clock.pass(1000);
    }
    expect(openTimers()).toBe(0);
    begin(1000);
    const before = timers();
    pauses.wake();
    expect(timers() - before).toBe(1);
    await clock.pass(100);
    expect(openTimers()).toBe(0);
  });
});
