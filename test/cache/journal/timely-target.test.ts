import { expect, it } from 'vitest';
import { LateFlush, timelyTarget } from '../../../src/cache/journal/timely-target.js';
import { manualClock } from '../../../src/cache/testing/index.js';

const WRITES = [{ key: 'Row:1', seq: 1, state: {} }];

it('begins another flush each ten minutes where three of a target never end, and none sooner', async () => {
  const clock = manualClock();
  let begun = 0;
  const target = timelyTarget(
    {
      flush: () => {
        begun += 1;
        return new Promise<void>(() => undefined);
      },
      isPermanent: () => undefined,
    },
    clock,
  );
  const flushed = async (): Promise<unknown> => {
    const failing = Promise.resolve(target.flush(WRITES)).catch((error: unknown) => error);
    clock.advance(30_000);
    return failing;
  };
  for (let round = 0; round < 3; round += 1) expect(await flushed()).toBeInstanceOf(LateFlush);
  for (let round = 0; round < 19; round += 1) expect(await flushed()).toBeInstanceOf(LateFlush);
  expect(begun).toBe(3);
  expect(await flushed()).toBeInstanceOf(LateFlush);
  expect(begun).toBe(4);
});
