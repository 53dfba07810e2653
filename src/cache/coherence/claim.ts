import { createNonces } from '../store/nonces.js';
import type { Acquired, AskOptions, EntryAddress, Lease, Store } from '../store/store.js';
import type { EntryField } from './entry-field.js';

/** What there is before a load. All who ask in one tick share it, so the lease can be taken once. */
export interface Claim extends Pick<Acquired, 'bytes' | 'generations'> {
  /** The lease, for the first process that asks: the one that has it loads, and no other does. */
  takeLease(): Lease | undefined;
}

const nextToken = createNonces();

/** Acquires once for each entry, however often it is wanted. */
export async function claimsOf(
  store: Store,
  wanted: readonly { readonly field: EntryField; readonly address: EntryAddress }[],
  { leaseMs, ...asking }: { readonly leaseMs: number } & AskOptions,
): Promise<readonly Claim[]> {
  const indexes = new Map<string, number>();
  const requests: {
    key: string;
    row: string | undefined;
    tags: readonly string[];
    token: string;
    leaseMs: number;
    keepForMs: number;
    owner: string | undefined;
  }[] = [];
  const places = wanted.map(({ field, address: { key, row, tags } }) => {
    const name = `${key}\n${tags.join('\n')}`;
    const known = indexes.get(name);
    if (known !== undefined) return known;
    const { ttlMs, staleMs } = field.lifetime;
    const owner = field.coordinate;
    const index =
      requests.push({ key, row, tags, token: nextToken(), leaseMs, keepForMs: ttlMs + staleMs, owner }) - 1;
    indexes.set(name, index);
    return index;
  });
  const acquired = await store.acquire(requests, asking);
  const claims = requests.map((request, index) => claimOf(request, acquired[index]));
  return places.map((index) => claims[index] ?? claimOf({ key: '', token: '' }, undefined));
}

function claimOf({ key, row, token }: Lease, acquired: Acquired | undefined): Claim {
  if (acquired === undefined) throw new Error('the store answered with fewer entries than it was asked for');
  let isLeft = acquired.leased;
  return {
    bytes: acquired.bytes,
    generations: acquired.generations,
    takeLease() {
      if (!isLeft) return undefined;
      isLeft = false;
      return { key, row, token };
    },
  };
}
