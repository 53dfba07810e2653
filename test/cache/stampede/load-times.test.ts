import { describe, expect, it } from 'vitest';
import { createFieldCounters } from '../../../src/cache/metrics/field-counters.js';
import { createDeferred } from '../../../src/cache/time/deferred.js';
import { LoadTimes } from '../../../src/cache/stampede/load-times.js';
import { manualClock } from '../../support/manual-clock.js';

const lifetime = { ttlMs: 1, negativeTtlMs: 1, staleMs: 0, localMs: 0, maxBytes: 1 };

function timesOf(deadlineMs = 30_000) {
  const clock = manualClock();
  const times = new LoadTimes({ waitAtMostMs: 10_000, deadlineMs, clock });
  const field = { counters: createFieldCounters(), lifetime };
  return {
    clock,
    counters: field.counters,
    asked: (loaded: Promise<unknown>) => times.asked(field, loaded),
    patience: () => Math.round(times.patienceMs(field)),
    isQuick: () => times.isQuick(field),
    note: (loadMs: number, count = 1) => {
      for (let load = 0; load < count; load += 1) times.note(field, loadMs);
    },
  };
}

describe('a field is loaded without the store', () => {
  it('where its loads take a moment, and not where they take longer, or nothing is known of them', () => {
    const { note, isQuick } = timesOf();
    expect(isQuick()).toBe(false);
    note(3);
    expect(isQuick()).toBe(true);
    note(60, 3);
    expect(isQuick()).toBe(false);
    note(3, 50);
    expect(isQuick()).toBe(true);
  });
});

describe('a field is not loaded without the store', () => {
  it('while its origin fails, or has not answered for long', async () => {
    const { asked, note, isQuick, clock } = timesOf();
    note(3, 5);
    const [failing, hanging] = [createDeferred<void>(), createDeferred<void>()];
    asked(failing.promise);
    expect(isQuick()).toBe(true);
    failing.reject(new Error('the database is away'));
    await Promise.allSettled([failing.promise]);
    expect(isQuick()).toBe(false);
    note(3);
    expect(isQuick()).toBe(true);
    asked(hanging.promise);
    clock.advance(100);
    expect(isQuick()).toBe(false);
    hanging.reject(new Error('it hung'));
    await Promise.allSettled([hanging.promise]);
    asked(Promise.resolve());
    await Promise.resolve();
    await Promise.resolve();
    expect(isQuick()).toBe(true);
  });
});

describe('the load of another process is waited for', () => {
  it('for half a second where loads of the field take a moment', () => {
    const { note, patience } = timesOf();
    note(5);
    expect(patience()).toBe(500);
  });

  it('for three times what a slow report takes, and a little longer while there are few of them', () => {
    const { note, patience } = timesOf();
    note(2000);
    expect(patience()).toBe(9000);
    note(2000, 30);
    expect(patience()).toBe(6001);
  });

  it('for longer after loads that took longer, and what was long ago fades', () => {
    const { note, patience } = timesOf();
    note(2000, 50);
    note(20, 100);
    expect(patience()).toBe(500);
  });

  it('for four seconds where nothing is known, or as its hits say', () => {
    const { counters, patience } = timesOf();
    expect(patience()).toBe(4000);
    Object.assign(counters, { hits: 10, savedMs: 10_000 });
    expect(patience()).toBe(4500);
  });

  it('never for longer than waitAtMostMs, or half of the deadline', () => {
    const slow = timesOf();
    slow.note(8000);
    expect(slow.patience()).toBe(10_000);
    const short = timesOf(600);
    short.note(5);
    expect(short.patience()).toBe(300);
  });
});
