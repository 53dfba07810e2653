import { describe, expect, it } from 'vitest';
import { manualClock, virtualClock } from '../../../src/cache/testing/index.js';
import { pause } from '../../../src/cache/time/pause.js';
import { within } from '../../../src/cache/time/within.js';
import { countedTimers } from '../../support/counted-timers.js';
import { createGate } from '../../support/gate.js';

const silence = (): Promise<never> => new Promise(() => undefined);
const onLate = (): string => 'late';

describe('work within a time limit', () => {
  it.each<[what: string, work: () => Promise<string>, becomes: string]>([
    ['brings what it brings', () => Promise.resolve('done'), 'done'],
    ['fails as it fails', () => Promise.reject(new Error('no')), 'Error: no'],
  ])('%s, and leaves no timer behind', async (_what, work, becomes) => {
    const clock = countedTimers(virtualClock());
    const answer = await within(clock, { work: work(), ms: 100, onLate }).catch(String);
    expect([answer, clock.timers]).toEqual([becomes, 0]);
  });

  it('is waited for until its time has passed, and not for longer', async () => {
    const clock = countedTimers(virtualClock());
    const answers: string[] = [];
    void within(clock, { work: silence(), ms: 100, onLate }).then((answer) => answers.push(answer));
    await clock.pass(99);
    expect(answers).toEqual([]);
    await clock.pass(1);
    expect([answers, clock.timers]).toEqual([['late'], 0]);
  });

  it('may be answered with an error when it is late, and fail after it without being noticed', async () => {
    const [clock, gate] = [virtualClock(), createGate()];
    const failing = gate.wait().then(() => Promise.reject(new Error('of no interest')));
    const fail = (): never => {
      throw new Error('too late');
    };
    const answer = within(clock, { work: failing, ms: 100, onLate: fail }).catch(String);
    await clock.pass(100);
    expect(await answer).toBe('Error: too late');
    gate.open();
    await failing.catch(() => undefined);
  });

  it('has as long as the clock says where timers end early', async () => {
    const clock = manualClock();
    const late = within(clock, { work: silence(), ms: 60_000, onLate });
    const look = (): Promise<string> => Promise.race([late, clock.sleep(1).then(() => 'waits')]);
    for (let looks = 0; looks < 5; looks += 1) expect(await look()).toBe('waits');
    clock.advance(60_000);
    expect(await late).toBe('late');
  });

  it('is over where the clock was set back meanwhile', async () => {
    const clock = virtualClock();
    const answer = within(clock, { work: silence(), ms: 100, onLate });
    const untilMs = clock.nowMs() + 100;
    clock.set(untilMs - 3_600_000);
    await clock.pass(3_600_000);
    expect(await answer).toBe('late');
  });
});

describe('a pause', () => {
  it.each<[ends: string, woken: (clock: ReturnType<typeof virtualClock>) => Promise<unknown>]>([
    ['after its time', silence],
    ['when it is woken', () => Promise.resolve()],
    ['also by a failure', () => Promise.reject(new Error('no'))],
  ])('ends %s, and leaves no timer behind', async (_ends, woken) => {
    const inner = virtualClock();
    const clock = countedTimers(inner);
    const pausing = pause(clock, 100, woken(inner));
    if (woken === silence) await clock.pass(100);
    await pausing;
    expect(clock.timers).toBe(0);
  });
});
