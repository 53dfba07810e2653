import { systemClock, type Clock } from '../time/clock.js';
import { ownBytes } from '../codec/own-bytes.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { withDefaults } from '../with-defaults.js';
import { BoundedMap, boundsFaults, boundsOptions, type Bounds } from './bounded-map.js';
import { listenUntil } from './listeners.js';
import { MemoryAsked } from './memory-asked.js';
import { MemoryLeases } from './memory-leases.js';
import { createNonces } from './nonces.js';
import { generationOfVersion, mayBeStored } from './generation-text.js';
import type {
  Acquired,
  EntryAddress,
  Fill,
  FillOutcome,
  Intended,
  Intention,
  LeaseRequest,
  Put,
  PutOutcome,
  Reading,
  Store,
} from './store.js';

export interface MemoryStoreOptions extends Partial<Bounds> {
  readonly clock?: Clock;
}

const memoryStoreOptions = {
  ...boundsOptions,
  clock: true,
} satisfies Record<keyof MemoryStoreOptions, true>;

/** Defaults: 100,000 entries, 256 MiB, and what was asked for only once goes first. */
const memoryStoreDefaults: Bounds = Object.freeze({
  maxEntries: 100_000,
  maxBytes: 256 * 1024 * 1024,
  eviction: 's3-fifo',
});

/** A generation, besides the length of its text; losing one is safe, it only turns entries into misses. */
const GENERATION_BYTES = 36;
/** An array of bytes with a buffer of its own, besides its length. */
const BUFFER_BYTES = 200;
/** The parts of `maxBytes` that generations and decoded values may have; what they do not need is for entries. */
const GENERATIONS_PART = 1 / 4;
const DECODED_PART = 1 / 4;
/** A store that is smaller than the generations of a few entries would keep none. */
const FEWEST_GENERATION_BYTES = 16_384;
/** Generations kept per entry that may be kept: its own, and some tags'. */
const GENERATIONS_PER_ENTRY = 4;

/**
 * A store in this process, bounded by entries and bytes. Every operation is synchronous, hence atomic.
 * @throws CacheError for options that cannot be.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const clock = options.clock ?? systemClock;
  const bounds = checkedBounds(options);
  const beside = new Set<() => number>();
  const heldBeside = (): number => {
    let sum = generations.bytes;
    for (const bytes of beside) sum += bytes();
    return sum;
  };
  const entries = new BoundedMap<Uint8Array>(bounds, undefined, heldBeside);
  const generations = new BoundedMap<string>({
    maxEntries: bounds.maxEntries * GENERATIONS_PER_ENTRY,
    maxBytes: Math.max(FEWEST_GENERATION_BYTES, Math.floor(bounds.maxBytes * GENERATIONS_PART)),
    eviction: bounds.eviction === 'lru' ? 'lru' : 's3-fifo',
  });
  const leases = new MemoryLeases(clock);
  const asked = new MemoryAsked(clock);
  const nextNonce = createNonces();

  function generationOf(tag: string): string | undefined {
    return generations.get(tag, 0);
  }

  function setGeneration(tag: string, generation: string, owner: string | undefined): string {
    const [valueBytes, expiresAtMs] = [GENERATION_BYTES + generation.length, Infinity];
    generations.set(tag, { value: generation, valueBytes, expiresAtMs, owner });
    return generation;
  }

  function present(tag: string, owner?: string): string {
    return generationOf(tag) ?? setGeneration(tag, nextNonce(), owner);
  }

  function keep({
    key,
    bytes,
    keepForMs,
    owner,
  }: Pick<Put, 'key' | 'bytes' | 'keepForMs' | 'owner'>): boolean {
    const expiresAtMs = clock.nowMs() + keepForMs;
    return entries.set(key, {
      value: ownBytes(bytes),
      valueBytes: bytes.length + BUFFER_BYTES,
      expiresAtMs,
      owner,
    });
  }

  function read(addresses: readonly EntryAddress[]): Reading[] {
    let lastTags: readonly string[] = [];
    let ofTags: readonly (string | undefined)[] = [];
    return addresses.map(({ key, row = key, tags }) => {
      const own = generationOf(row);
      // Entries of one variant, or of one viewer, mostly share the list of their tags.
      if (tags !== lastTags) [lastTags, ofTags] = [tags, tags.map(generationOf)];
      const bytes = entries.get(key, clock.nowMs());
      return { bytes, generations: tags.length === 0 ? [own] : [own, ...ofTags] };
    });
  }

  function acquire({ key, row = key, tags, token, leaseMs, owner }: LeaseRequest): Acquired {
    const acquired = [row, ...tags].map((tag) => present(tag, owner));
    const leased = leases.take({ key, token, leaseMs, generations: acquired.join(' ') });
    return { bytes: entries.get(key, clock.nowMs()), generations: acquired, leased };
  }

  function fill(filled: Fill): FillOutcome {
    const {
      key,
      row = key,
      generations: [captured],
      token,
    } = filled;
    const isPresent = captured !== undefined && generationOf(row) === captured;
    const kept = isPresent && keep(filled);
    if (token !== undefined) leases.release({ key, token });
    if (!isPresent) return 'outdated';
    return kept ? 'stored' : 'no-room';
  }

  function intend({ key, row = key, tags, onlyHot }: Intention): Intended {
    if (onlyHot && entries.get(key, clock.nowMs()) === undefined)
      return { captured: undefined, generations: [] };
    return { captured: present(row), generations: tags.map((tag) => present(tag)) };
  }

  function put(written: Put): PutOutcome {
    const { key, row = key, captured, version, generation, owner } = written;
    if (!mayBeStored(generationOf(row), captured, version)) return 'refused';
    setGeneration(row, generation, owner);
    leases.drop(key);
    if (keep(written)) return 'stored';
    entries.delete(key);
    return 'no-room';
  }

  function end(tag: string, version: number | undefined): void {
    const before = version === undefined ? undefined : generationOf(tag);
    if (version === undefined || before === undefined) generations.delete(tag);
    else {
      const owner = generations.slotOf(tag)?.share.owner;
      setGeneration(tag, generationOfVersion(before, version, nextNonce()), owner);
    }
    entries.delete(tag);
    leases.drop(tag);
  }

  const listeners = new Set<(tags: readonly string[] | 'all') => void>();
  return {
    name: 'memory',
    isLocal: true,
    read,
    acquire: (requests) => requests.map(acquire),
    fill: (fills) => fills.map(fill),
    release: (given) => given.forEach((lease) => leases.release(lease)),
    renew: (given) => given.map((lease) => leases.renew(lease)),
    intend: (intentions) => intentions.map(intend),
    put: (puts) => puts.map(put),
    invalidate: (tags, versions, row) => {
      for (const tag of tags) end(tag, versions?.get(tag));
      for (const listener of listeners) listener(tags);
      return row && put(row);
    },
    forget: () => {
      entries.clear();
      generations.clear();
      leases.clear();
      for (const listener of listeners) listener('all');
    },
    onInvalidated: (listener, until) => listenUntil(listeners, listener, until),
    dropCopies: (tags) => {
      for (const listener of listeners) listener(tags);
    },
    holdBeside: (bytes, until) => {
      listenUntil(beside, bytes, until);
      return Math.floor(bounds.maxBytes * DECODED_PART);
    },
    countAsked: (field, counted) => asked.count(field, counted),
    mostAsked: (field, atMost) => asked.most(field, atMost),
    watch: (onSettled, until) => leases.watch(onSettled, until),
    health: () => ({
      usedBytes: entries.bytes + heldBeside(),
      maxBytes: bounds.maxBytes,
      evictionPolicy: bounds.eviction,
      evictions: entries.evictions,
    }),
    holdings: () =>
      Array.from(entries.owners, ({ owner, entries: count, bytes }) => {
        return { of: owner, entries: count, bytes, withoutExpiry: 0, isEstimate: false };
      }),
    close: () => {
      asked.clear();
      entries.clear();
      generations.clear();
      leases.clear();
    },
  };
}

/** @throws CacheError naming every option that does not exist or cannot be. */
function checkedBounds(options: MemoryStoreOptions): Bounds {
  const { maxEntries, maxBytes, eviction } = options;
  const bounds = withDefaults(memoryStoreDefaults, { maxEntries, maxBytes, eviction });
  refuseFaults('memoryStore', [...unknownOptions(options, memoryStoreOptions), ...boundsFaults(bounds)]);
  return bounds;
}
