import type { EntryAddress } from '../../store/store.js';
import { expect } from '../expect.js';
import { begun, versionsOf } from './begun-write.js';
import {
  captureOne,
  check,
  fillOf,
  fillOne,
  hitOf,
  leaseRequest,
  put,
  type StoreCheck,
} from './tested-store.js';

const IN_GERMAN: EntryAddress = { key: 'Film:1|locale=de', row: 'Film:1', tags: ['|locale=de'] };
const IN_FRENCH: EntryAddress = { key: 'Film:1|locale=fr', row: 'Film:1', tags: ['|locale=fr'] };

/** What is promised about several variants of one row. */
export const variantChecks: readonly StoreCheck[] = [
  check('each variant of a row is an entry of its own', async ({ store }) => {
    const german = await put(store, IN_GERMAN, 'deutsch');
    const french = await put(store, IN_FRENCH, 'français');
    expect(await hitOf(store, IN_GERMAN, german)).toBe('deutsch');
    expect(await hitOf(store, IN_FRENCH, french)).toBe('français');
    expect(german[0]).toBe(french[0]);
  }),
  check(
    'one invalidation of the row ends all of its variants, and loads that began before',
    async ({ store }) => {
      const german = await put(store, IN_GERMAN, 'deutsch');
      const french = await captureOne(store, IN_FRENCH);
      await store.invalidate(['Film:1']);
      expect(await hitOf(store, IN_GERMAN, german)).toBeUndefined();
      expect(await fillOne(store, fillOf(IN_FRENCH, 'late', french))).toBe('outdated');
    },
  ),
  check('the tag of one variant ends that variant alone', async ({ store }) => {
    const german = await put(store, IN_GERMAN, 'deutsch');
    const french = await put(store, IN_FRENCH, 'français');
    await store.invalidate(['|locale=de']);
    expect(await hitOf(store, IN_GERMAN, german)).toBeUndefined();
    expect(await hitOf(store, IN_FRENCH, french)).toBe('français');
  }),
  check(
    'the loads of two variants do not wait for one another, and each lease is given back',
    async ({ store }) => {
      const request = leaseRequest(IN_GERMAN);
      expect((await store.acquire([request]))[0]?.leased).toBe(true);
      expect((await store.acquire([leaseRequest(IN_FRENCH)]))[0]?.leased).toBe(true);
      expect((await store.acquire([leaseRequest(IN_GERMAN)]))[0]?.leased).toBe(false);
      expect(await store.renew([request])).toEqual([true]);
      await store.release([request]);
      expect((await store.acquire([leaseRequest(IN_GERMAN)]))[0]?.leased).toBe(true);
    },
  ),
  check('a write stores its own variant and ends the others', async ({ store }) => {
    const french = await put(store, IN_FRENCH, 'alt');
    const write = await begun(store, IN_GERMAN);
    await store.invalidate(['Film:1'], versionsOf('Film:1', 2));
    const between = await put(store, IN_FRENCH, 'neu');
    const row = write.row('deutsch', 2);
    expect(await write.put(row)).toBe('stored');
    expect(await hitOf(store, IN_GERMAN, write.stamped(row))).toBe('deutsch');
    expect(await hitOf(store, IN_FRENCH, french)).toBeUndefined();
    expect(await hitOf(store, IN_FRENCH, between)).toBeUndefined();
    const next = await begun(store, IN_FRENCH);
    const later = next.row('français', 3);
    expect(await next.commit(later)).toBe('stored');
    expect(await hitOf(store, IN_FRENCH, next.stamped(later))).toBe('français');
    expect(await hitOf(store, IN_GERMAN, write.stamped(row))).toBeUndefined();
  }),
  check(
    'a later version that was written in another variant is stored, and an earlier one is not',
    async ({ store }) => {
      const [earlier, later] = [await begun(store, IN_GERMAN), await begun(store, IN_FRENCH)];
      const third = later.row('third', 3);
      expect(await later.put(third)).toBe('stored');
      expect(await earlier.put(earlier.row('second', 2))).toBe('refused');
      expect(await hitOf(store, IN_FRENCH, later.stamped(third))).toBe('third');
    },
  ),
];
