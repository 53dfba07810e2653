import { eventually, expect } from '../expect.js';
import { check, fillOf, leaseRequest, ONE, OTHER, type StoreCheck, textOf } from './tested-store.js';

/** What is promised about leases. They save loads, and nothing that is right depends on them. */
export const leaseChecks: readonly StoreCheck[] = [
  check('of two that ask for the lease of an entry, one has it', async ({ store }) => {
    const [first] = await store.acquire([leaseRequest(ONE)]);
    const [second] = await store.acquire([leaseRequest(ONE)]);
    expect([first?.leased, second?.leased]).toEqual([true, false]);
    expect(second?.generations).toEqual(first?.generations);
  }),
  check('of many that ask at the same time, one has it', async ({ store }) => {
    const ask = async () => store.acquire([leaseRequest(ONE), leaseRequest(ONE)]);
    const asked = Array.from({ length: 20 }, ask);
    const leased = (await Promise.all(asked)).flat().filter((acquired) => acquired.leased);
    expect(leased).toHaveLength(1);
  }),
  check('leases of different entries are no obstacle to each other', async ({ store }) => {
    const acquired = await store.acquire([leaseRequest(ONE), leaseRequest(OTHER)]);
    expect(acquired.map(({ leased }) => leased)).toEqual([true, true]);
  }),
  check('a request that runs twice has the lease both times', async ({ store }) => {
    const request = leaseRequest(ONE);
    const [first] = await store.acquire([request]);
    const [again] = await store.acquire([request]);
    expect([first?.leased, again?.leased]).toEqual([true, true]);
  }),
  check('a lease that was released is free, by its owner only', async ({ store }) => {
    const request = leaseRequest(ONE);
    await store.acquire([request]);
    await store.release([{ key: ONE.key, token: 'of another' }]);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(false);
    await store.release([request]);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(true);
  }),
  check('a late release leaves the lease of the successor alone', async ({ store }) => {
    const late = leaseRequest(ONE);
    await store.acquire([late]);
    await store.release([late]);
    await store.acquire([leaseRequest(ONE)]);
    await store.release([late]);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(false);
  }),
  check('a fill gives the lease back, and the next to ask is told the entry', async ({ store }) => {
    const request = leaseRequest(ONE);
    const [{ generations = [] } = {}] = await store.acquire([request]);
    await store.fill([{ ...fillOf(ONE, 'one', generations), token: request.token }]);
    const [next] = await store.acquire([leaseRequest(ONE)]);
    expect(next?.leased).toBe(true);
    expect(textOf(next?.bytes)).toBe('one');
  }),
  check('a fill that is outdated gives the lease back as well', async ({ store }) => {
    const request = leaseRequest(ONE);
    await store.acquire([request]);
    await store.fill([{ ...fillOf(ONE, 'one', ['made-up']), token: request.token }]);
    expect((await store.acquire([leaseRequest(ONE)]))[0]).toMatchObject({ bytes: undefined, leased: true });
  }),
  check(
    'a lease under a generation that has ended is no obstacle: of the key, or of a tag',
    async ({ store }) => {
      for (const tag of [ONE.key, 'Person:7']) {
        await store.acquire([leaseRequest(ONE)]);
        await store.invalidate([tag]);
        expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(true);
        expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(false);
        await store.invalidate([ONE.key]);
      }
    },
  ),
  check('only the owner of a lease can renew it, and only while it has it', async ({ store }) => {
    const request = leaseRequest(ONE);
    await store.acquire([request]);
    const [mine, others] = [request, leaseRequest(ONE)];
    expect(await store.renew([mine, others])).toEqual([true, false]);
    await store.release([mine]);
    expect(await store.renew([mine])).toEqual([false]);
  }),
  check('a process that watches hears of a lease that ends while another waits for it', async ({ store }) => {
    const heard: string[] = [];
    store.watch?.((key) => heard.push(key));
    for (const address of [ONE, OTHER]) {
      const request = leaseRequest(address);
      await store.acquire([request]);
      if (address === OTHER) await store.acquire([leaseRequest(address)]);
      await store.release([request]);
    }
    await eventually(() => heard, store.watch === undefined ? [] : [OTHER.key]);
  }),
];

/** The same, where time passes. */
export const leaseTimeChecks: readonly StoreCheck[] = [
  check('a lease ends by itself, later when it was renewed', async ({ store, pass }) => {
    const request = leaseRequest(ONE, { leaseMs: 1000 });
    await store.acquire([request]);
    await pass?.(600);
    await store.renew([request]);
    await pass?.(600);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(false);
    await pass?.(600);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(true);
    expect(await store.renew([request])).toEqual([false]);
  }),
];
