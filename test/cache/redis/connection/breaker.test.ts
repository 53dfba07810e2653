import { setTimeout as passes } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Breaker, NoAnswer, type BreakerOptions } from '../../../../src/cache/redis/connection/breaker.js';
import { virtualClock } from '../../../../src/cache/testing/index.js';
import { createGate, type Gate } from '../../../support/gate.js';
import { expectTime } from '../../../support/run/expect-time.js';

const TIMEOUT_MS = 40;

/** A breaker over a server that the test plays. */
async function opened(
  rejoin: (mustForget: boolean) => Promise<void> = () => Promise.resolve(),
  opensAt: BreakerOptions['opensAt'] = 'silence',
  rest: Partial<BreakerOptions> = {},
) {
  const changes: string[] = [];
  const rejoined: boolean[] = [];
  const breaker = new Breaker({
    ...{ timeoutMs: TIMEOUT_MS, opensAt, refusal, ...rest },
    rejoin: (mustForget) => {
      rejoined.push(mustForget);
      return rejoin(mustForget);
    },
    onChange: ({ isAway, reason }) => changes.push(`${isAway ? 'away' : 'back'}: ${wordsOf(reason)}`),
  });
  onTestFinished(() => breaker.close());
  await breaker.probe().catch(() => undefined);
  return { breaker, changes, rejoined };
}

/** A breaker on a clock that the test owns, over a server of which the second rejoining, a check, waits at a gate. */
async function checked() {
  const timers = virtualClock();
  const gate = createGate();
  let rejoined = 0;
  const breaker = new Breaker({
    ...{ timeoutMs: TIMEOUT_MS, opensAt: 'silence', refusal, timers },
    rejoin: async () => {
      rejoined += 1;
      if (rejoined === 2) await gate.wait();
    },
    onChange: () => undefined,
  });
  onTestFinished(() => breaker.close());
  await breaker.probe();
  return { breaker, timers, gate, rejoined: () => rejoined };
}

const refusal = (words: string): Error => new Error(`the store ${words}`);
const wordsOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));
const answer = (): Promise<string> => Promise.resolve('answer');
const failure = (): Promise<never> => Promise.reject(new Error('ERR no'));
const silence = (): Promise<never> => new Promise(() => undefined);

describe('the breaker of a server', () => {
  it('refuses everything until the store was opened, in words that say so', async () => {
    const breaker = new Breaker({
      ...{ timeoutMs: 1, opensAt: 'silence', refusal },
      ...{ rejoin: () => Promise.resolve(), onChange: () => undefined },
    });
    await expect(breaker.run(answer)).rejects.toThrow('the store was not opened; call cache.start()');
    await breaker.probe();
    expect(await breaker.run(answer)).toBe('answer');
  });

  it('opens after five failures in a row, and not after four and an answer', async () => {
    const { breaker, changes } = await opened();
    for (const operation of [
      failure,
      failure,
      failure,
      failure,
      answer,
      failure,
      failure,
      failure,
      failure,
    ]) {
      await breaker.run<unknown>(operation).catch(() => undefined);
    }
    expect(breaker.isAway).toBe(false);
    await expect(breaker.run(failure)).rejects.toThrow('ERR no');
    expect(breaker.isAway).toBe(true);
    expect(changes).toEqual(['away: ERR no']);
  });

  it('opens at the first time-out when nothing else is answered, and fails everything under way at once', async () => {
    const { breaker } = await opened();
    const first = breaker.run(silence);
    const failedAt = first.catch(() => performance.now());
    setTimeout(() => {
      breaker.run(silence).catch(() => undefined);
    }, TIMEOUT_MS / 2);
    const later = new Promise<number>((resolve) => {
      setTimeout(() => void breaker.run(silence).catch(() => resolve(performance.now())), TIMEOUT_MS / 2);
    });
    await expect(first).rejects.toThrow(`no answer within ${TIMEOUT_MS} ms`);
    expectTime((await later) - Number(await failedAt)).toBeLessThan(TIMEOUT_MS / 4);
  });

  it('stays closed at a time-out while other operations are answered', async () => {
    const { breaker } = await opened();
    const slow = breaker.run(silence).catch((error: unknown) => error);
    const busy = setInterval(() => void breaker.run(answer), 5);
    onTestFinished(() => clearInterval(busy));
    expect(await slow).toEqual(new NoAnswer(`no answer within ${TIMEOUT_MS} ms`));
    expect(breaker.isAway).toBe(false);
  });

  it('does not count the time in which this process itself was busy', async () => {
    const { breaker } = await opened();
    const running = breaker.run(() => new Promise<string>((resolve) => setTimeout(() => resolve('late'), 1)));
    const until = performance.now() + TIMEOUT_MS * 2;
    while (performance.now() < until) continue;
    expect(await running).toBe('late');
  });

  it('does not count it either where the answers take some turns of the event loop to be read', async () => {
    const { breaker } = await opened();
    const running = breaker.run(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      return 'late';
    });
    const until = performance.now() + TIMEOUT_MS * 5;
    while (performance.now() < until) continue;
    expect(await running).toBe('late');
    expect(breaker.isAway).toBe(false);
  });

  it('does not count it where this process stands still again and again', async () => {
    const { breaker } = await opened();
    const running = breaker.run(async () => {
      for (let stalls = 0; stalls < 3; stalls += 1) {
        const until = performance.now() + TIMEOUT_MS;
        while (performance.now() < until) continue;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return 'late';
    });
    expect(await running).toBe('late');
    expect(breaker.isAway).toBe(false);
  });

  it('stays closed where many operations wait behind each other, while answers come', async () => {
    const { breaker } = await opened();
    const waiting = Array.from({ length: 20 }, () => breaker.run(silence).catch((error: unknown) => error));
    const busy = setInterval(() => void breaker.run(answer), 5);
    onTestFinished(() => clearInterval(busy));
    expect(await Promise.all(waiting)).toEqual(
      Array.from({ length: 20 }, () => new NoAnswer(`no answer within ${TIMEOUT_MS} ms`)),
    );
    expect(breaker.isAway).toBe(false);
  });

  it('takes a store that falls silent again and again, and comes back, for slow, and lets it be silent for longer', async () => {
    const { breaker } = await opened();
    const silences = async (): Promise<number> => {
      await expect.poll(() => breaker.isAway).toBe(false);
      await breaker.run(answer);
      let timeOuts = 0;
      for (; !breaker.isAway; timeOuts += 1) await breaker.run(silence).catch(() => undefined);
      return timeOuts;
    };
    expect([await silences(), await silences(), await silences()]).toEqual([1, 1, 2]);
  });

  it('gives a read up where nothing is answered for longer than usual, asks for none until something is, and waits for the rest', async () => {
    const { breaker } = await opened();
    for (let read = 0; read < 10; read += 1) await breaker.runPromptly(answer);
    const gate = createGate();
    const write = breaker.run(() => gate.wait().then(() => 'written'));
    await expect(breaker.runPromptly(silence)).rejects.toThrow('has not answered for longer than is usual');
    let asked = 0;
    const ask = (): Promise<string> => Promise.resolve(`asked ${(asked += 1)}`);
    await expect(breaker.runPromptly(ask)).rejects.toThrow('has not answered for longer than is usual');
    await expect(breaker.runUnlessLate(ask)).rejects.toThrow('has not answered for longer than is usual');
    expect([asked, breaker.isAway]).toEqual([0, false]);
    gate.open();
    expect(await write).toBe('written');
    expect([await breaker.runPromptly(ask), await breaker.runUnlessLate(ask)]).toEqual([
      'asked 1',
      'asked 2',
    ]);
  });

  it('gives up no read behind others while answers come, nor one that is as slow as usual, nor the first', async () => {
    const { breaker } = await opened(undefined, 'silence', { timeoutMs: 10 * TIMEOUT_MS });
    const slow = (): Promise<string> => passes(3 * TIMEOUT_MS, 'slow');
    expect(await breaker.runPromptly(slow)).toBe('slow');
    expect(await breaker.runPromptly(slow)).toBe('slow');
    for (let read = 0; read < 100; read += 1) await breaker.runPromptly(answer);
    const behind = breaker.runPromptly(slow);
    const busy = setInterval(() => void breaker.runPromptly(answer), 5);
    onTestFinished(() => clearInterval(busy));
    expect(await behind).toBe('slow');
    clearInterval(busy);
    for (let read = 0; read < 100; read += 1) await breaker.runPromptly(answer);
    await expect(breaker.runPromptly(slow)).rejects.toThrow('has not answered for longer than is usual');
  });

  it('gives up no read whose answer is on its way, and no later than the time-out one that has none while others have', async () => {
    let bytes = 0;
    const timeoutMs = 5 * TIMEOUT_MS;
    const { breaker } = await opened(undefined, 'silence', { timeoutMs, bytesHeard: () => bytes });
    for (let read = 0; read < 10; read += 1) await breaker.runPromptly(answer);
    const comes = setInterval(() => (bytes += 1), 5);
    onTestFinished(() => clearInterval(comes));
    expect(await breaker.runPromptly(() => passes(2 * TIMEOUT_MS, 'long'))).toBe('long');
    clearInterval(comes);
    for (let read = 0; read < 100; read += 1) await breaker.runPromptly(answer);
    const busy = setInterval(() => void breaker.run(answer), 5);
    onTestFinished(() => clearInterval(busy));
    const sinceMs = performance.now();
    await expect(breaker.runPromptly(silence)).rejects.toThrow(`no answer within ${timeoutMs} ms`);
    expectTime(performance.now() - sinceMs).toBeLessThan(timeoutMs * 1.4);
  });

  it('asks again where what was late had no answer at all, and it is used still', async () => {
    const { breaker } = await opened();
    // What fell silent twice may be silent for longer.
    for (let silences = 0; silences < 2; silences += 1) {
      await breaker.run(silence).catch(() => undefined);
      await expect.poll(() => breaker.isAway).toBe(false);
      await breaker.runPromptly(answer);
    }
    await expect(breaker.runPromptly(silence)).rejects.toThrow('has not answered for longer than is usual');
    await expect.poll(() => breaker.runPromptly(answer).catch(() => undefined)).toBe('answer');
    expect(breaker.isAway).toBe(false);
  });

  it('says that the store is away where it was lost while an answer was late', async () => {
    let isLost = false;
    const { breaker } = await opened(() => (isLost ? Promise.reject(new Error('gone')) : Promise.resolve()));
    await breaker.runPromptly(answer);
    await expect(breaker.runPromptly(silence)).rejects.toThrow('has not answered for longer than is usual');
    isLost = true;
    breaker.lost(new Error('the connection was lost'));
    const away = 'the store is away: the connection was lost';
    await expect(breaker.runPromptly(answer)).rejects.toThrow(away);
    await expect(breaker.runUnlessLate(answer)).rejects.toThrow(away);
  });

  it('gives what rejoins the store a second, however short its time-out is', async () => {
    let isSlow = false;
    const { breaker, rejoined } = await opened(async () => {
      if (isSlow) await breaker.runToRejoin(() => passes(TIMEOUT_MS * 11));
    });
    isSlow = true;
    breaker.trip(new Error('gone'));
    await expect.poll(() => breaker.isAway).toBe(false);
    expect(rejoined).toEqual([false, false]);
  });

  it('never makes a request the probe: while it is open nothing reaches the store', async () => {
    const { breaker } = await opened();
    breaker.trip(new Error('the connection was lost'));
    let reached = 0;
    const refused = breaker.run(() => Promise.resolve((reached += 1)));
    await expect(refused).rejects.toThrow('the store is away: the connection was lost');
    expect(reached).toBe(0);
  });

  it('closes by itself once the store was rejoined', async () => {
    const { breaker, changes, rejoined } = await opened();
    breaker.trip(new Error('gone'));
    await expect.poll(() => breaker.isAway).toBe(false);
    expect(changes).toEqual(['away: gone', 'back: it answers']);
    expect(rejoined).toEqual([false, false]);
  });

  it('demands that everything be forgotten once an attempt has failed', async () => {
    let attempts = 0;
    const { breaker, rejoined } = await opened(() => {
      attempts += 1;
      return attempts === 2 ? Promise.reject(new Error('still away')) : Promise.resolve();
    });
    breaker.trip(new Error('gone'));
    await expect.poll(() => breaker.isAway, { timeout: 15_000 }).toBe(false);
    expect(rejoined).toEqual([false, false, true]);
  });

  it('probes after 250 ms, then twice as late each time, and each second in the end', async () => {
    const timers = virtualClock();
    const startedAtMs = timers.nowMs();
    const atMs: number[] = [];
    const breaker = new Breaker({
      ...{ timeoutMs: TIMEOUT_MS, opensAt: 'silence', refusal, timers },
      rejoin: () => {
        atMs.push(timers.nowMs() - startedAtMs);
        return Promise.reject(new Error('still away'));
      },
      onChange: () => undefined,
    });
    await breaker.probe().catch(() => undefined);
    await timers.pass(4000);
    expect(atMs).toEqual([0, 250, 750, 1750, 2750, 3750]);
    breaker.close();
    await timers.pass(4000);
    expect(atMs).toHaveLength(6);
  });

  it('demands it as well once an invalidation was missed, and again if one is missed meanwhile', async () => {
    const gates: Gate[] = [];
    const { breaker, rejoined } = await opened(async (mustForget) => {
      if (!mustForget) return;
      const gate = createGate();
      gates.push(gate);
      await gate.wait();
    });
    breaker.missed(new Error('no answer'));
    expect(breaker.isAway).toBe(true);
    await expect.poll(() => gates.length).toBe(1);
    breaker.missed(new Error('another'));
    gates[0]?.open();
    await expect.poll(() => gates.length).toBe(2);
    expect(breaker.isAway).toBe(true);
    gates[1]?.open();
    await expect.poll(() => breaker.isAway).toBe(false);
    expect(rejoined).toEqual([false, true, true]);
  });

  it('lets a write through while a server is being rejoined, once that has answered and not before', async () => {
    const [first, rest] = [createGate(), createGate()];
    let isAnswering = false;
    const { breaker } = await opened(async () => {
      if (!isAnswering) return;
      await breaker.runToRejoin(() => first.wait());
      await rest.wait();
    });
    isAnswering = true;
    breaker.missed(new Error('no answer'));
    await first.arrived();
    let sent = 0;
    const write = (): Promise<string> =>
      breaker.runWhileRejoining(() => {
        sent += 1;
        return answer();
      });
    await expect(write()).rejects.toThrow('the store is away: no answer');
    first.open();
    await rest.arrived();
    expect(await write()).toBe('answer');
    expect(sent).toBe(1);
    rest.open();
    await expect.poll(() => breaker.isAway).toBe(false);
  });

  it('rejoins once more when the connection was lost meanwhile, since another server may be there now', async () => {
    const gate = createGate();
    let attempts = 0;
    const { breaker, rejoined } = await opened(async () => {
      attempts += 1;
      if (attempts === 2) await gate.wait();
    });
    expect(breaker.isAway).toBe(false);
    breaker.lost(new Error('the connection was lost'));
    await gate.arrived();
    breaker.lost(new Error('the connection was lost again'));
    gate.open();
    await expect.poll(() => breaker.isAway).toBe(false);
    expect(rejoined).toEqual([false, false, false]);
  });

  it.each(['is there again', 'is found again by the next probe'])(
    'rejoins a server that was lost while it was checked, as soon as the check has ended: it %s',
    async (how) => {
      const { breaker, timers, gate, rejoined } = await checked();
      const checking = breaker.check();
      await gate.arrived();
      breaker.lost(new Error('the connection was lost'));
      if (how === 'is there again') await breaker.probe();
      else await timers.pass(250);
      gate.open();
      await checking;
      expect(breaker.isAway).toBe(true);
      await timers.pass(0);
      expect([breaker.isAway, rejoined()]).toEqual([false, 3]);
      // Nothing else was planned.
      await timers.pass(10_000);
      expect(rejoined()).toBe(3);
    },
  );

  it('leaves it to the probe that is planned where none was due during the check, and probes no more once it was closed', async () => {
    const { breaker, timers, gate, rejoined } = await checked();
    const checking = breaker.check();
    await gate.arrived();
    breaker.lost(new Error('the connection was lost'));
    gate.open();
    await checking;
    await timers.pass(0);
    expect(rejoined()).toBe(2);
    await timers.pass(250);
    expect([breaker.isAway, rejoined()]).toEqual([false, 3]);
    const again = breaker.check();
    breaker.lost(new Error('the connection was lost'));
    await breaker.probe();
    breaker.close();
    await again;
    await timers.pass(10_000);
    expect([breaker.isAway, rejoined()]).toEqual([true, 4]);
  });

  it('refuses everything once it was closed, and does not probe any more', async () => {
    const { breaker, rejoined } = await opened();
    const running = breaker.run(silence);
    breaker.close();
    await expect(running).rejects.toThrow('the store was closed');
    await breaker.probe();
    expect(rejoined).toHaveLength(1);
  });

  it.each(['answered', 'silent'])('leaves no timer behind once it was closed: %s', async (server) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { breaker } = await opened();
    const running = breaker.run<unknown>(server === 'answered' ? answer : silence);
    if (server === 'answered') await running;
    breaker.close();
    await running.catch(() => undefined);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a breaker that opens at the first failure', () => {
  const journal = (rejoin?: () => Promise<void>) => opened(rejoin, 'first-failure');
  const refused = (words: string) => () => {
    const error = new Error(words);
    error.name = 'ReplyError';
    return Promise.reject(error);
  };

  it('opens where one operation has no answer, whatever others are answered', async () => {
    const { breaker, changes } = await journal();
    const slow = breaker.run(silence).catch((error: unknown) => error);
    const busy = setInterval(() => void breaker.run(answer).catch(() => undefined), 5);
    onTestFinished(() => clearInterval(busy));
    expect(await slow).toEqual(new NoAnswer(`no answer within ${TIMEOUT_MS} ms`));
    expect(breaker.isAway).toBe(true);
    expect(changes).toEqual([`away: no answer within ${TIMEOUT_MS} ms`]);
  });

  it('takes what the server refuses for an answer, unless that says that it is away', async () => {
    const { breaker } = await journal();
    for (let times = 0; times < 6; times += 1) await breaker.run(refused('ERR no')).catch(() => undefined);
    await breaker
      .run(refused("OOM command not allowed when used memory > 'maxmemory'"))
      .catch(() => undefined);
    expect(breaker.isAway).toBe(false);
    await breaker.run(refused('READONLY You cannot write')).catch(() => undefined);
    expect(breaker.isAway).toBe(true);
  });

  it('is asked again while it is in use, and opens where it may not be used any more', async () => {
    let isFit = true;
    const { breaker, rejoined } = await journal(() =>
      isFit ? Promise.resolve() : Promise.reject(new Error('a replica')),
    );
    await breaker.check();
    expect([breaker.isAway, rejoined]).toEqual([false, [false, false]]);
    isFit = false;
    await breaker.check();
    await expect(breaker.run(answer)).rejects.toThrow('the store is away: a replica');
  });
});
