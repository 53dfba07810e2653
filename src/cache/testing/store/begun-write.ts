import { randomUUID } from 'node:crypto';
import { generationOfVersion } from '../../store/generation-text.js';
import type { EntryAddress, Intention, Put, PutOutcome, Store } from '../../store/store.js';
import { bytesOf, KEEP_MS } from './tested-store.js';

/** A write before its transaction, and what stores its row later. */
export async function begun(store: Store, address: EntryAddress, options: Partial<Intention> = {}) {
  const [intended] = await store.intend([{ ...address, keepForMs: KEEP_MS, onlyHot: false, ...options }]);
  const captured = intended?.captured ?? 'none';
  const row = (text: string, version: number): Put => {
    const generation = generationOfVersion(captured, version, randomUUID());
    return { ...address, captured, version, generation, bytes: bytesOf(text), keepForMs: KEEP_MS };
  };
  return {
    mayStore: intended?.captured !== undefined,
    row,
    stamped: ({ generation }: Put): readonly string[] => [generation, ...(intended?.generations ?? [])],
    put: async (put: Put): Promise<PutOutcome | undefined> => (await store.put([put]))[0],
    /** With the invalidation of its key, in one step where the store can. */
    commit: async (put: Put): Promise<PutOutcome | undefined> => {
      const tag = address.row ?? address.key;
      const outcome = await store.invalidate([tag], versionsOf(tag, put.version), put);
      return typeof outcome === 'string' ? outcome : (await store.put([put]))[0];
    },
  };
}

export const versionsOf = (tag: string, version: number): ReadonlyMap<string, number> =>
  new Map([[tag, version]]);
