import type { Load } from '../services.js';
import { unheardWithin } from '../../maybe-promise.js';
import type { Clock } from '../../time/clock.js';
import { within } from '../../time/within.js';
import type { ValueCodec } from '../../codec/value-codec.js';
import { valueText } from '../../codec/value-text.js';
import type { ShadowOutcome } from '../../metrics/shadow-counters.js';
import type { EndableWaits } from '../../time/endable-waits.js';
import type { Entries } from '../../coherence/entries.js';
import type { FieldAddress, Found } from '../../coherence/entry-field.js';
import { generationsMatch } from '../../coherence/generations.js';
import type { ShadowField } from './shadow-field.js';

/** A hit that was drawn. */
export interface DrawnHit {
  readonly found: Found;
  readonly place: FieldAddress;
  /** Begins a load with the context of the reader who had the hit. Nothing of it is stored or shared. */
  readonly begin: () => Load;
}

export interface ShadowCheckOptions {
  readonly entries: Entries;
  readonly codec: ValueCodec;
  readonly clock: Clock;
  /** Ended when the cache is closed. */
  readonly waits: EndableWaits;
  /** False where a write of an outbox may not be applied yet. */
  readonly isCaughtUp: () => Promise<boolean>;
}

/** By then a request has its answer, mostly: the load empties the DataLoaders of its context. */
const BEGINS_AFTER_MS = 100;
/** Longer than an invalidation needs from the commit of its write to every process that works. */
const CONFIRMS_AFTER_MS = 2000;
const DEADLINE_MS = 10_000;

/** The load took too long, or the cache is being closed. */
class CheckEnded extends Error {}

/**
 * One check of one hit: loads the value anew for its reader, and compares it with what the cache gave. What differs counts
 * only where nothing was invalidated from before the first load until longer than an invalidation takes to arrive, the
 * cache goes on giving the same value, and a second load agrees with the first.
 */
export class ShadowCheck {
  readonly #options: ShadowCheckOptions;
  readonly #field: ShadowField;
  readonly #hit: DrawnHit;
  #lastLoad: Promise<unknown> = Promise.resolve();

  constructor(options: ShadowCheckOptions, field: ShadowField, hit: DrawnHit) {
    this.#options = options;
    this.#field = field;
    this.#hit = hit;
  }

  /** Never rejects. */
  async outcome(): Promise<ShadowOutcome> {
    try {
      return await this.#compare();
    } catch {
      // Whatever it was: the context may have ended with its request, and nothing was found out. It is counted.
      return 'failed';
    }
  }

  /** Resolves when its last load has ended, which may be long after its deadline. */
  async loadEnded(): Promise<void> {
    await this.#lastLoad.catch(() => undefined);
  }

  async #compare(): Promise<ShadowOutcome> {
    const { clock, codec } = this.#options;
    const { found } = this.#hit;
    const isYoung = clock.nowMs() - found.loadedAtMs < this.#field.youngForMs;
    await this.#pause(BEGINS_AFTER_MS);
    const given = valueText(codec, found.value);
    const generations = await this.#generationsOf(given);
    // A copy may be older than the entry, which may be a newer one meanwhile.
    if (generations === undefined) return 'superseded';
    const first = await this.#load();
    if (first === given) return 'same';
    // The reader's parent row, or a promise in its context, may have been read before the entry was loaded.
    if (isYoung) return 'superseded';
    await this.#pause(CONFIRMS_AFTER_MS);
    if (!(await this.#isGivenStill(given, generations))) return 'superseded';
    const second = await this.#load();
    if (second !== first) await this.#pause(CONFIRMS_AFTER_MS);
    // There may have been a write in between.
    if (!(await this.#isGivenStill(given, generations))) return 'superseded';
    return second === first ? 'differs' : 'unstable';
  }

  /** Whether the cache gives this value still, nothing was invalidated since, and no write is known to be on its way. */
  async #isGivenStill(given: string, generations: readonly string[]): Promise<boolean> {
    if (!(await this.#unlessEnded(this.#options.isCaughtUp()))) return false;
    const present = await this.#generationsOf(given);
    return present !== undefined && generationsMatch(generations, present);
  }

  /** The generations of the entry in the store, where that is fresh and has this value. */
  async #generationsOf(given: string): Promise<readonly string[] | undefined> {
    const { entries, codec } = this.#options;
    const finding = Promise.resolve(entries.findOne(this.#field.inStore, this.#hit.place));
    const present = await this.#unlessEnded(finding);
    if (present?.staleForMs !== 0 || valueText(codec, present.value) !== given) return undefined;
    return present.generations;
  }

  async #load(): Promise<string> {
    const { clock, codec } = this.#options;
    const load = this.#hit.begin();
    const running = (async (): Promise<unknown> => load.run())();
    this.#lastLoad = running;
    // Compared or too late, it is dropped.
    running.then(unheardWithin, () => undefined);
    const onLate = (): never => {
      throw new CheckEnded('the load took too long');
    };
    const value = await this.#unlessEnded(within(clock, { work: running, ms: DEADLINE_MS, onLate }));
    if (load.touched()) throw new Error('the load looked at the viewer');
    return valueText(codec, value ?? null);
  }

  async #pause(ms: number): Promise<void> {
    await this.#unlessEnded(this.#options.clock.sleep(ms));
  }

  async #unlessEnded<T>(work: Promise<T>): Promise<T | undefined> {
    const { waits } = this.#options;
    const result = await waits.until(work);
    if (waits.isOver) throw new CheckEnded('the cache is closed');
    return result;
  }
}
