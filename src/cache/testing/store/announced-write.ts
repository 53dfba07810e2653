import { randomUUID } from 'node:crypto';
import type { EntryAddress, Intention, PutOutcome, Store } from '../../store/store.js';
import { bytesOf, KEEP_MS } from './tested-store.js';

const ANNOUNCED = { endsWithinMs: 60_000, keepForMs: KEEP_MS, onlyHot: false };

/** A write that is announced, and what stores its row later. */
export async function announced(store: Store, address: EntryAddress, options: Partial<Intention> = {}) {
  const nonce = randomUUID();
  const [intended] = await store.intend([{ ...address, nonce, ...ANNOUNCED, ...options }]);
  const generation = `own-${nonce}`;
  return {
    isAnnounced: intended?.token !== undefined,
    stamped: [generation, ...(intended?.generations ?? [])],
    abandon: async () => store.abandon([{ ...address, token: intended?.token ?? 'none' }]),
    put: async (text: string, version: number): Promise<PutOutcome | undefined> => {
      const token = intended?.token ?? 'none';
      const row = { ...address, token, version, generation, bytes: bytesOf(text), keepForMs: KEEP_MS };
      return (await store.put([row]))[0];
    },
  };
}

export const versionsOf = (tag: string, version: number): ReadonlyMap<string, number> =>
  new Map([[tag, version]]);
