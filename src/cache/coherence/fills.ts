import type { CopyValue } from '../codec/copy-value.js';
import { encodeEntry, UNKNOWN_HINT, type AnswerHint, type EntryHeader } from '../codec/entry.js';
import { TooManyParts, UnstorableValue } from '../codec/storable.js';
import { channels } from '../diagnostics/channels.js';
import type { StoreMessage } from '../diagnostics/messages.js';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { ValueCodec } from '../codec/value-codec.js';
import { generationOfVersion } from '../store/generation-text.js';
import { createNonces } from '../store/nonces.js';
import type { EntryAddress, Fill, FillOutcome, Lease, Put, PutOutcome, Store } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import type { Decoded, DecodedEntries } from './decoded-entries.js';
import { freshMsOf, staleMsOf, type EntryField, type FieldAddress, type Found } from './entry-field.js';

/** A loaded value on its way into the store. */
export interface EntryFill {
  readonly address: FieldAddress;
  /** As acquired before the load; without them the value only goes through the codec. */
  readonly generations: readonly string[] | undefined;
  readonly value: unknown;
  readonly loadMs: number;
  /** Given back together with the fill. */
  readonly lease: Lease | undefined;
  /** What was there before and is not invalidated; undefined where nothing was, or that is not known. */
  readonly refreshes?: Found | undefined;
  /** What the load said to caches of whole answers. */
  readonly hint?: AnswerHint | undefined;
}

/** A write whose row may be stored, and what there was before its transaction. */
export interface Intent {
  readonly address: FieldAddress;
  /** The generation of its key. */
  readonly captured: string;
  /** What its row will be stamped with besides the new generation of its key. */
  readonly generations: readonly string[];
}

/** What a write has committed. */
export interface CommittedWrite {
  readonly intent: Intent;
  readonly value: unknown;
  readonly version: number;
}

/** The row of a write on its way into the store. */
export class WrittenRow {
  readonly put: Put;
  readonly #onEnded: (outcome: PutOutcome | 'failed') => void;
  #outcome: PutOutcome | 'failed' | undefined;

  constructor(put: Put, onEnded: (outcome: PutOutcome | 'failed') => void) {
    this.put = put;
    this.#onEnded = onEnded;
  }

  /** What became of it; `failed` where the store did not say, undefined until it is known. */
  get outcome(): PutOutcome | 'failed' | undefined {
    return this.#outcome;
  }

  ended(outcome: PutOutcome | 'failed'): void {
    this.#outcome = outcome;
    this.#onEnded(outcome);
  }
}

/**
 * A value of more parts than it may have bytes is too large, as each takes a byte at least. One of more than this is not looked at
 * to its end, as that takes long; of fewer, those who wait for one load still share what it brought.
 */
const MANY_PARTS = 100_000;

/** A value as every reader will see it, and the fill that is under way (or why there is none). */
export interface Filled {
  /** All who share the load share it; see `valueOf`. */
  readonly value: unknown;
  readonly copy?: CopyValue | undefined;
  /** True where the value is the very one that was given, which cannot be copied for others. */
  readonly isGiven?: boolean;
  readonly outcome: MaybePromise<FillOutcome | 'too-large' | 'unstorable' | 'failed'>;
  /** Until when what is made of the value may be kept, once it is stored. */
  readonly keptUntilMs?: number;
}

interface Encoded {
  readonly value: unknown;
  readonly copy: CopyValue | undefined;
  readonly payload: Buffer;
}

/** A value that has no entry. */
interface NotEncoded extends Filled {
  readonly payload?: undefined;
  readonly outcome: 'too-large' | 'unstorable';
}

export interface FillsOptions {
  readonly store: Store;
  readonly codec: ValueCodec;
  readonly clock: Clock;
  readonly random: () => number;
  /** From when on reads decide whether an entry is refreshed. */
  readonly early: { drawsFromMs(entry: Pick<Decoded, 'loadedAtMs' | 'freshForMs' | 'loadMs'>): number };
  /** Told whenever the store fails; the caller is answered all the same. */
  readonly onStoreTrouble: (operation: string, error: unknown) => void;
  /** Told of every entry on its way into the store. */
  readonly onStored?: OnStored | undefined;
}

/** An entry on its way into the store, and how it came to be. */
export type OnStored = (
  entry: EntryAddress & { readonly bytes: Uint8Array },
  from: { readonly loadMs: number; readonly isNull: boolean; readonly isWrite: boolean },
) => void;

const nextNonce = createNonces();

/** Turns loaded values into entries on their way into the store. */
export class Fills {
  readonly #options: FillsOptions;
  readonly #decoded: DecodedEntries;
  readonly #givenBack = new WeakSet<Lease>();

  constructor(options: FillsOptions, decoded: DecodedEntries) {
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
    const encoded = this.#encode(field, fill.value);
    if (encoded.payload === undefined) {
      tellStored(field, { outcome: encoded.outcome, isWrite: false });
      return encoded;
    }
    const { value, copy } = encoded;
    if (fill.refreshes !== undefined) this.#compare(field.counters, encoded.payload, fill.refreshes);
    if (fill.generations === undefined) return { value, copy, outcome: 'failed' };
    const { address, generations, loadMs, hint, lease } = fill;
    const { keptUntilMs, ...stamped } = this.#stamp(field, encoded, {
      key: address.key,
      generations,
      loadMs,
      ...(hint && { hint }),
    });
    const token = lease?.token;
    if (lease !== undefined) this.#givenBack.add(lease);
    const { key, row, tags } = address;
    const sent: Fill = { key, row, tags, owner: field.coordinate, ...stamped, generations, token };
    this.#options.onStored?.(sent, { loadMs, isNull: value === null, isWrite: false });
    return { value, copy, outcome: this.#send(field, sent), keptUntilMs };
  }

  /** Makes an entry of what a write has committed; undefined where it cannot be one, which is counted. */
  written(field: EntryField, { intent, value, version }: CommittedWrite): WrittenRow | undefined {
    const { address, captured } = intent;
    const encoded = this.#encode(field, value);
    if (encoded.payload === undefined) {
      tellStored(field, { outcome: encoded.outcome, isWrite: true });
      return undefined;
    }
    const generation = generationOfVersion(captured, version, nextNonce());
    const generations = [generation, ...intent.generations];
    const origin = { key: address.key, generations, loadMs: 0, hint: UNKNOWN_HINT };
    const { bytes, keepForMs } = this.#stamp(field, encoded, origin);
    const { key, row, tags } = address;
    const put = { key, row, tags, owner: field.coordinate, bytes, keepForMs, captured, version, generation };
    return new WrittenRow(put, (outcome) => {
      if (outcome === 'failed') return tellStored(field, { outcome, isWrite: true });
      if (outcome === 'stored')
        this.#options.onStored?.(put, { loadMs: 0, isNull: value === null, isWrite: true });
      ended(field, { bytes, outcome, isWrite: true });
    });
  }

  /** Stores the row of a write; true where it is there now. */
  async put(row: WrittenRow): Promise<boolean> {
    let outcome: PutOutcome | 'failed';
    try {
      [outcome = 'refused'] = await this.#options.store.put([row.put]);
    } catch (error) {
      this.#options.onStoreTrouble('put', error);
      outcome = 'failed';
    }
    row.ended(outcome);
    return outcome === 'stored';
  }

  /** Counts a refresh, and whether it was of any use. */
  #compare(counters: FieldCounters, payload: Buffer, before: Found): void {
    counters.refreshes += 1;
    if (!payload.equals(this.#options.codec.encode(before.value))) counters.changes += 1;
  }

  #encode({ lifetime, counters }: EntryField, given: unknown): Encoded | NotEncoded {
    const { codec } = this.#options;
    let payload: Buffer;
    let value: unknown;
    let copy: CopyValue | undefined;
    try {
      const mostParts = Math.max(lifetime.maxBytes, MANY_PARTS);
      ({ bytes: payload, decoded: value } = codec.encodeFaithfully(given, mostParts));
      copy = codec.copierOf(value);
    } catch (error) {
      if (error instanceof TooManyParts) {
        counters.tooLarge += 1;
        return { value: given, isGiven: true, outcome: 'too-large' };
      }
      counters.unstorable += 1;
      if (error instanceof UnstorableValue) counters.lastUnstorable = error.message;
      return { value: given, isGiven: true, outcome: 'unstorable' };
    }
    if (payload.length <= lifetime.maxBytes) return { value, copy, payload };
    counters.tooLarge += 1;
    return { value, copy, outcome: 'too-large' };
  }

  /** An entry, how long it is kept, and what is made of it. */
  #stamp(
    field: EntryField,
    { value, payload }: Encoded,
    origin: Pick<EntryHeader, 'key' | 'generations' | 'loadMs' | 'hint'>,
  ): { readonly bytes: Uint8Array; readonly keepForMs: number; readonly keptUntilMs: number } {
    const { clock, random, store, early } = this.#options;
    const { lifetime } = field;
    const freshForMs = freshMsOf(lifetime, value, random());
    const { key, generations, loadMs, hint } = origin;
    const header = { key, generations, loadMs, hint, loadedAtMs: clock.nowMs(), freshForMs, payload };
    const bytes = encodeEntry(header, store.isLocal ? Buffer.allocUnsafeSlow : Buffer.allocUnsafe);
    if (store.isLocal) this.#decoded.note(field, bytes, this.#decoded.freshly(header, value));
    return {
      bytes,
      keepForMs: freshForMs + staleMsOf(lifetime, value),
      keptUntilMs: early.drawsFromMs(header),
    };
  }

  #send(field: EntryField, fill: Fill): Filled['outcome'] {
    const count = (outcome: FillOutcome): FillOutcome => {
      ended(field, { bytes: fill.bytes, outcome, isWrite: false });
      return outcome;
    };
    const failed = (error: unknown): 'failed' => {
      this.#options.onStoreTrouble('fill', error);
      tellStored(field, { outcome: 'failed', isWrite: false });
      return 'failed';
    };
    try {
      const outcomes = this.#options.store.fill([fill]);
      if (!isPromise(outcomes)) return count(outcomes[0] ?? 'outdated');
      return outcomes.then(([outcome]) => count(outcome ?? 'outdated'), failed);
    } catch (error) {
      return failed(error);
    }
  }
}

/** Counts an entry of which the store has said what became of it, and tells of it. */
function ended(
  field: EntryField,
  { bytes, outcome, isWrite }: { bytes: Uint8Array; outcome: FillOutcome | PutOutcome; isWrite: boolean },
): void {
  tellStored(field, { outcome, bytes: bytes.length, isWrite });
  const { counters } = field;
  if (outcome !== 'stored') {
    counters.refusedFills += 1;
    return;
  }
  counters.stored += 1;
  counters.storedBytes += bytes.length;
}

function tellStored({ coordinate = '' }: EntryField, message: Omit<StoreMessage, 'coordinate'>): void {
  if (channels.store.hasSubscribers) channels.store.publish({ coordinate, ...message });
}
