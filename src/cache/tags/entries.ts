import type { Clock } from '../clock.js';
import { decodeEntry, encodeEntry, type Entry } from '../codec/entry.js';
import { deepFreeze } from '../codec/deep-freeze.js';
import { UnstorableValue } from '../codec/storable.js';
import type { ValueCodec } from '../codec/value-codec.js';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { Trace } from '../metrics/trace.js';
import type { LocalCopies } from '../store/local-copies.js';
import type { EntryAddress, Fill, FillOutcome, Reading, Store } from '../store/store.js';
import { generationsMatch } from './generations.js';
import { JoinedBatch } from './joined-batch.js';

/** How long one field's entries live; milliseconds throughout. */
export interface Lifetime {
  readonly ttlMs: number;
  readonly negativeTtlMs: number;
  /** The longest stale window past `ttlMs`: what swr and staleIfError may still need. */
  readonly staleMs: number;
  readonly localMs: number;
  readonly maxBytes: number;
}

/** An entry found under present generations. `staleForMs` is 0 while it is fresh. */
export interface Found {
  readonly value: unknown;
  readonly ageMs: number;
  readonly staleForMs: number;
  readonly loadMs: number;
  readonly tier: string;
}

/** The field that reads or fills: how long its entries may live, and where what happens is counted. */
export interface EntryField {
  readonly lifetime: Lifetime;
  readonly counters: FieldCounters;
}

/** A loaded value on its way into the store. */
export interface EntryFill {
  readonly address: EntryAddress;
  /** As captured before the load; without them the value only goes through the codec. */
  readonly generations: readonly string[] | undefined;
  readonly value: unknown;
  readonly loadMs: number;
}

/** A value as every reader will see it, and the fill that is under way (or why there is none). */
export interface Filled {
  readonly value: unknown;
  readonly outcome: MaybePromise<FillOutcome | 'too-large' | 'unstorable' | 'failed'>;
}

/** The generations of each address's key and tags, in order. Undefined when the store is in trouble. */
export type CapturedGenerations = readonly (readonly string[])[] | undefined;

interface Decoded extends Entry {
  readonly value: unknown;
}

export interface EntriesOptions {
  readonly store: Store;
  readonly copies: LocalCopies;
  readonly codec: ValueCodec;
  readonly clock: Clock;
  /** Freezes decoded values, so that a resolver that mutates its parent fails at once instead of corrupting others. */
  readonly freeze: boolean;
  readonly random: () => number;
  /** Told whenever the store fails; the caller is answered all the same. */
  readonly onStoreTrouble: (operation: string, error: unknown) => void;
}

/** Expiries are spread over this share of the ttl, always earlier, so that what was loaded together does not expire together. */
export const TTL_JITTER = 0.1;

/** Entries seen through their generations: what was invalidated is not found, whatever the store still holds. */
export class Entries {
  readonly #options: EntriesOptions;
  // The decoded form of bytes seen before. Bytes are never changed in place, so the same object is the same value.
  readonly #decoded = new WeakMap<Uint8Array, Decoded>();

  // What is far away is asked once a tick, for all requests together; what is near answers at once.
  readonly #reads: JoinedBatch<EntryAddress, Reading> | undefined;
  readonly #captures: JoinedBatch<EntryAddress, readonly string[]> | undefined;

  constructor(options: EntriesOptions) {
    this.#options = options;
    const { store } = options;
    if (store.isLocal) return;
    this.#reads = new JoinedBatch((addresses) => store.read(addresses));
    this.#captures = new JoinedBatch((addresses) => store.capture(addresses));
  }

  /** Rises with every invalidation this process applies; tells loads apart while the store cannot. */
  get forgotten(): number {
    return this.#options.copies.forgotten;
  }

  /** Finds many entries in one store read; synchronous where local copies or a local store can answer. */
  find(
    field: EntryField,
    addresses: readonly EntryAddress[],
    trace?: Trace,
  ): MaybePromise<readonly (Found | undefined)[]> {
    if (field.lifetime.localMs === 0) return this.#findInStore(field, addresses, trace);
    const nowMs = this.#options.clock.nowMs();
    const copies = addresses.map((address) => this.#localCopy(address, nowMs));
    const asked = addresses.filter((_, index) => copies[index] === undefined);
    if (asked.length === 0) return copies;
    const place = (fromStore: readonly (Found | undefined)[]): readonly (Found | undefined)[] => {
      let next = 0;
      return copies.map((copy) => copy ?? fromStore[next++]);
    };
    const fromStore = this.#findInStore(field, asked, trace);
    return isPromise(fromStore) ? fromStore.then(place) : place(fromStore);
  }

  /** Finds one entry; as `find`, without its arrays where a local copy answers: this is the hot path. */
  findOne(field: EntryField, address: EntryAddress, trace?: Trace): MaybePromise<Found | undefined> {
    if (field.lifetime.localMs > 0) {
      const copy = this.#localCopy(address, this.#options.clock.nowMs());
      if (copy !== undefined) return copy;
    }
    const found = this.#findInStore(field, [address], trace);
    return isPromise(found) ? found.then(([first]) => first) : found[0];
  }

  /** The present generations of each address, created where missing. Undefined when the store is in trouble. */
  async capture(addresses: readonly EntryAddress[], trace?: Trace): Promise<CapturedGenerations> {
    try {
      return await (this.#captures?.ask(addresses, trace) ?? this.#options.store.capture(addresses));
    } catch (error) {
      this.#options.onStoreTrouble('capture', error);
      return undefined;
    }
  }

  /**
   * Stores a loaded value under the generations captured before its load. The value handed back went through the
   * codec, so that a cold answer and a warm one are the same.
   */
  fill(field: EntryField, fill: EntryFill): Filled {
    const { codec, clock, random, freeze } = this.#options;
    const { lifetime, counters } = field;
    let payload: Buffer;
    let value: unknown;
    try {
      payload = codec.encode(fill.value);
      value = codec.decode(payload);
    } catch (error) {
      counters.unstorable += 1;
      if (!(error instanceof UnstorableValue)) this.#options.onStoreTrouble('encode', error);
      else counters.lastUnstorable = error.message;
      return { value: fill.value, outcome: 'unstorable' };
    }
    if (freeze) deepFreeze(value);
    if (payload.length > lifetime.maxBytes) {
      counters.tooLarge += 1;
      return { value, outcome: 'too-large' };
    }
    if (fill.generations === undefined) return { value, outcome: 'failed' };
    const ttlMs = fill.value === null || fill.value === undefined ? lifetime.negativeTtlMs : lifetime.ttlMs;
    const entry: Decoded = {
      key: fill.address.key,
      generations: fill.generations,
      loadedAtMs: clock.nowMs(),
      freshForMs: Math.max(1, Math.round(ttlMs * (1 - TTL_JITTER * random()))),
      loadMs: fill.loadMs,
      payload,
      value,
    };
    const bytes = encodeEntry(entry);
    this.#decoded.set(bytes, entry);
    const { key, tags } = fill.address;
    const keepForMs = entry.freshForMs + lifetime.staleMs;
    return {
      value,
      outcome: this.#send(counters, { key, tags, bytes, generations: entry.generations, keepForMs }),
    };
  }

  /** Applies an invalidation; rejects when the store could not. Copies of this process are forgotten either way. */
  async invalidate(tags: readonly string[]): Promise<void> {
    try {
      const applied = this.#options.store.invalidate(tags);
      if (isPromise(applied)) await applied;
    } finally {
      this.#options.copies.forget(tags);
    }
  }

  #send(counters: FieldCounters, fill: Fill): Filled['outcome'] {
    const count = (outcome: FillOutcome): FillOutcome => {
      if (outcome === 'stored') counters.stored += 1;
      else counters.refusedFills += 1;
      return outcome;
    };
    try {
      const outcomes = this.#options.store.fill([fill]);
      if (!isPromise(outcomes)) return count(outcomes[0] ?? 'outdated');
      return outcomes.then(
        ([outcome]) => count(outcome ?? 'outdated'),
        (error: unknown) => {
          this.#options.onStoreTrouble('fill', error);
          return 'failed';
        },
      );
    } catch (error) {
      this.#options.onStoreTrouble('fill', error);
      return 'failed';
    }
  }

  #findInStore(
    field: EntryField,
    addresses: readonly EntryAddress[],
    trace: Trace | undefined,
  ): MaybePromise<readonly (Found | undefined)[]> {
    const forgotten = this.#options.copies.forgotten;
    const judge = (readings: readonly Reading[]): readonly (Found | undefined)[] =>
      addresses.map((address, index) => this.#judge(field, address, readings[index], forgotten));
    try {
      const readings = this.#reads?.ask(addresses, trace) ?? this.#options.store.read(addresses);
      if (!isPromise(readings)) return judge(readings);
      return readings.then(judge, (error: unknown) => this.#troubledRead(addresses, error));
    } catch (error) {
      return this.#troubledRead(addresses, error);
    }
  }

  #troubledRead(addresses: readonly EntryAddress[], error: unknown): readonly undefined[] {
    this.#options.onStoreTrouble('read', error);
    return addresses.map(() => undefined);
  }

  #judge(
    field: EntryField,
    address: EntryAddress,
    reading: Reading | undefined,
    forgotten: number,
  ): Found | undefined {
    if (reading?.bytes === undefined) return undefined;
    const entry = this.#decode(field, address, reading.bytes);
    if (entry === undefined || !generationsMatch(entry.generations, reading.generations)) return undefined;
    const { clock, copies, store } = this.#options;
    const nowMs = clock.nowMs();
    const ageMs = Math.max(0, nowMs - entry.loadedAtMs);
    const staleForMs = Math.max(0, ageMs - entry.freshForMs);
    if (staleForMs > field.lifetime.staleMs) return undefined;
    const { localMs } = field.lifetime;
    if (localMs > 0 && staleForMs === 0 && copies.forgotten === forgotten) {
      const untilMs = Math.min(nowMs + localMs, entry.loadedAtMs + entry.freshForMs);
      copies.keep(address, entry, { valueBytes: entry.payload.length, untilMs });
    }
    return { value: entry.value, ageMs, staleForMs, loadMs: entry.loadMs, tier: store.name };
  }

  #localCopy(address: EntryAddress, nowMs: number): Found | undefined {
    const copy = this.#options.copies.get(address.key, nowMs);
    if (copy === undefined) return undefined;
    const ageMs = Math.max(0, nowMs - copy.loadedAtMs);
    return { value: copy.value, ageMs, staleForMs: 0, loadMs: copy.loadMs, tier: 'local' };
  }

  #decode({ lifetime, counters }: EntryField, address: EntryAddress, bytes: Uint8Array): Decoded | undefined {
    const known = this.#decoded.get(bytes);
    if (known !== undefined) return known.key === address.key ? known : undefined;
    try {
      const entry = decodeEntry(bytes, address.key, lifetime.maxBytes);
      if (entry !== undefined) {
        const value = this.#options.codec.decode(entry.payload);
        if (this.#options.freeze) deepFreeze(value);
        const decoded: Decoded = { ...entry, value };
        this.#decoded.set(bytes, decoded);
        return decoded;
      }
    } catch {
      // Whatever is wrong with the bytes, they are a miss: counted below, never an error for the client.
    }
    counters.undecodable += 1;
    return undefined;
  }
}
