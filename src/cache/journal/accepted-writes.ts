import type { Clock } from '../clock.js';
import type { ValueCodec } from '../codec/value-codec.js';
import type { CacheLog } from '../log.js';
import { isPromise } from '../maybe-promise.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import { createFlushCounters, type FlushCounters } from '../metrics/flush-counters.js';
import { Flusher, type FlushTarget } from './flusher.js';
import type { BuriedWrite, Journal, JournalSize, PendingWrite } from './journal.js';
import { decodeRecord, encodeRecord, type WriteRecord } from './record.js';
import { WriteBehindBusy } from './write-behind-busy.js';

/** A write that the database refuses for good, as it was accepted. */
export interface DeadLetter {
  readonly key: string;
  readonly seq: number;
  readonly coordinate: string | undefined;
  /** Undefined where the record cannot be read by this version. */
  readonly state: unknown;
  readonly viewer: string | number | null;
  readonly error: string;
  readonly attempts: number;
  readonly buriedAtMs: number;
}

export interface AcceptedWritesOptions {
  readonly journal: Journal;
  readonly targets: ReadonlyMap<string, FlushTarget>;
  readonly codec: ValueCodec;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: CacheLog;
  /** Applies an invalidation; false where it could not be applied in time, which has been counted and logged. */
  readonly invalidate: (
    tags: readonly string[],
    site: { readonly coordinate: string; readonly counters: FieldCounters },
  ) => Promise<boolean>;
  /** Where invalidations of flushed writes are counted. */
  readonly flushSite: () => { readonly coordinate: string; readonly counters: FieldCounters };
}

/** A write on its way into the journal. */
export interface OfferedWrite extends Pick<WriteRecord, 'state' | 'tags' | 'viewer'> {
  readonly key: string;
  readonly site: { readonly coordinate: string; readonly counters: FieldCounters };
}

/** What became of it, and whether no read that starts now returns older data. */
export interface Acceptance {
  readonly outcome: 'queued' | 'written';
  readonly isInvalidated: boolean;
}

/** Milliseconds an accepted write waits for later ones of its key. */
const FLUSH_AFTER_MS = 250;
/** A journal must not hold up a read for longer than a slow store would. */
const PENDING_WITHIN_MS = 150;
/** Less than a process is given to stop. */
const DRAIN_WITHIN_MS = 7000;

/** Accepted writes: into the journal, from there into the database, and back to whoever reads in between. */
export class AcceptedWrites {
  readonly #options: AcceptedWritesOptions;
  readonly #flusher: Flusher;
  readonly #counters: FlushCounters = createFlushCounters();
  #isStarted = false;

  constructor(options: AcceptedWritesOptions) {
    this.#options = options;
    const { codec, targets } = options;
    this.#flusher = new Flusher({
      ...options,
      counters: this.#counters,
      targetOf: (key) => targets.get(namespaceOf(key)),
      recordOf: ({ record }) => decodeRecord(codec, record),
      invalidate: (tags) => options.invalidate(tags, options.flushSite()),
    });
  }

  /** What an acknowledged write survives, as a sentence. */
  get survives(): string {
    return this.#options.journal.survives;
  }

  /** @throws CacheError where the journal keeps less than what is declared. */
  async start(): Promise<void> {
    const { journal, log } = this.#options;
    await journal.open?.({ log });
    this.#isStarted = true;
    this.#flusher.start();
  }

  /**
   * Takes a write: into the journal, or straight into the database where the journal is full, away or not to be relied
   * on. @throws WriteBehindBusy where neither can; what the origin throws for a row that it refuses.
   */
  async accept({ key, site, ...offered }: OfferedWrite, straight: boolean): Promise<Acceptance> {
    const { journal, codec, clock } = this.#options;
    const { coordinate, counters } = site;
    const record = encodeRecord(codec, { ...offered, coordinate, acceptedAtMs: clock.nowMs() });
    let seq: number | undefined;
    // Before it is started nobody would flush.
    if (this.#isStarted && !straight && !journal.isAway()) {
      try {
        const accepted = await journal.accept({ key, record, delayMs: FLUSH_AFTER_MS });
        if (accepted.outcome === 'accepted') {
          counters.queued += 1;
          return { outcome: 'queued', isInvalidated: await this.#endOf(key, site) };
        }
        seq = accepted.seq;
      } catch {
        // It may have been accepted all the same; the number of what follows is higher.
      }
    }
    seq ??= journal.laterSeq();
    await this.#writeThrough({ key, seq, state: offered.state });
    counters.writtenThrough += 1;
    const isInvalidated = await this.#options.invalidate([key, ...offered.tags], site);
    return { outcome: 'written', isInvalidated };
  }

  /** The pending state of each key; undefined where there is none, or the journal cannot tell. Never rejects. */
  async pendingOf(keys: readonly string[]): Promise<readonly ({ readonly state: unknown } | undefined)[]> {
    const { journal, clock, codec } = this.#options;
    if (!this.#isStarted || journal.isAway()) return keys.map(() => undefined);
    try {
      const asked = journal.pending(keys);
      const late = (): Promise<undefined> => clock.sleep(PENDING_WITHIN_MS).then(() => undefined);
      const found = isPromise(asked) ? await Promise.race([asked, late()]) : asked;
      return keys.map((_, index) => stateOf(codec, found?.[index]));
    } catch {
      // The journal has said by itself that it is away.
      return keys.map(() => undefined);
    }
  }

  async deadLetters(): Promise<readonly DeadLetter[]> {
    const letters = await this.#options.journal.deadLetters();
    return letters.map((letter) => this.#readable(letter));
  }

  async replay(key: string): Promise<'replayed' | 'overtaken' | 'unknown'> {
    const { journal, invalidate, flushSite } = this.#options;
    const outcome = await journal.replay(key);
    if (outcome === 'replayed') await invalidate([key], flushSite());
    return outcome;
  }

  counters(): Readonly<FlushCounters> {
    return { ...this.#counters };
  }

  /** Undefined while the journal is away. */
  async size(): Promise<JournalSize | undefined> {
    try {
      return await this.#options.journal.size();
    } catch {
      return undefined;
    }
  }

  /** Flushes what was accepted, then closes the journal; what is left is told. */
  async close(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    const { journal, log } = this.#options;
    const isEmpty = await this.#flusher.drain(DRAIN_WITHIN_MS);
    if (!isEmpty) {
      const pending = (await this.size())?.pending;
      const message =
        journal.name === 'memory'
          ? 'accepted writes could not be flushed in time and are lost'
          : 'accepted writes could not be flushed in time; they stay in the journal for another process';
      log.error({ pending }, message);
    }
    await journal.close();
  }

  /** A read that starts now must not find an entry from before; some journals have seen to that. */
  async #endOf(key: string, site: OfferedWrite['site']): Promise<boolean> {
    return this.#options.journal.endsGenerations || this.#options.invalidate([key], site);
  }

  async #writeThrough(write: { key: string; seq: number; state: unknown }): Promise<void> {
    const target = this.#options.targets.get(namespaceOf(write.key));
    if (target === undefined) throw new Error(`no origin flushes ${namespaceOf(write.key)}`);
    try {
      await target.flush([write]);
    } catch (error) {
      if (target.isPermanent(error) === true) throw error;
      throw new WriteBehindBusy(error);
    }
  }

  #readable({ key, seq, error, attempts, buriedAtMs, record }: BuriedWrite): DeadLetter {
    const { coordinate, state, viewer = null } = decodeRecord(this.#options.codec, record) ?? {};
    return { key, seq, coordinate, state, viewer, error, attempts, buriedAtMs };
  }
}

function stateOf(codec: ValueCodec, write: PendingWrite | undefined): { state: unknown } | undefined {
  const record = write && decodeRecord(codec, write.record);
  return record && { state: record.state };
}

/** `Playback` of `Playback:7:42`. */
function namespaceOf(key: string): string {
  const colon = key.indexOf(':');
  return colon < 0 ? key : key.slice(0, colon);
}
