import { Entries, type EntriesOptions } from '../coherence/entries.js';
import type { EntryField, FieldAddress, Found } from '../coherence/entry-field.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { Trace } from '../metrics/trace.js';
import type { Recorder } from './recorder.js';

/** Entries whose traffic is recorded. Without the option none of this is there, and it costs nothing. */
export class RecordedEntries extends Entries {
  readonly #recorder: Recorder;

  constructor(options: EntriesOptions, recorder: Recorder) {
    super({
      ...options,
      onStored: ({ key, row, tags, bytes }, { loadMs, isNull, isWrite }) =>
        recorder.stored({ key, row, tags, bytes: bytes.length, loadMs, isNull, isWrite }),
    });
    this.#recorder = recorder;
    this.onInvalidated((tags) => recorder.invalidated(tags));
  }

  override find(
    field: EntryField,
    addresses: readonly FieldAddress[],
    trace?: Trace,
    request?: object,
  ): MaybePromise<readonly (Found | undefined)[]> {
    // What is kept warm, probed or checked has no request: it is asked for by no reader.
    if (request !== undefined) for (const { key } of addresses) this.#note(field, key, trace);
    return super.find(field, addresses, trace, request);
  }

  override findOne(
    field: EntryField,
    address: FieldAddress,
    trace?: Trace,
    request?: object,
  ): MaybePromise<Found | undefined> {
    // Where a request's reads are noted it is found by `find`.
    if (request !== undefined && trace?.reads === undefined) this.#note(field, address.key, trace);
    return super.findOne(field, address, trace, request);
  }

  /** Also for each answer that is given again without this read. */
  #note(field: EntryField, key: string, trace: Trace | undefined): void {
    this.#recorder.read(field, key);
    trace?.onEachRead(() => this.#recorder.read(field, key));
  }
}
