import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { PendingLoad } from '../../../src/cache/stampede/pending-load.js';

it('loads that wait behind each other keep nothing of those that have ended', async () => {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('there is no collector to call');
  const values: WeakRef<object>[] = [];
  let last = new PendingLoad<object>();
  for (let load = 0; load < 100; load += 1) {
    const next = new PendingLoad<object>();
    next.waitBehind(last);
    const value = { load };
    values.push(new WeakRef(value));
    last.resolve(value);
    await last.promise;
    last = next;
  }
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(values.filter((value) => value.deref() !== undefined).length).toBeLessThan(5);
  expect(last.isSettled).toBe(false);
});
