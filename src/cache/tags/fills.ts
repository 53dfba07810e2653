import { deepFreeze } from '../codec/deep-freeze.js';
import { encodeEntry } from '../codec/entry.js';
import { UnstorableValue } from '../codec/storable.js';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { EntryAddress, Fill, FillOutcome, Lease } from '../store/store.js';
import type { DecodedEntries } from './decoded-entries.js';
import type { EntriesOptions } from './entries.js';
import type { EntryField } from './entry-field.js';

/** A loaded value on its way into the store. */
export interface EntryFill {
  readonly address: EntryAddress;
  /** As acquired before the load; without them the value only goes through the codec. */
  readonly generations: readonly string[] | undefined;
  readonly value: unknown;
  readonly loadMs: number;
  /** Given back together with the fill. */
  readonly lease: Lease | undefined;
}

/** A value as every reader will see it, and the fill that is under way (or why there is none). */
export interface Filled {
  readonly value: unknown;
  readonly outcome: MaybePromise<FillOutcome | 'too-large' | 'unstorable' | 'failed'>;
}

/** Expiries are spread over this share of the ttl, always earlier, so that what was loaded together does not expire together. */
export const TTL_JITTER = 0.1;

/** Turns loaded values into entries on their way into the store. */
export class Fills {
  readonly #options: EntriesOptions;
  readonly #decoded: DecodedEntries;
  readonly #givenBack = new WeakSet<Lease>();

  constructor(options: EntriesOptions, decoded: DecodedEntries) {
    this.#options = options;
    this.#decoded = decoded;
  }

  /** True for a lease that went back together with a fill. */
  gaveBack(lease: Lease): boolean {
    return this.#givenBack.has(lease);
  }

  /**
   * Stores a loaded value under the generations acquired before its load. The value handed back went through the
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
    const header = {
      key: fill.address.key,
      generations: fill.generations,
      loadedAtMs: clock.nowMs(),
      freshForMs: Math.max(1, Math.round(ttlMs * (1 - TTL_JITTER * random()))),
      loadMs: fill.loadMs,
    };
    const bytes = encodeEntry({ ...header, payload });
    this.#decoded.note(bytes, this.#decoded.freshly(header, value, payload.length));
    const { key, tags } = fill.address;
    const { generations, freshForMs } = header;
    const keepForMs = freshForMs + lifetime.staleMs;
    const token = fill.lease?.token;
    if (fill.lease !== undefined) this.#givenBack.add(fill.lease);
    return { value, outcome: this.#send(counters, { key, tags, bytes, generations, keepForMs, token }) };
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
}
