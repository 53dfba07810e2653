import type { Store } from '../../../src/cache/index.js';
import type { EntryAddress, Reading } from '../../../src/cache/types/index.js';

/**
 * Stores that break one promise of the contract each: a contract that lets one of them pass proves nothing. See also
 * `planted-stores.ts`.
 */
export type Breaking = (store: Store) => Store;

const reading = (
  store: Store,
  change: (reading: Reading, address: EntryAddress | undefined) => Reading,
): Store => ({
  ...store,
  read: async (addresses) => (await store.read(addresses)).map((found, at) => change(found, addresses[at])),
});

/** An invalidation that renews the generation and leaves the entry where it is. */
export function withoutDelete(store: Store): Store {
  const kept = new Map<string, Uint8Array>();
  const behind = reading(store, (found, address) => ({
    ...found,
    bytes: found.bytes ?? kept.get(address?.key ?? ''),
  }));
  return {
    ...behind,
    fill: async (fills) => {
      const outcomes = await store.fill(fills);
      fills.forEach(({ key, bytes }, at) => void (outcomes[at] === 'stored' && kept.set(key, bytes)));
      return outcomes;
    },
  };
}

/** Generations that are counted and begin again after each loss: an old entry comes back to life. */
export function withCountedGenerations(store: Store): Store {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  const nameOf = (tag: string, generation: string): string => {
    const known = names.get(generation);
    if (known !== undefined) return known;
    const count = ((counts.get(tag) ?? 0) % 2) + 1;
    counts.set(tag, count);
    names.set(generation, `${tag.length}-${count}`);
    return `${tag.length}-${count}`;
  };
  return {
    ...store,
    acquire: async (requests) =>
      (await store.acquire(requests)).map((acquired, at) => {
        const { key = '', tags = [] } = requests[at] ?? {};
        const { generations } = acquired;
        const named = generations?.map((generation, index) =>
          nameOf([key, ...tags][index] ?? '', generation),
        );
        return { ...acquired, generations: named };
      }),
  };
}

/** A capture that renews what it finds, so that no fill ever fits. */
export function withRestlessCapture(store: Store): Store {
  return {
    ...store,
    acquire: async (requests) => {
      await store.invalidate(requests.flatMap(({ tags }) => tags));
      return store.acquire(requests);
    },
  };
}

/** Bytes that went through text on their way. */
export function withTextBytes(store: Store): Store {
  return reading(store, (found) => ({
    ...found,
    bytes: found.bytes && Buffer.from(Buffer.from(found.bytes).toString('utf8'), 'utf8'),
  }));
}

/** Answers of a batch in another order than they were asked for. */
export function withDisorder(store: Store): Store {
  return { ...store, read: async (addresses) => [...(await store.read([...addresses].reverse()))] };
}

/** Keys that are cut at a NUL or a line break, as text protocols do. */
export function withCutKeys(store: Store): Store {
  const cut = <T extends EntryAddress>(address: T): T => ({
    ...address,
    key: address.key.split(/[\0\n]/)[0] ?? '',
  });
  return {
    ...store,
    read: (addresses) => store.read(addresses.map(cut)),
    acquire: (requests) => store.acquire(requests.map(cut)),
    fill: (fills) => store.fill(fills.map(cut)),
  };
}

/** A store that keeps everything for ever. */
export function withoutExpiry(store: Store): Store {
  return { ...store, fill: (fills) => store.fill(fills.map((fill) => ({ ...fill, keepForMs: 1e12 }))) };
}

/** A store that cannot be asked for nothing, as a command without its arguments. */
export function withoutEmptyBatches(store: Store): Store {
  return {
    ...store,
    invalidate: (tags, versions) => {
      if (tags.length === 0) throw new Error("wrong number of arguments for 'del' command");
      return store.invalidate(tags, versions);
    },
  };
}

/** An invalidation that forgets every tag but the first. */
export function withPartialInvalidation(store: Store): Store {
  return { ...store, invalidate: (tags, versions) => store.invalidate(tags.slice(0, 1), versions) };
}

/** Leases for everybody who asks. */
export function withLeasesForAll(store: Store): Store {
  return {
    ...store,
    acquire: async (requests) =>
      (await store.acquire(requests)).map((acquired) => ({ ...acquired, leased: true })),
  };
}

/** A release that does not look whose lease it is. */
export function withRoughRelease(store: Store): Store {
  const owners = new Map<string, string>();
  return {
    ...store,
    acquire: async (requests) => {
      const acquired = await store.acquire(requests);
      acquired.forEach(({ leased }, at) => {
        const { key = '', token = '' } = requests[at] ?? {};
        if (leased) owners.set(key, token);
      });
      return acquired;
    },
    release: (leases) => store.release(leases.map(({ key }) => ({ key, token: owners.get(key) ?? '' }))),
  };
}

/** Leases that outlive an invalidation, so that a reader waits for a load that began before it. */
export function withStubbornLeases(store: Store): Store {
  const given = new Set<string>();
  return {
    ...store,
    acquire: async (requests) =>
      (await store.acquire(requests)).map((acquired, at) => {
        const key = requests[at]?.key ?? '';
        const leased = acquired.leased && !given.has(key);
        if (leased) given.add(key);
        return { ...acquired, leased };
      }),
    release: (leases) => {
      for (const { key } of leases) given.delete(key);
      return store.release(leases);
    },
  };
}
