import { expect } from '../expect.js';
import { bytesOf, check, type StoreCheck, textOf } from './tested-store.js';

/** What is promised about counting what is asked for. It only chooses what is kept warm. */
export const popularityChecks: readonly StoreCheck[] = [
  check(
    'argument sets are counted together, and come back as they were, the most asked for first',
    async ({ store }) => {
      const binary = Uint8Array.from([0, 255, 128, 10]);
      await store.countAsked?.('Query.chart', [
        { argumentSet: bytesOf('once'), times: 1 },
        { argumentSet: binary, times: 3 },
      ]);
      await store.countAsked?.('Query.chart', [{ argumentSet: bytesOf('once'), times: 4 }]);
      const most = (await store.mostAsked?.('Query.chart', 10)) ?? [];
      expect(most.map(({ argumentSet, times }) => [Buffer.from(argumentSet), times])).toEqual([
        [Buffer.from('once'), 5],
        [Buffer.from(binary), 3],
      ]);
      expect(await store.mostAsked?.('Query.chart', 1)).toHaveLength(1);
      expect(await store.mostAsked?.('Query.other', 10)).toEqual([]);
    },
  ),
  check('only so many argument sets of a field are kept: those most asked for', async ({ store }) => {
    const asked = Array.from({ length: 700 }, (_, number) => ({
      argumentSet: bytesOf(`set ${number}`),
      times: number + 1,
    }));
    await store.countAsked?.('Query.chart', asked);
    const most = (await store.mostAsked?.('Query.chart', 1000)) ?? [];
    expect([most.length, most[0]?.times, most.at(-1)?.times]).toEqual([500, 700, 201]);
  }),
];

/** The same, where time passes. */
export const popularityTimeChecks: readonly StoreCheck[] = [
  check('counts fade by half in ten minutes', async ({ store, pass }) => {
    await store.countAsked?.('Query.chart', [{ argumentSet: bytesOf('old'), times: 8 }]);
    await pass?.(10 * 60_000);
    await store.countAsked?.('Query.chart', []);
    await store.countAsked?.('Query.chart', [{ argumentSet: bytesOf('new'), times: 3 }]);
    const most = (await store.mostAsked?.('Query.chart', 10)) ?? [];
    expect(most.map(({ argumentSet, times }) => [textOf(argumentSet), times])).toEqual([
      ['old', 4],
      ['new', 3],
    ]);
  }),
];
