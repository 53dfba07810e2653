import type { Redis } from 'ioredis';
import { sharedText } from '../../codec/shared-text.js';
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
  let lastTags: readonly string[] = [];
  let lastAt: readonly number[] = [];
  const atAll = (tags: readonly string[]): readonly number[] => {
    // Entries of one variant, or of one viewer, mostly share the list of their tags.
    if (tags !== lastTags) [lastTags, lastAt] = [tags, tags.map(at)];
    return lastAt;
  };
  const placesOf = ({ key, row = key, tags }: EntryAddress): Places => {
    let entry = entryAt.get(key);
    if (entry === undefined) {
      entry = wanted.push(names.entry(key, row)) - 1;
      entryAt.set(key, entry);
    }
    return { entry, generations: tags.length === 0 ? [at(row)] : [at(row), ...atAll(tags)] };
  };
  // Requests of one tick mostly ask for the same: who names an entry with the same list of tags gets the same reading.
  const asked = new Map<string, { readonly tags: readonly string[]; readonly index: number }>();
  const places: Places[] = [];
  const placeOf = addresses.map((address) => {
    const { key, tags } = address;
    const known = asked.get(key);
    if (known !== undefined && (known.tags === tags || known.tags.length + tags.length === 0))
      return known.index;
    const index = places.push(placesOf(address)) - 1;
    asked.set(key, { tags, index });
    return index;
  });
  const values = await readTexts(redis, wanted);
  // What many entries depend on becomes one text.
  const texts: (string | undefined)[] = [];
  const textAt = (index: number, isShared: boolean): string | undefined => {
    const known = texts[index];
    if (known !== undefined) return known;
    const text = values[index]?.toString('latin1');
    return (texts[index] = isShared && text !== undefined ? sharedText(text) : text);
  };
  const readings = places.map(({ entry, generations }): Reading => {
    const found: (string | undefined)[] = [];
    // The first is the row's own; the others belong to tags that many rows share.
    for (const index of generations) found.push(textAt(index, found.length > 0));
    found.push(textAt(0, true));
    return { bytes: values[entry] ?? undefined, generations: found, judged: undefined };
  });
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
