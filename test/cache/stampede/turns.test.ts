import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/cache/stampede/turns.js';
import { createGate, type Gate } from '../../support/gate.js';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Begins so many works of an owner, and counts those that run. */
function begin(turns: Turns, owner: object, { count, gate }: { count: number; gate: Gate }) {
  let running = 0;
  const work = async (): Promise<void> => {
    running += 1;
    await gate.wait();
    running -= 1;
  };
  const all = Promise.all(Array.from({ length: count }, () => turns.run(owner, work)));
  return { all, running: () => running };
}

describe('turns', () => {
  it('leave places to others, whoever came first: of 64 one owner gets 48, a second 12, a third 3, a fourth 1', async () => {
    const turns = new Turns(64);
    const gate = createGate();
    const owners = [{}, {}, {}, {}].map((owner) => begin(turns, owner, { count: 64, gate }));
    await tick();
    // All came in the same moment: they share, and leave some to a fifth.
    expect(owners.map(({ running }) => running())).toEqual([15, 15, 15, 15]);
    gate.open();
    await Promise.all(owners.map(({ all }) => all));
    const second = createGate();
    const later = [];
    for (const owner of [{}, {}, {}, {}]) {
      later.push(begin(turns, owner, { count: 64, gate: second }));
      await tick();
    }
    expect(later.map(({ running }) => running())).toEqual([48, 12, 3, 1]);
    second.open();
    await Promise.all(later.map(({ all }) => all));
    expect(turns.size).toBe(0);
  });

  it('are all for one owner where there are few', async () => {
    const turns = new Turns(8);
    const gate = createGate();
    const { all, running } = begin(turns, {}, { count: 20, gate });
    await tick();
    expect(running()).toBe(8);
    gate.open();
    await all;
  });

  it('go on when there are more of them, and after work that failed', async () => {
    const turns = new Turns(1);
    const gate = createGate();
    const { all, running } = begin(turns, {}, { count: 3, gate });
    await tick();
    expect(running()).toBe(1);
    turns.atMost = 2;
    await tick();
    expect(running()).toBe(2);
    gate.open();
    await all;
    await expect(turns.run({}, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(turns.size).toBe(0);
  });

  it('of work that others wait for begin now, past the bound, and once', async () => {
    const turns = new Turns(1);
    const gate = createGate();
    const { all } = begin(turns, {}, { count: 2, gate });
    await tick();
    let beginNow: () => void = () => undefined;
    const owner = {};
    const hurried = turns.run(
      owner,
      () => Promise.resolve('done'),
      (now) => (beginNow = now),
    );
    await tick();
    expect(turns.waiting).toBe(2);
    beginNow();
    beginNow();
    expect(await hurried).toBe('done');
    beginNow();
    expect([turns.size, turns.waiting, turns.isAwaitedBy(owner)]).toEqual([2, 1, false]);
    gate.open();
    await all;
    expect([turns.size, turns.waiting]).toEqual([0, 0]);
  });
});
