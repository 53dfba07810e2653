import { expect, it } from 'vitest';
import { RecentKeys } from '../../../src/cache/store/recent-keys.js';

it('knows whatever comes a second time, though keys share their places', () => {
  const keys = new RecentKeys(65_536);
  const unknown = (): number => {
    let count = 0;
    for (let id = 0; id < 5000; id += 1) if (!keys.add(`7 acme {"id":"${id}"}`)) count += 1;
    return count;
  };
  expect(unknown()).toBeGreaterThan(4995);
  // More than four share theirs by chance: one on average, and once in millions of times fifty. With one place for each, some 390
  // would push each other out in every round.
  expect(unknown()).toBeLessThan(50);
});

it('forgets what came before a flood of keys that come once', () => {
  const keys = new RecentKeys(1024);
  expect([keys.add('mine'), keys.add('mine')]).toEqual([false, true]);
  for (let key = 0; key < 50_000; key += 1) keys.add(`flood ${key}`);
  expect(keys.add('mine')).toBe(false);
});

it('has a key no more once it was taken back', () => {
  const keys = new RecentKeys(64);
  keys.add('mine');
  expect([keys.takeBack('mine'), keys.takeBack('mine'), keys.add('mine')]).toEqual([true, false, false]);
});
