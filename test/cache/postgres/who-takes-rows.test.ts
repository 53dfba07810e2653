import { describe, expect, it } from 'vitest';
import { whoTakesRows } from '../../../src/cache/postgres/who-takes-rows.js';

describe('of several processes', () => {
  const inVain = (one: ReturnType<typeof whoTakesRows>): void => {
    one.told();
    one.looked(0);
  };

  it('one that is told of rows and finds none leads no longer, until it takes some', () => {
    const one = whoTakesRows();
    expect(one.leads()).toBe(true);
    inVain(one);
    expect(one.leads()).toBe(true);
    inVain(one);
    expect(one.leads()).toBe(false);
    one.told();
    one.looked(3);
    expect(one.leads()).toBe(true);
  });

  it('one that looked by itself and found nothing says nothing about who leads', () => {
    const one = whoTakesRows();
    for (let look = 0; look < 5; look += 1) one.looked(0);
    expect(one.leads()).toBe(true);
  });

  it('there is always one that leads, also while one takes the rows of its own writes before the other comes', () => {
    const [writes, watches] = [whoTakesRows(), whoTakesRows()];
    for (let look = 0; look < 2; look += 1) inVain(writes);
    for (let write = 0; write < 5; write += 1) {
      writes.looked(1);
      inVain(watches);
    }
    expect([writes.leads(), watches.leads()]).toEqual([true, false]);
  });
});
