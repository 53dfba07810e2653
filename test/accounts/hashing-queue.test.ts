import { setTimeout as passes } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createHashingQueue } from '../../src/accounts/hashing-queue.js';
import { createGate } from '../support/gate.js';
import { manualClock } from '../support/manual-clock.js';

/** A queue of one hash at a time, of which each needs 50 ms and ends when the test says so. */
function queueOfOne({ maxWaitMs = 2000 } = {}) {
  const clock = manualClock();
  const queue = createHashingQueue({ atOnce: 1, maxWaitMs, nowMs: () => clock.nowMs() });
  const started: string[] = [];
  const gates = new Map<string, ReturnType<typeof createGate>>();
  const run = (
    name: string,
    { gone = new AbortController().signal, address = '192.0.2.1' } = {},
  ): Promise<string> => {
    const gate = createGate();
    gates.set(name, gate);
    const work = async (): Promise<string> => {
      started.push(name);
      await gate.wait();
      clock.advance(50);
      return name;
    };
    return queue.run(work, { gone, address }).catch((error: unknown) => codeOf(error));
  };
  const finish = async (name: string, running: Promise<string>): Promise<void> => {
    gates.get(name)?.open();
    await running;
  };
  return { clock, queue, run, finish, started };
}

function codeOf(error: unknown): string {
  const extensions: unknown = Reflect.get(Object(error), 'extensions');
  const [code, retryAfterMs] = ['code', 'retryAfterMs'].map((name) =>
    String(Reflect.get(Object(extensions), name)),
  );
  return retryAfterMs === 'undefined' ? `${code}` : `${code} ${retryAfterMs}`;
}

const patience = (ms: number): Promise<string> => passes(ms, 'still waiting', { ref: false });

describe('the queue of hashes', () => {
  it('runs what waits in order of arrival while it is short', async () => {
    const { run, finish, started } = queueOfOne();
    const runs = ['a', 'b', 'c'].map((name) => run(name));
    expect(started).toEqual(['a']);
    for (const [index, name] of ['a', 'b', 'c'].entries()) await finish(name, runs[index] ?? run('none'));
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('gives a client that comes back at once no turn before one that waits since before it', async () => {
    const { run, finish, started } = queueOfOne();
    const of = (address: string) => (name: string) => run(name, { address });
    const [many, one] = [of('192.0.2.1'), of('192.0.2.2')];
    const first = many('first');
    const [second, third, before] = [many('second'), many('third'), one('before')];
    await finish('first', first);
    await finish('second', second);
    const again = one('again');
    await finish('before', before);
    expect(started).toEqual(['first', 'second', 'before', 'third']);
    await finish('third', third);
    await finish('again', again);
  });

  it('hashes nothing for clients that have gone while they waited, or before', async () => {
    const { run, finish, started, queue } = queueOfOne();
    const first = run('first');
    const clients = Array.from({ length: 3 }, () => new AbortController());
    const gone = clients.map(({ signal }, index) => run(`gone ${index}`, { gone: signal }));
    for (const client of clients) client.abort();
    expect(queue.waiting()).toBe(0);
    expect(await Promise.all(gone)).toEqual(clients.map(() => 'REQUEST_ABANDONED'));
    const last = run('last');
    await finish('first', first);
    await finish('last', last);
    expect(await run('too late', { gone: AbortSignal.abort() })).toBe('REQUEST_ABANDONED');
    expect(started).toEqual(['first', 'last']);
  });

  it('is served newest first while it is long', async () => {
    const { run, finish, started } = queueOfOne();
    const names = Array.from({ length: 8 }, (_, index) => `${index}`);
    const runs = names.map((name) => run(name));
    await finish('0', runs[0] ?? run('none'));
    expect(started).toEqual(['0', '7']);
  });

  it('refuses the oldest past its bound, and says when to come back', async () => {
    const { run, queue } = queueOfOne({ maxWaitMs: 200 });
    void run('running');
    const runs = Array.from({ length: 5 }, (_, index) => run(`${index}`));
    expect(await runs[0]).toBe('SIGN_IN_BUSY 250');
    expect(queue.waiting()).toBe(4);
    expect(queue.refused()).toBe(1);
  });

  it('refuses what has waited for too long, though there is room', async () => {
    const { run, finish, clock, queue } = queueOfOne();
    const running = run('running');
    const waiting = run('waiting');
    clock.advance(2001);
    await finish('running', running);
    expect(await waiting).toMatch(/^SIGN_IN_BUSY \d+$/);
    expect(queue.waiting()).toBe(0);
  });

  it('refuses what has waited for too long also while nothing that runs comes to an end', async () => {
    const { run, queue, started } = queueOfOne({ maxWaitMs: 60 });
    void run('hangs');
    const waiting = run('waiting');
    expect(await Promise.race([waiting, patience(5_000)])).toMatch(/^SIGN_IN_BUSY \d+$/);
    expect([queue.waiting(), queue.refused()]).toEqual([0, 1]);
    expect(started).toEqual(['hangs']);
  });

  it('gives its place back when the work fails', async () => {
    const { queue } = queueOfOne();
    const client = { gone: new AbortController().signal, address: undefined };
    await expect(queue.run(() => Promise.reject(new Error('no')), client)).rejects.toThrow('no');
    expect(await queue.run(() => Promise.resolve('yes'), client)).toBe('yes');
  });

  it('is served to clients in turns: one with many requests does not hold up another one', async () => {
    const { run, finish, started } = queueOfOne();
    const runs = new Map(['0', '1', '2', '3', '4', '5', '6'].map((name) => [name, run(name)]));
    // Two addresses of one IPv6 network are one client.
    for (const [name, address] of [
      ['v6 a', '2001:db8::1'],
      ['v6 b', '2001:db8::2'],
      ['v4', '192.0.2.2'],
    ] as const)
      runs.set(name, run(name, { address }));
    runs.set('7', run('7'));
    for (const name of ['0', '7', 'v4', 'v6 b']) await finish(name, runs.get(name) ?? run('none'));
    // Each had its turn: the client that waits for the longest time has the next one.
    expect(started).toEqual(['0', '7', 'v4', 'v6 b', '6']);
  });

  it('past its bound refuses the oldest of the client with the most requests', async () => {
    const { run, finish, queue } = queueOfOne({ maxWaitMs: 200 });
    const running = run('running');
    const other = run('other', { address: '192.0.2.2' });
    const runs = Array.from({ length: 20 }, (_, index) => run(`${index}`));
    expect(await Promise.all(runs.slice(0, 17))).toEqual(Array(17).fill('SIGN_IN_BUSY 250'));
    expect(queue.waiting()).toBe(4);
    await finish('running', running);
    await finish('other', other);
    expect(await other).toBe('other');
  });
});
