import type { CacheLog } from '../log.js';
import type { RegionFigures, RegionWrites } from '../metrics/region-figures.js';
import type { Clock } from '../time/clock.js';
import { doublingPauseMs } from '../time/doubling-pause.js';
import { within } from '../time/within.js';
import type { OthersSeen, OtherStore, Outbox } from './outbox.js';
import { StoreLag } from './store-lag.js';

export interface OtherStoresOptions {
  readonly outbox: Pick<Outbox, 'others' | 'tellOthers'>;
  readonly clock: Clock;
  readonly log: CacheLog;
  /** Whether there are any, by a look that begins after the call; undefined where that is not known. */
  readonly look: () => Promise<boolean | undefined>;
  /** Milliseconds for which a write waits for all of them; undefined where it waits for none. */
  readonly waitsMs: number | undefined;
}

/** A store that no process has looked for so long is not waited for. */
const UNSEEN_AFTER_MS = 15_000;
/** While writes wait. */
const PAUSE_MS = 20;
/** While none does, and only the lag is measured. */
const FOLLOW = { firstMs: 25, longestMs: 200 };
/** A process that does not write looks so often how far the others are. */
const LOOK_EVERY_MS = 3000;
/** A database that does not answer holds up no write for longer. */
const ANSWERS_WITHIN_MS = 3000;
/** Where more tags than this could not be told, the others are to forget everything. */
const UNTOLD_AT_MOST = 10_000;

/**
 * The other stores of one outbox, as those of other regions: they are told of tags that no row of the database means, and how far they
 * have come is measured and, where writes shall wait for them, waited for.
 */
export class OtherStores {
  readonly #options: OtherStoresOptions;
  #areThere: boolean | undefined;
  #stores: readonly OtherStore[] = [];
  readonly #lags = new Map<string, StoreLag>();
  readonly #writes: RegionWrites = { all: 0, late: 0, unseen: 0 };
  readonly #untold = new Set<string>();
  #mustTellAll = false;
  #running: Promise<OthersSeen> | undefined;
  #next: { readonly sinceMs: number; readonly seen: Promise<OthersSeen> } | undefined;
  #lookedAtMs = -Infinity;
  #isFollowing = false;
  #isClosed = false;

  constructor(options: OtherStoresOptions) {
    this.#options = options;
  }

  /** Whether there are any, as far as is known. */
  get areThere(): boolean {
    return this.#areThere === true;
  }

  /** Whether writes wait for them. */
  get areWaitedFor(): boolean {
    return this.#options.waitsMs !== undefined;
  }

  /** The relay has looked. */
  noticed(areThere: boolean): void {
    this.#areThere = areThere;
    if (!areThere) {
      this.#stores = [];
      this.#lags.clear();
      return;
    }
    if (this.#isUntold) void this.#tellWhatIsUntold();
    if (this.#options.clock.nowMs() - this.#lookedAtMs >= LOOK_EVERY_MS) this.follow();
  }

  /**
   * Tells the others to invalidate these tags too. What cannot be told is told later, and until then no write counts as applied
   * everywhere. Never rejects.
   */
  async tell(tags: readonly string[]): Promise<void> {
    const { outbox, look } = this.#options;
    if (outbox.tellOthers === undefined || tags.length === 0) return;
    if (!this.areThere && (await look()) === false) return;
    if (await this.#told(tags)) return;
    for (const tag of tags) this.#untold.add(tag);
    if (this.#untold.size > UNTOLD_AT_MOST) this.#mustTellAll = true;
  }

  /**
   * Called once a write is applied in the store of this process: true where all that was committed before the call is applied in every
   * other one too, which is waited for only where writes shall. Never rejects.
   */
  async haveApplied(): Promise<boolean> {
    if (!this.areThere) return true;
    const { waitsMs } = this.#options;
    if (waitsMs === undefined) {
      this.follow();
      return false;
    }
    const outcome = await this.#appliedWithin(waitsMs);
    this.#writes[outcome] += 1;
    // What was not applied in time is followed to its end, so that the lag is known.
    if (outcome !== 'all') this.follow();
    return outcome === 'all';
  }

  /** Measures in the background how long the others take for what is committed by now. */
  follow(): void {
    if (this.#isClosed || this.#options.outbox.others === undefined) return;
    const goOn = (): void => void this.#goOn();
    this.#look().then(goOn, goOn);
  }

  figures(): RegionFigures {
    const stores = this.#stores.map((store) => {
      const { name, unseenForMs } = store;
      const lagMs = this.#lags.get(name)?.longestMs;
      return {
        ...{ store: name, unseenForMs, isWaitedFor: !isUnseen(store) },
        ...(lagMs !== undefined && { lagMs }),
      };
    });
    const lags = stores.flatMap(({ lagMs }) => lagMs ?? []);
    return {
      stores,
      writes: { ...this.#writes },
      ...(lags.length > 0 && { lagMs: Math.max(...lags) }),
    };
  }

  close(): void {
    this.#isClosed = true;
  }

  get #isUntold(): boolean {
    return this.#untold.size > 0 || this.#mustTellAll;
  }

  async #tellWhatIsUntold(): Promise<void> {
    const tags = [...this.#untold];
    const isAll = this.#mustTellAll;
    if (!(await this.#told(isAll ? 'all' : tags))) return;
    for (const tag of tags) this.#untold.delete(tag);
    if (isAll) this.#mustTellAll = false;
  }

  async #told(tags: readonly string[] | 'all'): Promise<boolean> {
    const { outbox, clock, log } = this.#options;
    try {
      await answered(clock, outbox.tellOthers?.(tags) ?? Promise.resolve());
      return true;
    } catch (error) {
      log.warn(
        { error: String(error) },
        'other regions could not be told of an invalidation; it is tried again',
      );
      return false;
    }
  }

  async #appliedWithin(ms: number): Promise<keyof RegionWrites> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + ms;
    let target: bigint | undefined;
    for (;;) {
      const seen = await this.#lookWithin(untilMs - clock.nowMs());
      if (seen !== undefined) {
        target ??= seen.place;
        const behind = behindOf(seen, target);
        if (behind.length === 0 && !this.#isUntold) return 'all';
        if (behind.length > 0 && behind.every(isUnseen)) return 'unseen';
      }
      if (this.#isClosed || clock.nowMs() + PAUSE_MS >= untilMs) return 'late';
      await clock.sleep(PAUSE_MS);
    }
  }

  #lookWithin(ms: number): Promise<OthersSeen | undefined> {
    const work = this.#look().catch(() => undefined);
    return within(this.#options.clock, { work, ms: Math.max(ms, 1), onLate: () => undefined });
  }

  /** A caller that comes before the look begins shares it; a later one needs another. */
  #look(): Promise<OthersSeen> {
    const sinceMs = this.#options.clock.nowMs();
    this.#next ??= { sinceMs, seen: this.#lookAfter(this.#running, sinceMs) };
    return this.#next.seen;
  }

  async #lookAfter(before: Promise<OthersSeen> | undefined, sinceMs: number): Promise<OthersSeen> {
    await before?.catch(() => undefined);
    this.#next = undefined;
    const { outbox, clock } = this.#options;
    this.#lookedAtMs = clock.nowMs();
    // One that hangs must not end all others.
    this.#running = answered(clock, outbox.others?.() ?? Promise.resolve({ place: 0n, stores: [] }));
    const seen = await this.#running;
    this.#saw(seen, sinceMs);
    return seen;
  }

  #saw({ place, stores }: OthersSeen, sinceMs: number): void {
    const { clock, log } = this.#options;
    for (const store of stores) {
      const { name, appliedTo, unseenForMs } = store;
      const lag = this.#lags.get(name) ?? new StoreLag(clock);
      this.#lags.set(name, lag);
      lag.saw({ place, appliedTo, sinceMs });
      const before = this.#stores.find((other) => other.name === name);
      if (isUnseen(store) === (before !== undefined && isUnseen(before))) continue;
      log.warn(
        { store: name, unseenForMs: Math.round(unseenForMs) },
        isUnseen(store)
          ? 'the store of another region is not seen any more, and no write waits for it'
          : 'the store of another region is seen again',
      );
    }
    for (const name of this.#lags.keys())
      if (stores.every((store) => store.name !== name)) this.#lags.delete(name);
    this.#stores = stores;
  }

  async #goOn(): Promise<void> {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    const { clock } = this.#options;
    for (let looks = 1; !this.#isClosed && this.#isBehind; looks += 1) {
      await clock.sleep(doublingPauseMs(FOLLOW, looks));
      if (!this.#isClosed) await this.#look().catch(() => undefined);
    }
    this.#isFollowing = false;
  }

  get #isBehind(): boolean {
    return [...this.#lags.values()].some((lag) => lag.isBehind);
  }
}

function answered<T>(clock: Clock, work: Promise<T>): Promise<T> {
  const onLate = (): Promise<never> => Promise.reject(new Error(`no answer within ${ANSWERS_WITHIN_MS} ms`));
  return within(clock, { work, ms: ANSWERS_WITHIN_MS, onLate });
}

function behindOf({ stores }: OthersSeen, target: bigint): readonly OtherStore[] {
  return stores.filter(({ appliedTo }) => appliedTo < target);
}

function isUnseen({ unseenForMs }: OtherStore): boolean {
  return unseenForMs > UNSEEN_AFTER_MS;
}
