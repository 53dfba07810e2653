import { expect, it } from 'vitest';
import { SecondSight } from '../../../src/cache/memo/second-sight.js';

/** How many of so many things, each asked once a round, are still seen for the first time in a round. */
function firstSights(things: number, round: number): number {
  const sights = new SecondSight();
  let first = 0;
  for (let at = 1; at <= round; at += 1) {
    first = 0;
    for (let thing = 0; thing < things; thing += 1)
      if (!sights.isSecond(`7 acme {"id":"${thing}"}`)) first += 1;
  }
  return first;
}

it('sees whatever is asked a second time, though things share a bucket', () => {
  // With one place for each hash, 390 of these would push each other out in every round.
  expect(firstSights(5000, 1)).toBe(5000);
  expect(firstSights(5000, 2)).toBeLessThan(5);
});

it('forgets what came before a flood of things that are asked once', () => {
  const sights = new SecondSight();
  expect([sights.isSecond('mine'), sights.isSecond('mine')]).toEqual([false, true]);
  for (let thing = 0; thing < 1_000_000; thing += 1) sights.isSecond(`flood ${thing}`);
  expect(sights.isSecond('mine')).toBe(false);
});
