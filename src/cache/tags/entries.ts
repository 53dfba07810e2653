import type { Clock } from '../clock.js';
import type { ValueCodec } from '../codec/value-codec.js';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import type { Trace } from '../metrics/trace.js';
import type { LocalCopies } from '../store/local-copies.js';
import type { EntryAddress, Lease, Reading, Store } from '../store/store.js';
import { claimsOf, type Claim } from './claim.js';
import { DecodedEntries, type Decoded } from './decoded-entries.js';
import type { EntryField, Found } from './entry-field.js';
import { Fills, type EntryFill, type Filled } from './fills.js';
import { generationsMatch } from './generations.js';
import { JoinedBatch } from './joined-batch.js';
import { ProvenCopies } from './proven-copies.js';

/** What somebody is about to load. */
export interface Wanted {
  readonly field: EntryField;
  readonly address: EntryAddress;
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
  readonly codec: ValueCodec;
  readonly clock: Clock;
  /** Freezes decoded values, so that a resolver that mutates its parent fails at once instead of corrupting others. */
  readonly freeze: boolean;
  readonly random: () => number;
  /** Milliseconds a lease is held without being renewed. */
  readonly leaseMs: number;
  /** Told whenever the store fails; the caller is answered all the same. */
  readonly onStoreTrouble: (operation: string, error: unknown) => void;
}

/** Entries seen through their generations: what was invalidated is not found, whatever the store still holds. */
export class Entries {
  readonly #options: EntriesOptions;
  readonly #decoded: DecodedEntries;
  // What is far away is asked once a tick, for all requests together; what is near answers at once.
  readonly #reads: JoinedBatch<EntryAddress, Reading> | undefined;
  readonly #claims: JoinedBatch<Wanted, Claim>;
  readonly #fills: Fills;
  readonly #proven: ProvenCopies | undefined;

  constructor(options: EntriesOptions) {
    this.#options = options;
    const { store, codec, freeze } = options;
    this.#decoded = new DecodedEntries({ codec, freeze, tier: store.name, keepBytes: !store.isLocal });
    this.#fills = new Fills(options, this.#decoded);
    this.#claims = new JoinedBatch((wanted) => claimsOf(store, wanted, options.leaseMs));
    this.#proven = options.provenCopies && provenBy(store, options.provenCopies, options.onStoreTrouble);
    if (!store.isLocal) this.#reads = new JoinedBatch((addresses) => store.read(addresses));
  }

  /** Finds many entries in one store read; synchronous where copies of this process or a local store can answer. */
  find(
    field: EntryField,
    addresses: readonly EntryAddress[],
    trace?: Trace,
    request?: object,
  ): MaybePromise<readonly (Found | undefined)[]> {
    const copies = this.#copiesFor(field, trace, request);
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
    address: EntryAddress,
    trace?: Trace,
    request?: object,
  ): MaybePromise<Found | undefined> {
    const copies = this.#copiesFor(field, trace, request);
    if (isPromise(copies)) return copies.then((proven) => this.#findOneAmong(proven, field, address, trace));
    return this.#findOneAmong(copies, field, address, trace);
  }

  /** Whether copies of this process may answer the request now. */
  mayUseCopies({ lifetime, isShared }: EntryField, request: object): boolean {
    return lifetime.localMs > 0 || (isShared === true && this.#proven?.isProven(request) === true);
  }

  /** Whether this process has a copy of its own. */
  hasCopy({ lifetime }: EntryField, { key }: EntryAddress): boolean {
    const { copies, clock } = this.#options;
    const kept = lifetime.localMs > 0 ? copies : this.#proven?.copies;
    return kept?.get(key, clock.nowMs()) !== undefined;
  }

  /** A request that wrote must prove its copies again. */
  unprove(request: object): void {
    this.#proven?.unprove(request);
  }

  /**
   * Asks, before loads begin, for their generations and leases. Undefined when the store is in trouble. What has been
   * stored since the read is in `found`: it needs no load.
   */
  async claim(wanted: readonly Wanted[], trace?: Trace): Promise<readonly Claimed[] | undefined> {
    const { store, clock } = this.#options;
    const forgotten = this.#forgotten();
    try {
      const claims = store.isLocal
        ? await claimsOf(store, wanted, this.#options.leaseMs)
        : await this.#claims.ask(wanted, trace);
      const at = { nowMs: clock.nowMs(), ...forgotten };
      return wanted.map(({ field, address }, index) => {
        const claim = claims[index];
        if (claim === undefined)
          throw new Error('the store answered with fewer claims than it was asked for');
        return { claim, found: this.#judge(field, address, claim, at) };
      });
    } catch (error) {
      this.#options.onStoreTrouble('acquire', error);
      return undefined;
    }
  }

  /** Stores a loaded value: see `Fills`. */
  fill(field: EntryField, fill: EntryFill): Filled {
    return this.#fills.fill(field, fill);
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
  async renew(leases: readonly Lease[]): Promise<readonly boolean[]> {
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
    this.#options.copies.clear();
    this.#proven?.copies.clear();
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

  /** Forgets everything that was stored so far; rejects when the store could not. */
  async forgetAll(): Promise<void> {
    try {
      await this.#options.store.forget();
    } finally {
      this.forgetCopies();
    }
  }

  /** Applies an invalidation; rejects when the store could not. Copies of this process are forgotten either way. */
  async invalidate(tags: readonly string[]): Promise<void> {
    try {
      const applied = this.#options.store.invalidate(tags);
      if (isPromise(applied)) await applied;
    } finally {
      this.#options.copies.forget(tags);
      this.#proven?.copies.forget(tags);
    }
  }

  #findInStore(
    field: EntryField,
    addresses: readonly EntryAddress[],
    trace: Trace | undefined,
  ): MaybePromise<readonly (Found | undefined)[]> {
    const forgotten = this.#forgotten();
    const judge = (readings: readonly Reading[]): readonly (Found | undefined)[] => {
      const at = { nowMs: this.#options.clock.nowMs(), ...forgotten };
      return addresses.map((address, index) => this.#judge(field, address, readings[index], at));
    };
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
    at: Forgotten & { readonly nowMs: number },
  ): Found | undefined {
    if (reading?.bytes === undefined) return undefined;
    const entry = this.#decoded.decode(field, address.key, reading.bytes);
    if (entry === undefined || !generationsMatch(entry.generations, reading.generations)) return undefined;
    const staleForMs = at.nowMs - entry.loadedAtMs - entry.freshForMs;
    if (staleForMs <= 0) {
      this.#copy(field, address, { entry, at });
      return entry;
    }
    const { value, loadedAtMs, loadMs, tier } = entry;
    return staleForMs > field.lifetime.staleMs ? undefined : { value, loadedAtMs, loadMs, staleForMs, tier };
  }

  /** Copies that may answer now, or once they are proven to be unchanged; undefined where the store must be asked. */
  #copiesFor(
    { lifetime, isShared }: EntryField,
    trace: Trace | undefined,
    request: object | undefined,
  ): MaybePromise<LocalCopies | undefined> {
    if (lifetime.localMs > 0) return this.#options.copies;
    const proven = this.#proven;
    if (proven === undefined || isShared !== true) return undefined;
    const isProven = proven.prove(request, trace);
    if (!isPromise(isProven)) return isProven ? proven.copies : undefined;
    return isProven.then((is) => (is ? proven.copies : undefined));
  }

  #findOneAmong(
    copies: LocalCopies | undefined,
    field: EntryField,
    address: EntryAddress,
    trace: Trace | undefined,
  ): MaybePromise<Found | undefined> {
    const copy = copies?.get(address.key, this.#options.clock.nowMs());
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
    const kept = addresses.map(({ key }): Found | undefined => copies.get(key, nowMs));
    const asked = addresses.filter((_, index) => kept[index] === undefined);
    if (asked.length === 0) return kept;
    const place = (fromStore: readonly (Found | undefined)[]): readonly (Found | undefined)[] => {
      let next = 0;
      return kept.map((copy) => copy ?? fromStore[next++]);
    };
    const fromStore = this.#findInStore(field, asked, trace);
    return isPromise(fromStore) ? fromStore.then(place) : place(fromStore);
  }

  #forgotten(): Forgotten {
    return {
      forgotten: this.#options.copies.forgotten,
      forgottenProven: this.#proven?.copies.forgotten ?? 0,
    };
  }

  /** Keeps a copy of what was read, unless it was invalidated since the read began. */
  #copy(
    { lifetime, isShared }: EntryField,
    address: EntryAddress,
    { entry, at }: { entry: Decoded; at: Forgotten & { readonly nowMs: number } },
  ): void {
    const freshUntilMs = entry.loadedAtMs + entry.freshForMs;
    const valueBytes = entry.payloadBytes;
    const { copies } = this.#options;
    if (lifetime.localMs > 0) {
      const untilMs = Math.min(at.nowMs + lifetime.localMs, freshUntilMs);
      if (copies.isUntouchedSince(at.forgotten, address))
        copies.keep(address, entry, { valueBytes, untilMs });
    } else if (isShared === true && this.#proven?.isFollowing === true) {
      const { copies: proven } = this.#proven;
      if (proven.isUntouchedSince(at.forgottenProven, address)) {
        proven.keep(address, entry, { valueBytes, untilMs: freshUntilMs });
      }
    }
  }
}

/** How much both kinds of copies had forgotten when a read began. */
interface Forgotten {
  readonly forgotten: number;
  readonly forgottenProven: number;
}

function provenBy(
  store: Store,
  copies: LocalCopies,
  onStoreTrouble: EntriesOptions['onStoreTrouble'],
): ProvenCopies | undefined {
  if (store.readLog === undefined) return undefined;
  const readLog = store.readLog.bind(store);
  return new ProvenCopies({ copies, readLog, onStoreTrouble });
}
