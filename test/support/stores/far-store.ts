import { memoryStore, type Store } from '../../../src/cache/index.js';
import type { EntryAddress } from '../../../src/cache/types/index.js';

/** A store behind one promise a read, that tells what it was asked for. */
export function farStore(): { store: Store; reads: string[][] } {
  const store = memoryStore();
  const reads: string[][] = [];
  return {
    reads,
    store: {
      ...store,
      isLocal: false,
      read: async (addresses: readonly EntryAddress[]) => {
        reads.push(addresses.map(({ key }) => key));
        return Promise.resolve(store.read(addresses));
      },
    },
  };
}
