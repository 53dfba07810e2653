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
  /** Milliseconds for which a write waits for all of them; undefined where it waits for none. */
  readonly waitsMs: number | undefined;
}

/** A store that no process has looked for so long, or that is behind for so long, is not waited for. */
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
/** A store that begins meanwhile is seen by a look that began so long after it, at most. */
const TOLD_AGAIN_MS = 5000;

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
  /** What was ended while no other store was known, and when: one may have begun since the last look. */
  readonly #recent = new Map<string, number>();
  /** When everything was, or too much to remember. */
  #recentAllAtMs = -Infinity;
  /** Those that no write waits for. */
  readonly #gone = new Set<string>();
  #mustTellAll = false;
  #running: Promise<OthersSeen> | undefined;
  #next: { readonly sinceMs: number; readonly seen: Promise<OthersSeen>; isAfterWrite: boolean } | undefined;
  #lookedAtMs = -Infinity;
  #telling: Promise<void> | undefined;
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
    const nowMs = this.#options.clock.nowMs();
    this.#areThere = areThere;
    if (!areThere) {
      this.#stores = [];
      this.#lags.clear();
      this.#gone.clear();
      this.#untold.clear();
      for (const [tag, atMs] of this.#recent) if (nowMs - atMs > TOLD_AGAIN_MS) this.#recent.delete(tag);
      this.#mustTellAll = false;
      return;
    }
    if (nowMs - this.#recentAllAtMs <= TOLD_AGAIN_MS) this.#mustTellAll = true;
    this.#recentAllAtMs = -Infinity;
    this.#owe([...this.#recent.keys()]);
    this.#recent.clear();
    if (this.#isUntold) void this.#tellWhatIsUntold();
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) this.#follow(false);
  }

  /**
   * Tells the others to invalidate these tags too. What cannot be told is told later, and until then no write counts as applied
   * everywhere. Never rejects.
   */
  async tell(tags: readonly string[]): Promise<void> {
    const { outbox, clock } = this.#options;
    if (outbox.tellOthers === undefined || tags.length === 0) return;
    if (this.areThere) {
      if (!(await this.#told(tags))) this.#owe(tags);
      return;
    }
    for (const tag of tags) this.#recent.set(tag, clock.nowMs());
    if (this.#recent.size <= UNTOLD_AT_MOST) return;
    this.#recent.clear();
    this.#recentAllAtMs = clock.nowMs();
  }

  /** Tells the others to forget everything. Never rejects. */
  async tellAll(): Promise<void> {
    if (this.#options.outbox.tellOthers === undefined) return;
    if (!this.areThere) {
      this.#recentAllAtMs = this.#options.clock.nowMs();
      return;
    }
    this.#mustTellAll = true;
    await this.#tellWhatIsUntold();
  }

  /**
   * Called once a write is applied in the store of this process: true where all that was committed before the call is applied in every
   * other one too, which is waited for only where writes shall. Never rejects.
   */
  async haveApplied(): Promise<boolean> {
    if (!this.areThere) return true;
    const { waitsMs } = this.#options;
    if (waitsMs === undefined) {
      this.#follow(true);
      return false;
    }
    const outcome = await this.#appliedWithin(waitsMs);
    this.#writes[outcome] += 1;
    // What was not applied in time is followed to its end, so that the lag is known.
    if (outcome !== 'all') this.#follow(true);
    return outcome === 'all';
  }

  /** Measures in the background how long the others take for what is committed by now. */
  #follow(isAfterWrite: boolean): void {
    if (this.#isClosed || this.#options.outbox.others === undefined) return;
    const goOn = (): void => void this.#goOn();
    this.#look(isAfterWrite).then(goOn, goOn);
  }

  figures(): RegionFigures {
    const stores = this.#stores.map((store) => {
      const { name, unseenForMs } = store;
      const lagMs = this.#lags.get(name)?.longestMs;
      return {
        ...{ store: name, unseenForMs, isWaitedFor: !this.#isGone(store) },
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

  #owe(tags: readonly string[]): void {
    if (this.#untold.size + tags.length > UNTOLD_AT_MOST) this.#mustTellAll = true;
    if (this.#mustTellAll) this.#untold.clear();
    else for (const tag of tags) this.#untold.add(tag);
  }

  /** Those who come while that is under way share it. */
  #tellWhatIsUntold(): Promise<void> {
    this.#telling ??= this.#tellOnce().finally(() => (this.#telling = undefined));
    return this.#telling;
  }

  async #tellOnce(): Promise<void> {
    const tags = [...this.#untold];
    const isAll = this.#mustTellAll;
    // What is ended meanwhile is owed anew.
    this.#mustTellAll = false;
    this.#untold.clear();
    if (await this.#told(isAll ? 'all' : tags)) return;
    if (isAll) this.#mustTellAll = true;
    this.#owe(tags);
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
        if (behind.length === 0 && !this.#isUntold && this.#telling === undefined) return 'all';
        if (behind.length > 0 && behind.every((store) => this.#isGone(store))) return 'unseen';
      }
      if (this.#isClosed || clock.nowMs() + PAUSE_MS >= untilMs) return 'late';
      await clock.sleep(PAUSE_MS);
    }
  }

  #lookWithin(ms: number): Promise<OthersSeen | undefined> {
    const work = this.#look(true).catch(() => undefined);
    return within(this.#options.clock, { work, ms: Math.max(ms, 1), onLate: () => undefined });
  }

  /** A caller that comes before the look begins shares it; a later one needs another. */
  #look(isAfterWrite: boolean): Promise<OthersSeen> {
    const sinceMs = this.#options.clock.nowMs();
    this.#next ??= { sinceMs, isAfterWrite, seen: this.#lookAfter(this.#running, sinceMs) };
    this.#next.isAfterWrite ||= isAfterWrite;
    return this.#next.seen;
  }

  async #lookAfter(before: Promise<OthersSeen> | undefined, sinceMs: number): Promise<OthersSeen> {
    await before?.catch(() => undefined);
    const isAfterWrite = this.#next?.isAfterWrite ?? false;
    this.#next = undefined;
    const { outbox, clock } = this.#options;
    this.#lookedAtMs = clock.nowMs();
    // One that hangs must not end all others.
    this.#running = answered(clock, outbox.others?.() ?? Promise.resolve({ place: 0n, stores: [] }));
    const seen = await this.#running;
    this.#saw(seen, { sinceMs, isAfterWrite });
    return seen;
  }

  #saw({ place, stores }: OthersSeen, asked: { sinceMs: number; isAfterWrite: boolean }): void {
    const { clock, log } = this.#options;
    for (const store of stores) {
      const { name, appliedTo, unseenForMs } = store;
      const lag = this.#lags.get(name) ?? new StoreLag(clock);
      this.#lags.set(name, lag);
      lag.saw({ place, appliedTo, ...asked });
      const isGone = this.#isGone(store);
      if (isGone === this.#gone.has(name)) continue;
      if (isGone) this.#gone.add(name);
      else this.#gone.delete(name);
      log.warn(
        { store: name, unseenForMs: Math.round(unseenForMs), behindForMs: Math.round(lag.behindForMs) },
        isGone
          ? 'the store of another region is not seen any more, or is far behind, and no write waits for it'
          : 'the store of another region is seen again',
      );
    }
    for (const name of this.#lags.keys()) {
      if (stores.some((store) => store.name === name)) continue;
      this.#lags.delete(name);
      this.#gone.delete(name);
    }
    this.#stores = stores;
  }

  async #goOn(): Promise<void> {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    const { clock } = this.#options;
    for (let looks = 1; !this.#isClosed && this.#isBehind; looks += 1) {
      await clock.sleep(doublingPauseMs(FOLLOW, looks));
      if (!this.#isClosed) await this.#look(false).catch(() => undefined);
    }
    this.#isFollowing = false;
  }

  #isGone({ name, unseenForMs }: OtherStore): boolean {
    return Math.max(unseenForMs, this.#lags.get(name)?.behindForMs ?? 0) > UNSEEN_AFTER_MS;
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
