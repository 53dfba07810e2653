import { expect, it } from 'vitest';
import { StoreAway } from '../../../src/cache/store/store-away.js';
import { troubleLog } from '../../../src/cache/store/trouble-log.js';
import { cacheLog } from '../../support/cache-log.js';
import { manualClock } from '../../support/manual-clock.js';

it('a store that keeps failing is told once a second, with the number of failures', () => {
  const [clock, log] = [manualClock(), cacheLog()];
  const trouble = troubleLog('redis', { log, clock });
  for (let times = 0; times < 100; times += 1) trouble('read', new Error('OOM'));
  trouble('fill', new Error('OOM'));
  clock.advance(1000);
  trouble('read', new Error('OOM'));
  expect(log.lines).toEqual([
    'warn the store failed; the origin answers {"store":"redis","operation":"read","failures":1,"error":"Error: OOM"}',
    'warn the store failed; the origin answers {"store":"redis","operation":"fill","failures":1,"error":"Error: OOM"}',
    'warn the store failed; the origin answers {"store":"redis","operation":"read","failures":100,"error":"Error: OOM"}',
  ]);
});

it('a store that is away says so itself', () => {
  const log = cacheLog();
  troubleLog('redis', { log, clock: manualClock() })('read', new StoreAway('the store is away'));
  expect(log.lines).toEqual([]);
});
