import { isFromTheFuture, type Clock } from '../time/clock.js';
import type { ValueCodec } from '../codec/value-codec.js';
import { withMeetingTags } from '../keys/meeting-tag.js';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import type { Histogram } from '../metrics/histogram.js';
import type { Trace } from '../metrics/trace.js';
import type { LocalCopies } from '../store/local-copies.js';
import type { AskOptions, EntryAddress, Lease, Reading, Store } from '../store/store.js';
import { claimsOf, type Claim } from './claim.js';
import { DecodedEntries, type Decoded } from './decoded-entries.js';
import { staleMsOf, type EntryField, type FieldAddress, type Found } from './entry-field.js';
import {
  Fills,
  type CommittedWrite,
  type EntryFill,
  type Filled,
  type Intent,
  type OnStored,
  type WrittenRow,
} from './fills.js';
import { generationsMatch } from './generations.js';
import { JoinedBatch } from './joined-batch.js';
import { KeptAnswers } from './kept-answers.js';
import { ProcessCopies, type Mark } from './process-copies.js';

/** For so long, in milliseconds, a write takes the generations that a read has found for present. */
const JUST_MS = 1000;

/** What is known of the rows that a write has written. */
export interface Written {
  /** Of the rows that tags name. */
  readonly versions?: ReadonlyMap<string, number> | undefined;
  /** What may be put in the same step, if the tags are all that has to end before. */
  readonly row?: WrittenRow | undefined;
}

/** What a reader is about to load. */
export interface Wanted {
  readonly field: EntryField;
  readonly address: FieldAddress;
}

/** What there is before a load, as one of those sees it who share it. */
export interface Claimed {
  readonly claim: Claim;
  readonly found: Found | undefined;
}

export interface EntriesOptions {
  readonly store: Store;
  readonly copies: LocalCopies;
  /** Copies that are proven unchanged before they answer; undefined where there shall be none. */
  readonly provenCopies?: LocalCopies | undefined;
  /** Whole answers made of entries; undefined where none are kept. */
  readonly answers?: LocalCopies | undefined;
  readonly codec: ValueCodec;
  /** Most bytes of decoded values, where the store has no place for them. */
  readonly decodedMaxBytes: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** Decides which reads of a fresh entry have it refreshed. */
  readonly early: EarlyDecision;
  /** Milliseconds a lease is held without being renewed. */
  readonly leaseMs: number;
  /** Where it is counted how long a store takes that is not in this process. */
  readonly roundTrips?: Histogram | undefined;
  /** While writes by others are not seen: milliseconds after its load from which an entry is not believed. */
  readonly believedForMs: () => number | undefined;
  /** Whether the origin answers for a field before a store that is silent for a moment would be waited for in vain. */
  readonly isLoadedSoon: (field: EntryField) => boolean;
  /** Told of each read that asks the store, before it does. */
  readonly onRead: () => void;
  /** Told whenever the store fails; the caller is answered all the same. */
  readonly onStoreTrouble: (operation: string, error: unknown) => void;
  /** Told of a PRIVATE field that came with a key without its viewer; may throw, and nothing is read or stored otherwise. */
  readonly refuse: (field: EntryField, reason: string) => void;
  /** See `Fills`. */
  readonly onStored?: OnStored | undefined;
}

type FreshEntry = Pick<Decoded, 'loadedAtMs' | 'freshForMs' | 'loadMs'>;

/** When a fresh entry is refreshed: see `earlyRefresh` of the room above. */
interface EarlyDecision {
  isDue(entry: FreshEntry, nowMs: number): boolean;
  drawsFromMs(entry: FreshEntry): number;
}

/** By what the readings of one batch are judged. */
interface Judgement {
  readonly nowMs: number;
  readonly mark: Mark;
  readonly believedForMs: number | undefined;
}

/** A reading that was found to be a fresh entry of a field, which is too young to be refreshed. */
class Judged {
  readonly field: EntryField;
  readonly entry: Decoded;

  constructor(field: EntryField, entry: Decoded) {
    this.field = field;
    this.entry = entry;
  }
}

const NOT_TRACED: { readonly reads?: undefined } = Object.freeze({});

/** Entries seen through their generations: what was invalidated is not found, whatever the store still holds. */
export class Entries {
  readonly #options: EntriesOptions;
  readonly #decoded: DecodedEntries;
  // What is far away is asked once a tick, for all requests together; what is near answers at once.
  readonly #reads: JoinedBatch<EntryAddress, Reading> | undefined;
  readonly #claims: JoinedBatch<Wanted, Claim>;
  readonly #drops: JoinedBatch<string, undefined>;
  readonly #fills: Fills;
  readonly #copies: ProcessCopies;
  readonly #answers: KeptAnswers | undefined;
  readonly #listeners: ((tags: readonly string[]) => void)[] = [];
  readonly #closing = new AbortController();
  #isClosed = false;

  constructor(options: EntriesOptions) {
    this.#options = options;
    const { store, codec } = options;
    this.#decoded = new DecodedEntries({
      ...{ codec, tier: store.name, keepBytes: !store.isLocal },
      maxBytes:
        store.holdBeside?.(() => this.#decoded.bytes, this.#closing.signal) ?? options.decodedMaxBytes,
    });
    this.#fills = new Fills(options, this.#decoded);
    this.#claims = new JoinedBatch(
      (wanted, asking) => claimsOf(store, wanted, { ...asking, leaseMs: options.leaseMs }),
      options.roundTrips,
    );
    this.#drops = new JoinedBatch((rows) => this.#dropCopies(rows));
    this.#copies = new ProcessCopies({
      store,
      local: options.copies,
      proven: options.provenCopies,
      answers: options.answers,
      copiesEndAtMs: (entry) => options.early.drawsFromMs(entry),
      onStoreTrouble: options.onStoreTrouble,
      until: this.#closing.signal,
    });
    const answers = this.#copies.answers;
    this.#answers = answers && new KeptAnswers(answers, { copies: this.#copies, clock: options.clock });
    if (!store.isLocal)
      this.#reads = new JoinedBatch((addresses, asking) => store.read(addresses, asking), options.roundTrips);
  }

  /** Finds many entries in one store read; synchronous where copies of this process or a local store can answer. */
  find(
    field: EntryField,
    addresses: readonly FieldAddress[],
    trace?: Trace,
    request?: object,
  ): MaybePromise<readonly (Found | undefined)[]> {
    const { reads } = trace ?? NOT_TRACED;
    if (reads === undefined) return this.#find(field, addresses, trace, request);
    reads.begin(addresses);
    const found = this.#find(field, addresses, trace, request);
    const note = (all: readonly (Found | undefined)[]): typeof all => {
      for (const entry of all) reads.note(entry, entry === undefined ? 0 : this.untilMs(entry));
      return all;
    };
    return isPromise(found) ? found.then(note) : note(found);
  }

  #find(
    field: EntryField,
    addresses: readonly FieldAddress[],
    trace: Trace | undefined,
    request: object | undefined,
  ): MaybePromise<readonly (Found | undefined)[]> {
    // Asked of PRIVATE fields only: lists of what everybody shares must not pay for it.
    if (field.holdsViewer !== undefined && !addresses.every((address) => this.#isAllowed(field, address)))
      return addresses.map(() => undefined);
    if (this.#options.believedForMs() !== undefined) return this.#findInStore(field, addresses, trace);
    const copies = this.#copies.for(field, request, trace);
    if (copies === undefined) return this.#findInStore(field, addresses, trace);
    if (!isPromise(copies)) return this.#findAmong(copies, field, addresses, trace);
    return copies.then((proven) =>
      proven === undefined
        ? this.#findInStore(field, addresses, trace)
        : this.#findAmong(proven, field, addresses, trace),
    );
  }

  /** Finds one entry; as `find`, without its arrays where a copy answers: this is the hot path. */
  findOne(
    field: EntryField,
    address: FieldAddress,
    trace?: Trace,
    request?: object,
  ): MaybePromise<Found | undefined> {
    if (trace?.reads !== undefined) {
      const found = this.find(field, [address], trace, request);
      return isPromise(found) ? found.then(([first]) => first) : found[0];
    }
    if (!this.#isAllowed(field, address)) return undefined;
    if (this.#options.believedForMs() !== undefined) {
      return this.#findOneAmong(undefined, field, address, trace);
    }
    const copies = this.#copies.for(field, request, trace);
    if (isPromise(copies)) return copies.then((proven) => this.#findOneAmong(proven, field, address, trace));
    return this.#findOneAmong(copies, field, address, trace);
  }

  /** Taken before entries are read that may be given later: see `isUntouchedSince`. */
  mark(): Mark {
    return this.#copies.mark();
  }

  /** Whether no invalidation of this process has touched an entry since then. */
  isUntouchedSince(mark: Mark, address: FieldAddress): boolean {
    return this.#copies.isUntouchedSince(mark, address);
  }

  /** The answers that are kept, as long as what was written by others is seen; undefined where none are, and after the end. */
  get answers(): KeptAnswers | undefined {
    if (this.#isClosed) return undefined;
    return this.#options.believedForMs() === undefined ? this.#answers : undefined;
  }

  /** A request that wrote must prove its copies again. */
  unprove(request: object | undefined): void {
    this.#copies.unprove(request);
  }

  /**
   * Asks, before loads begin, for their generations and leases. Undefined when the store is in trouble; where a part of it is,
   * claims have no generations. What has been stored since the read is in `found`: it needs no load.
   */
  async claim(
    wanted: readonly Wanted[],
    { trace, mayGiveUp }: { readonly trace?: Trace | undefined } & AskOptions = {},
  ): Promise<readonly Claimed[] | undefined> {
    const { store, clock } = this.#options;
    if (!wanted.every(({ field, address }) => this.#isAllowed(field, address))) return undefined;
    const mark = this.#copies.mark();
    const believedForMs = this.#options.believedForMs();
    try {
      const claims = store.isLocal
        ? await claimsOf(store, wanted, { leaseMs: this.#options.leaseMs })
        : await this.#claims.ask(wanted, trace, mayGiveUp);
      const at = this.#judgement(clock.nowMs(), mark, believedForMs);
      return wanted.map(({ field, address }, index) => {
        const claim = claims[index];
        if (claim === undefined)
          throw new Error('the store answered with fewer claims than it was asked for');
        const { bytes, generations } = claim;
        return { claim, found: generations && this.#judge(field, address, { bytes, generations }, at) };
      });
    } catch (error) {
      this.#options.onStoreTrouble('acquire', error);
      return undefined;
    }
  }

  /** Stores a loaded value: see `Fills`. */
  fill(field: EntryField, fill: EntryFill): Filled {
    // Without generations nothing is stored, whatever the key is.
    const isAllowed = fill.generations === undefined || this.#isAllowed(field, fill.address);
    return this.#fills.fill(field, isAllowed ? fill : { ...fill, generations: undefined });
  }

  /** Gives back those of these leases that no fill gave back. A failure costs those who wait no more than the lease's end. */
  async release(leases: readonly Lease[]): Promise<void> {
    const left = leases.filter((lease) => !this.#fills.gaveBack(lease));
    if (left.length === 0) return;
    try {
      await this.#options.store.release(left);
    } catch (error) {
      this.#options.onStoreTrouble('release', error);
    }
  }

  /** Prolongs leases; false for each that is no longer held, and an empty answer when the store is in trouble. */
  async renew(leases: readonly Lease[]): Promise<readonly (boolean | undefined)[]> {
    const { leaseMs, store } = this.#options;
    try {
      return await store.renew(leases.map((lease) => ({ ...lease, leaseMs })));
    } catch (error) {
      this.#options.onStoreTrouble('renew', error);
      return [];
    }
  }

  /** Forgets the copies of this process: what was stored so far may be served no more. */
  forgetCopies(): void {
    this.#copies.clear();
  }

  /**
   * Has copies of a row dropped in all processes, since it was loaded anew without an invalidation. Never rejects: where the
   * store is in trouble, copies that are proven answer nothing.
   */
  async dropCopies(row: string): Promise<void> {
    await this.#drops.ask([row], undefined);
  }

  /** Whether the store can be reached now; asked before a write that must not outlive it. */
  async confirm(): Promise<boolean> {
    const { store } = this.#options;
    try {
      await store.confirm?.();
      return true;
    } catch {
      // Whatever the reason is: it cannot be relied on, which is the answer.
      return false;
    }
  }

  /** Lets go of the store, which may go on for others, and of all that was kept in front of it. */
  close(): void {
    this.#isClosed = true;
    this.#closing.abort();
    this.#decoded.clear();
    this.forgetCopies();
  }

  /** Forgets everything that was stored so far; rejects when the store could not. */
  async forgetAll(): Promise<void> {
    try {
      await this.#options.store.forget();
    } finally {
      this.#decoded.clear();
      this.forgetCopies();
    }
  }

  /** Called before a write begins whose row may be stored; undefined where it may not, or the store is in trouble. */
  async intend(field: EntryField, address: FieldAddress, onlyHot: boolean): Promise<Intent | undefined> {
    if (!this.#isAllowed(field, address)) return undefined;
    const { ttlMs, staleMs } = field.lifetime;
    const { key, row, tags } = address;
    const [captured, ...generations] = this.#justSeen(address) ?? [];
    if (captured !== undefined) return { address, captured, generations };
    try {
      const [intended] = await this.#options.store.intend([
        { key, row, tags, keepForMs: ttlMs + staleMs, onlyHot },
      ]);
      if (intended?.captured === undefined) return undefined;
      return { address, captured: intended.captured, generations: intended.generations };
    } catch (error) {
      this.#options.onStoreTrouble('intend', error);
      return undefined;
    }
  }

  /**
   * What a read has found a moment ago does as well as what is asked for now: it is from before the write, too. What has ended since
   * is only more for the row to be refused for.
   */
  #justSeen({ key, tags }: FieldAddress): readonly string[] | undefined {
    const { store, clock } = this.#options;
    if (store.isLocal || tags.length > 0) return undefined;
    const nowMs = clock.nowMs();
    return this.#decoded.seen(key, nowMs - JUST_MS, nowMs);
  }

  /** Makes an entry of what a write has committed: see `Fills`. */
  written(field: EntryField, write: CommittedWrite): WrittenRow | undefined {
    return this.#fills.written(field, write);
  }

  /** Stores the row of a write whose invalidation was applied. True where it is there now. */
  put(row: WrittenRow): Promise<boolean> {
    return this.#fills.put(row);
  }

  /** From now on `listener` is told of tags whose invalidation was applied. It must not throw. */
  onInvalidated(listener: (tags: readonly string[]) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Applies an invalidation; rejects when the store could not. Copies of this process are forgotten either way. The row has an
   * outcome afterwards where the store has put it in the same step.
   */
  async invalidate(named: readonly string[], { versions, row }: Written = {}): Promise<void> {
    const tags = withMeetingTags(named);
    try {
      const applied = this.#options.store.invalidate(tags, versions, row?.put);
      const outcome = isPromise(applied) ? await applied : applied;
      if (typeof outcome === 'string') row?.ended(outcome);
      for (const listener of this.#listeners) listener(tags);
    } finally {
      this.#copies.forget(tags);
    }
  }

  /** Something else has ended these in the store: what this process has read of them answers no more. */
  hasEnded(tags: readonly string[]): void {
    this.#copies.forget(tags);
  }

  /** A PRIVATE entry is its viewer's: a key that does not say whose it is is neither read nor filled, wherever it was made. */
  #isAllowed(field: EntryField, address: FieldAddress): boolean {
    const { holdsViewer } = field;
    if (holdsViewer === undefined) return true;
    const { key, row = key, viewer, unvaried = row } = address;
    const isOfKey = key.startsWith(row) && isVariantOf(row, unvaried);
    if (viewer !== undefined && isOfKey && holdsViewer(unvaried, viewer)) return true;
    this.#options.refuse(field, 'it is PRIVATE, but its key does not hold the viewer');
    return false;
  }

  /** Readers who have waited for the same load are one announcement. */
  async #dropCopies(rows: readonly string[]): Promise<readonly undefined[]> {
    const tags = [...new Set(rows)];
    try {
      await this.#options.store.dropCopies?.(tags);
    } catch (error) {
      this.#options.onStoreTrouble('dropCopies', error);
    } finally {
      this.#copies.forget(tags);
    }
    return rows.map(() => undefined);
  }

  #findInStore(
    field: EntryField,
    addresses: readonly EntryAddress[],
    trace: Trace | undefined,
  ): MaybePromise<readonly (Found | undefined)[]> {
    this.#options.onRead();
    const mark = this.#copies.mark();
    const believedForMs = this.#options.believedForMs();
    const timed = this.#reads === undefined ? undefined : field.counters.times.beginStoreRead();
    const judge = (readings: readonly Reading[]): readonly (Found | undefined)[] => {
      timed?.end();
      const at = this.#judgement(this.#options.clock.nowMs(), mark, believedForMs);
      return addresses.map((address, index) => this.#judge(field, address, readings[index], at));
    };
    try {
      const { store, isLoadedSoon } = this.#options;
      const readings =
        // Who wants a fresh value has the entry replaced that there is.
        this.#reads?.ask(addresses, trace, trace?.freshSinceMs === undefined && isLoadedSoon(field)) ??
        store.read(addresses);
      if (!isPromise(readings)) return judge(readings);
      return readings.then(judge, (error: unknown) => this.#troubledRead(addresses, error));
    } catch (error) {
      return this.#troubledRead(addresses, error);
    }
  }

  /** Until when what was made of a fresh entry may be kept: from then on reads decide whether it is refreshed. */
  untilMs(found: Found): number {
    const { loadedAtMs, freshForMs, loadMs, untilMs } = found;
    if (untilMs !== undefined || freshForMs === undefined) return untilMs ?? 0;
    return this.#options.early.drawsFromMs({ loadedAtMs, freshForMs, loadMs });
  }

  #troubledRead(addresses: readonly EntryAddress[], error: unknown): readonly undefined[] {
    this.#options.onStoreTrouble('read', error);
    return addresses.map(() => undefined);
  }

  /** `believedForMs` when the store was asked: what was read before the relay saw again may lack what it has applied since. */
  #judgement(nowMs: number, mark: Mark, believedForMs: number | undefined): Judgement {
    return { nowMs, mark, believedForMs: believedForMs ?? this.#options.believedForMs() };
  }

  #judge(
    field: EntryField,
    address: EntryAddress,
    reading: Reading | undefined,
    { nowMs, mark, believedForMs }: Judgement,
  ): Found | undefined {
    if (reading?.bytes === undefined) return undefined;
    // Requests of one tick share their readings, and mostly their entries are fresh.
    if (reading.judged instanceof Judged && reading.judged.field === field) return reading.judged.entry;
    const entry = this.#decoded.decode(field, address, reading.bytes);
    if (entry === undefined || !generationsMatch(entry.generations, reading.generations)) return undefined;
    // How old it is cannot be told: the clock was set back since, or that of its process is wrong.
    if (isFromTheFuture(entry.loadedAtMs, nowMs)) return undefined;
    const staleForMs = nowMs - entry.loadedAtMs - entry.freshForMs;
    if (believedForMs !== undefined && nowMs - entry.loadedAtMs + entry.loadMs > believedForMs) {
      return unsure(field, entry, Math.max(1, staleForMs));
    }
    if (address.tags.length === 0) entry.seenAtMs = nowMs;
    const { early } = this.#options;
    const isYoung = nowMs < early.drawsFromMs(entry);
    if (isYoung || (staleForMs <= 0 && !early.isDue(entry, nowMs))) {
      if (this.#copies.areKept(field)) this.#copies.keep(field, address, { entry, mark, nowMs });
      if (isYoung && 'judged' in reading) reading.judged = new Judged(field, entry);
      return entry;
    }
    const { value, copy, hint, generations, loadedAtMs, loadMs, tier } = entry;
    if (staleForMs <= 0)
      return { value, copy, hint, generations, loadedAtMs, loadMs, staleForMs: 0, isDue: true, tier };
    if (staleForMs > staleMsOf(field.lifetime, value)) return undefined;
    return { value, copy, hint, generations, loadedAtMs, loadMs, staleForMs, isDue: false, tier };
  }

  #findOneAmong(
    copies: LocalCopies | undefined,
    field: EntryField,
    address: EntryAddress,
    trace: Trace | undefined,
  ): MaybePromise<Found | undefined> {
    const copy = copies?.get(address, this.#options.clock.nowMs());
    if (copy !== undefined) return copy;
    const found = this.#findInStore(field, [address], trace);
    return isPromise(found) ? found.then(([first]) => first) : found[0];
  }

  #findAmong(
    copies: LocalCopies,
    field: EntryField,
    addresses: readonly EntryAddress[],
    trace: Trace | undefined,
  ): MaybePromise<readonly (Found | undefined)[]> {
    const nowMs = this.#options.clock.nowMs();
    const kept = addresses.map((address): Found | undefined => copies.get(address, nowMs));
    const asked = addresses.filter((_, index) => kept[index] === undefined);
    if (asked.length === 0) return kept;
    const place = (fromStore: readonly (Found | undefined)[]): readonly (Found | undefined)[] => {
      let next = 0;
      return kept.map((copy) => copy ?? fromStore[next++]);
    };
    const fromStore = this.#findInStore(field, asked, trace);
    return isPromise(fromStore) ? fromStore.then(place) : place(fromStore);
  }
}

/** Whether a row is this key, or is it for some variants only. */
function isVariantOf(row: string, unvaried: string): boolean {
  return row === unvaried || (row.startsWith(unvaried) && row[unvaried.length] === '|');
}

/** Other than a stale entry it is not served before a load was tried. */
function unsure(field: EntryField, entry: Decoded, staleForMs: number): Found | undefined {
  const { value, copy, hint, generations, loadedAtMs, loadMs, tier } = entry;
  if (staleForMs > staleMsOf(field.lifetime, value)) return undefined;
  const age = { loadedAtMs, loadMs, staleForMs, isDue: false, isUnsure: true };
  return { value, copy, hint, generations, ...age, tier };
}
