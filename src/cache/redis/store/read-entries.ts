import type { Redis } from 'ioredis';
import { sharedText } from '../../codec/shared-text.js';
import type { EntryAddress, Reading } from '../../store/store.js';
import { inOneEarlyWrite } from '../connection/in-one-write.js';
import type { RedisNames } from '../redis-names.js';

/** Keys in one MGET: a longer one would keep Redis from everybody else. */
const KEYS_PER_READ = 1000;

/** Where the parts of one reading stand in the reply. */
interface Places {
  readonly entry: number;
  /** The generation of its row. */
  readonly own: number;
  readonly shared: Shared;
}

/** What entries with the same list of tags depend on together. */
interface Shared {
  /** Places in the reply: of the tags, then of what the store adds. */
  readonly at: readonly number[];
  /** The generations there, behind a place for the entry's own. */
  generations?: (string | undefined)[];
}

/** An entry that was asked for: where it stands in the reply, and its last reading. */
interface Asked {
  readonly entry: number;
  readonly tags: readonly string[];
  readonly index: number;
}

/** What an entry and the generation of its row are called in Redis. */
class Named {
  readonly names: RedisNames;
  readonly entry: string;
  readonly generation: string;

  constructor(names: RedisNames, { key, row }: EntryAddress) {
    this.names = names;
    this.entry = names.entry(key, row);
    this.generation = names.generation(row ?? key);
  }
}

/** Addresses that come again remember their names: to make them takes longer than to find an entry by them. */
function namedIn(names: RedisNames, address: EntryAddress): Named {
  if (address.named instanceof Named && address.named.names === names) return address.named;
  const named = new Named(names, address);
  if ('named' in address) address.named = named;
  return named;
}

/** The epoch is the first that is asked for. */
const EPOCH_AT = 0;

/** Reads entries and the generations they depend on with one MGET; what several ask for is asked for once. */
export async function readEntries(
  redis: Redis,
  names: RedisNames,
  addresses: readonly EntryAddress[],
): Promise<readonly Reading[]> {
  if (addresses.length === 0) return [];
  const wanted = [names.epoch];
  const generationAt = new Map<string, number>();
  const at = (tag: string, name?: string): number => {
    let index = generationAt.get(tag);
    if (index === undefined) {
      index = wanted.push(name ?? names.generation(tag)) - 1;
      generationAt.set(tag, index);
    }
    return index;
  };
  const untagged: Shared = { at: [EPOCH_AT] };
  let lastTags: readonly string[] = [];
  let last = untagged;
  const sharedBy = (tags: readonly string[]): Shared => {
    if (tags.length === 0) return untagged;
    // Entries of one variant, or of one viewer, mostly share the list of their tags.
    if (tags !== lastTags) [lastTags, last] = [tags, { at: [...tags.map((tag) => at(tag)), EPOCH_AT] }];
    return last;
  };
  // Requests of one tick mostly ask for the same: who names an entry with the same list of tags gets the same reading.
  const asked = new Map<string, Asked>();
  const places: Places[] = [];
  const placeOf = addresses.map((address) => {
    const { key, row = key, tags } = address;
    const known = asked.get(key);
    if (known !== undefined && (known.tags === tags || known.tags.length + tags.length === 0))
      return known.index;
    const named = namedIn(names, address);
    const entry = known?.entry ?? wanted.push(named.entry) - 1;
    const index = places.push({ entry, own: at(row, named.generation), shared: sharedBy(tags) }) - 1;
    asked.set(key, { entry, tags, index });
    return index;
  });
  const values = await readTexts(redis, wanted);
  const textAt = (index: number): string | undefined => values[index]?.toString('latin1');
  const sharedTextAt = (index: number): string | undefined => {
    const text = textAt(index);
    return text === undefined ? undefined : sharedText(text);
  };
  const readings = places.map(({ entry, own, shared }): Reading => {
    // What many entries depend on is looked at once.
    shared.generations ??= [undefined, ...shared.at.map(sharedTextAt)];
    const generations = shared.generations.slice();
    generations[0] = textAt(own);
    return { bytes: values[entry] ?? undefined, generations, judged: undefined };
  });
  return placeOf.map((index) => readings[index] ?? { bytes: undefined, generations: [] });
}

/** The values of keys, in their order; null where there is none, or none that is text. */
export async function readTexts(redis: Redis, keys: readonly string[]): Promise<(Buffer | null)[]> {
  inOneEarlyWrite(redis);
  if (keys.length <= KEYS_PER_READ) return redis.mgetBuffer([...keys]);
  const parts: Promise<(Buffer | null)[]>[] = [];
  for (let start = 0; start < keys.length; start += KEYS_PER_READ) {
    parts.push(redis.mgetBuffer(keys.slice(start, start + KEYS_PER_READ)));
  }
  return (await Promise.all(parts)).flat();
}
