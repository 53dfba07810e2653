import type { Applied } from './apply-schema.js';
import type { Parts } from './assemble.js';
import { decodeEntry } from './codec/entry.js';
import { entryState } from './coherence/entry-state.js';
import type { ExplainedOperation, Explanation } from './directives/explain-operation.js';
import { CacheError } from './errors.js';
import { hintOf } from './nearest-name.js';
import { unknownTag } from './policy/unknown-tag.js';
import type { Store } from './store/store.js';

/** What people ask of a cache who look after it; see also `graphql-corral/admin`. */
export interface CacheTools {
  /** What the cache would do for an operation, without running it. @throws GraphQLError for one that cannot run, CacheError before `apply`. */
  explain(operation: ExplainedOperation): Explanation;
  /** What the store has under a key, without the value; undefined where there is nothing. Evidence names the keys. */
  inspect(key: string): Promise<InspectedEntry | undefined>;
  /** Loads what is missing of what PREFETCH keeps warm at a coordinate. @throws CacheError where nothing is kept warm. */
  warmUp(coordinate: string): Promise<void>;
  /** The first parts of all keys and tags that entries can have, as far as they are known: `Movie` of `Movie:42`. */
  namespaces(): readonly string[];
  /** Why no entry can depend on a tag, as a sentence; undefined where one may, as far as that is known. */
  unknownTag(tag: string): string | undefined;
  /** Forgets all entries, in all processes that share the store, and has other regions of the outbox do so. @throws what the store could not do. */
  forgetAll(): Promise<void>;
}

/** An entry, as the store has it. */
export interface InspectedEntry {
  readonly key: string;
  /** `fresh`, or past its ttl (`stale`), or `ended`: its key, or everything, was invalidated since. Whether one of its tags was is not looked at. */
  readonly state: 'fresh' | 'stale' | 'ended';
  /** Of the whole entry, with its header. */
  readonly bytes: number;
  readonly ageMs: number;
  readonly freshForMs: number;
  /** How long the load took that made it. */
  readonly loadMs: number;
  /** Tags that it depends on, besides its key. */
  readonly tags: number;
}

export interface ToolsParts {
  readonly parts: Parts;
  readonly store: Store;
  /** Namespaces that are read without a directive. */
  readonly declared: readonly string[];
  readonly applied: () => Applied | undefined;
  readonly requireOpen: () => void;
}

/** No field stores more. */
const ANY_BYTES = 2 ** 31 - 1;

export function createTools({ parts, store, declared, applied, requireOpen }: ToolsParts): CacheTools {
  const { keepWarm, services, others } = parts;
  const present = (): Applied => {
    const found = applied();
    if (found !== undefined) return found;
    throw new CacheError('CACHE_TOOLS', 'cache.tools: the cache has no schema yet; call apply first');
  };
  return {
    explain: (operation) => present().explain(operation),
    inspect: async (key) => {
      requireOpen();
      const [reading] = await store.read([{ key, row: services.variants.rowOfKey(key), tags: [] }]);
      const entry = reading?.bytes && decodeEntry(reading.bytes, key, ANY_BYTES);
      if (reading?.bytes === undefined || entry === undefined) return undefined;
      const { freshForMs, loadMs } = entry;
      const state = entryState(entry, reading.generations, services.clock.nowMs());
      return { ...state, key, freshForMs, loadMs, bytes: reading.bytes.length };
    },
    warmUp: async (coordinate) => {
      requireOpen();
      const known = keepWarm.coordinates;
      if (await keepWarm.warmUpNow(coordinate)) return;
      const hint = hintOf(coordinate, known);
      throw new CacheError(
        'CACHE_TOOLS',
        `cache.tools.warmUp: nothing is kept warm at ${coordinate}${hint === undefined ? '' : ` (${hint})`}; only fields with ` +
          'the pattern PREFETCH are, in processes where prefetch is not off',
      );
    },
    namespaces: () => [...new Set([...present().namespaces.whole, ...declared])].sort(),
    unknownTag: (tag) => {
      const { namespaces } = present();
      return unknownTag(tag, { ...namespaces, whole: new Set([...namespaces.whole, ...declared]) });
    },
    forgetAll: async () => {
      requireOpen();
      const told = others?.tellAll();
      await services.entries.forgetAll();
      await told;
    },
  };
}
