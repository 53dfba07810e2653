import { randomUUID } from 'node:crypto';
import type { EntryAddress, LeaseRequest, Store } from '../../src/cache/index.js';

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
  return acquired.map(({ generations }) => generations);
}
