import type { Redis } from 'ioredis';
import type { EntryAddress, Reading } from '../store.js';
import type { RedisNames } from './redis-names.js';

/** Keys in one MGET: a longer one would keep Redis from everybody else. */
const KEYS_PER_READ = 1000;

/** Where the parts of one reading stand in the reply. */
interface Places {
  readonly entry: number;
  readonly generations: readonly number[];
}

/** Reads entries and the generations they depend on with one MGET; what several ask for is asked for once. */
export async function readEntries(
  redis: Redis,
  names: RedisNames,
  addresses: readonly EntryAddress[],
): Promise<readonly Reading[]> {
  if (addresses.length === 0) return [];
  const wanted = [names.epoch];
  const generationAt = new Map<string, number>();
  const at = (tag: string): number => {
    let index = generationAt.get(tag);
    if (index === undefined) {
      index = wanted.push(names.generation(tag)) - 1;
      generationAt.set(tag, index);
    }
    return index;
  };
  const entryAt = new Map<string, number>();
  const placesOf = ({ key, tags }: EntryAddress): Places => {
    let entry = entryAt.get(key);
    if (entry === undefined) {
      entry = wanted.push(names.entry(key)) - 1;
      entryAt.set(key, entry);
    }
    return { entry, generations: tags.length === 0 ? [at(key)] : [at(key), ...tags.map(at)] };
  };
  // Requests of one tick mostly ask for the same: who names an entry without tags again gets the same reading.
  const untagged = new Map<string, number>();
  const places: Places[] = [];
  const placeOf = addresses.map((address) => {
    const known = address.tags.length === 0 ? untagged.get(address.key) : undefined;
    if (known !== undefined) return known;
    const index = places.push(placesOf(address)) - 1;
    if (address.tags.length === 0) untagged.set(address.key, index);
    return index;
  });
  const values = await readTexts(redis, wanted);
  const epoch = values[0]?.toString('latin1');
  const readings = places.map(({ entry, generations }): Reading => ({
    bytes: values[entry] ?? undefined,
    generations: [...generations.map((index) => values[index]?.toString('latin1')), epoch],
  }));
  return placeOf.map((index) => readings[index] ?? { bytes: undefined, generations: [] });
}

/** The values of keys, in their order; null where there is none, or none that is text. */
export async function readTexts(redis: Redis, keys: readonly string[]): Promise<(Buffer | null)[]> {
  if (keys.length <= KEYS_PER_READ) return redis.mgetBuffer([...keys]);
  const parts: Promise<(Buffer | null)[]>[] = [];
  for (let start = 0; start < keys.length; start += KEYS_PER_READ) {
    parts.push(redis.mgetBuffer(keys.slice(start, start + KEYS_PER_READ)));
  }
  return (await Promise.all(parts)).flat();
}
