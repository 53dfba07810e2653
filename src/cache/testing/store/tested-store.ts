import { randomUUID } from 'node:crypto';
import { generationsMatch } from '../../coherence/generations.js';
import type { EntryAddress, Fill, FillOutcome, LeaseRequest, Reading, Store } from '../../store/store.js';
import { expect } from '../expect.js';

/** A new, empty store, and how its time passes. */
export interface TestedStore {
  readonly store: Store;
  /** Lets `ms` milliseconds pass for everything the store keeps, without waiting. Undefined: expiry is not checked. */
  readonly pass?: (ms: number) => void | Promise<void>;
}

/** One promise of every store: a true sentence, and the check that throws where it is not kept. */
export interface StoreCheck {
  readonly title: string;
  check(tested: TestedStore): Promise<void>;
}

/** A request for the lease of an entry, under a token of its own. */
export function leaseRequest(address: EntryAddress, request: Partial<LeaseRequest> = {}): LeaseRequest {
  return { ...address, token: randomUUID(), leaseMs: 1500, keepForMs: 3_600_000, ...request };
}

/** The generations under which loads of these entries would begin: of each key, of its tags, and of the store. */
export async function generationsFor(
  store: Store,
  addresses: readonly EntryAddress[],
): Promise<readonly (readonly string[])[]> {
  const acquired = await store.acquire(addresses.map((address) => leaseRequest(address)));
  return acquired.map(({ generations = [] }) => generations);
}

export const KEEP_MS = 3_600_000;
export const ONE: EntryAddress = { key: 'Movie:1', tags: ['Movies', 'Person:7'] };
export const OTHER: EntryAddress = { key: 'Movie:2', tags: [] };

export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');

export async function captureOne(store: Store, address: EntryAddress): Promise<readonly string[]> {
  const captured = await generationsFor(store, [address]);
  expect(captured).toHaveLength(1);
  return captured[0] ?? [];
}

export async function readOne(store: Store, address: EntryAddress): Promise<Reading> {
  const readings = await store.read([address]);
  expect(readings).toHaveLength(1);
  return readings[0] ?? { bytes: undefined, generations: [] };
}

/** What a reader would be answered: the bytes, where every generation is still the present one. */
export async function hitOf(
  store: Store,
  address: EntryAddress,
  stamped: readonly string[],
): Promise<string | undefined> {
  const { bytes, generations } = await readOne(store, address);
  return generationsMatch(stamped, generations) ? textOf(bytes) : undefined;
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('utf8');
}

export function fillOf(address: EntryAddress, text: string, generations: readonly string[]): Fill {
  return { ...address, bytes: bytesOf(text), generations, keepForMs: KEEP_MS };
}

export async function fillOne(store: Store, fill: Fill): Promise<FillOutcome | undefined> {
  const outcomes = await store.fill([fill]);
  expect(outcomes).toHaveLength(1);
  return outcomes[0];
}

/** Captures and fills in one go, as a load without anything in between. */
export async function put(store: Store, address: EntryAddress, text: string): Promise<readonly string[]> {
  const generations = await captureOne(store, address);
  expect(await fillOne(store, fillOf(address, text, generations))).toBe('stored');
  return generations;
}

export const check = (title: string, run: (tested: TestedStore) => Promise<void>): StoreCheck => ({
  title,
  check: run,
});
