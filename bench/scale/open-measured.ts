import { Redis } from 'ioredis';
import type { Store } from '../../src/cache/index.js';
import { collectGarbage } from '../servers/collect-garbage.js';
import { countedStore } from './counted-store.js';
import { measuredTurns, type Turn } from './measured-turns.js';
import { commandsOf, memoryOf } from './redis-figures.js';
import { openStore } from './subjects/open-store.js';
import { openSubject, type SubjectPlace } from './subjects/open-subject.js';

/** A subject with everything stored, in this process. */
export interface Measured {
  readonly entries: number;
  /** What these entries take, of this process or of its Redis. */
  readonly memoryBytes: number;
  turn(): Promise<Turn>;
  close(): Promise<void>;
}

/** Opens what an axis has at a size; `around` may put something between the engine and its counted store. */
export async function openMeasured(
  place: SubjectPlace,
  around: (store: Store) => Store = (store) => store,
): Promise<Measured> {
  const { redisUrl } = place;
  const redis = redisUrl === undefined ? undefined : new Redis(redisUrl);
  const usedBytes = async (): Promise<number> => (redis === undefined ? usedOfHeap() : memoryOf(redis));
  const { store, roundTrips, settled } = countedStore(openStore(place));
  const before = await usedBytes();
  const subject = await openSubject(around(store), place);
  await settled();
  return {
    entries: subject.entries,
    memoryBytes: (await usedBytes()) - before,
    turn: measuredTurns(subject, {
      roundTrips,
      settled,
      // Commands of other processes would be among them.
      redisCommands: async () =>
        redis === undefined || place.axis === 'processes' ? undefined : commandsOf(redis),
    }),
    close: async () => {
      await subject.close();
      redis?.disconnect();
    },
  };
}

function usedOfHeap(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
