import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../src/cache/testing/index.js';
import { WakeablePauses } from '../../../src/cache/time/wakeable-pauses.js';
import { countedTimers } from '../../support/counted-timers.js';

/** Pauses on a clock that the test owns, which counts its timers. */
function counted() {
  const clock = countedTimers(virtualClock());
  const startedAtMs = clock.nowMs();
  const pauses = new WakeablePauses(clock);
  const endedAtMs: number[] = [];
  const begin = (ms: number): void =>
    void pauses.pause({ ms, wokenForMs: 100 }).then(() => endedAtMs.push(clock.nowMs() - startedAtMs));
  return { clock, pauses, begin, endedAtMs };
}

describe('pauses that can be woken', () => {
  it('end by themselves, or a while after they were woken, whichever comes first', async () => {
    const { clock, pauses, begin, endedAtMs } = counted();
    begin(1000);
    begin(4000);
    await clock.pass(950);
    pauses.wake();
    await clock.pass(50);
    expect(endedAtMs).toEqual([1000]);
    await clock.pass(3000);
    expect([endedAtMs, clock.timers]).toEqual([[1000, 1050], 0]);
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
    const { clock, pauses, begin } = counted();
    for (let times = 0; times < 10_000; times += 1) {
      begin(1000);
      await clock.pass(1000);
    }
    expect(clock.timers).toBe(0);
    begin(1000);
    const before = clock.timersSoFar;
    pauses.wake();
    expect(clock.timersSoFar - before).toBe(1);
    await clock.pass(100);
    expect(clock.timers).toBe(0);
  });
});
