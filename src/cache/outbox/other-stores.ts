import { textOf } from '../errors.js';
import type { CacheLog } from '../log.js';
import type { RegionFigures, RegionWrites } from '../metrics/region-figures.js';
import { hasCome, type Clock } from '../time/clock.js';
import { OnceInAWhile } from '../time/once-in-a-while.js';
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
/** So often that is tried without a look of the relay, which makes none while its own store is away. */
const TELL_EVERY_MS = 3000;
/** A process that ends waits no longer for it. */
const CLOSE_WITHIN_MS = 2000;
const COMPLAIN_EVERY_MS = 60_000;

/** What a look saw, and whether all that was ended had been told before it began: else its place may lie before the row that tells. */
interface Look {
  readonly seen: OthersSeen;
  readonly isAllTold: boolean;
}

/**
 * The other stores of one outbox, as those of other regions: they are told of tags that no row of the database means, and how far they
 * have come is measured and, where writes shall wait for them, waited for.
 */
export class OtherStores {
  readonly #options: OtherStoresOptions;
  readonly #complaints: OnceInAWhile;
  #areThere: boolean | undefined;
  /** When the relay said so. */
  #noticedAtMs = -Infinity;
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
  #next: { readonly sinceMs: number; readonly look: Promise<Look>; isAfterWrite: boolean } | undefined;
  #lookedAtMs = -Infinity;
  #telling: Promise<void> | undefined;
  #isTellingLater = false;
  #isFollowing = false;
  #isClosed = false;

  constructor(options: OtherStoresOptions) {
    this.#options = options;
    this.#complaints = new OnceInAWhile({ clock: options.clock, quietMs: COMPLAIN_EVERY_MS });
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
    this.#noticedAtMs = nowMs;
    if (!areThere) {
      this.#stores = [];
      this.#lags.clear();
      this.#gone.clear();
      this.#untold.clear();
      for (const [tag, atMs] of this.#recent) if (nowMs - atMs > TOLD_AGAIN_MS) this.#recent.delete(tag);
      if (nowMs - this.#recentAllAtMs > TOLD_AGAIN_MS) this.#recentAllAtMs = -Infinity;
      this.#mustTellAll = false;
      return;
    }
    this.#oweWhatIsRecent();
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
    if (!this.#areKnownToBeNone) {
      if (!(await this.#told(tags))) this.#owe(tags);
      return;
    }
    for (const tag of tags) this.#recent.set(tag, clock.nowMs());
    void this.#tellLater();
    if (this.#recent.size <= UNTOLD_AT_MOST) return;
    this.#recent.clear();
    this.#recentAllAtMs = clock.nowMs();
  }

  /** Tells the others to forget everything. Never rejects. */
  async tellAll(): Promise<void> {
    if (this.#options.outbox.tellOthers === undefined) return;
    if (this.#areKnownToBeNone) {
      this.#recentAllAtMs = this.#options.clock.nowMs();
      void this.#tellLater();
      return;
    }
    if (!(await this.#told('all'))) this.#oweAll();
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

  /** Tells what could not be told, which is waited for a while at most. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const { clock, log } = this.#options;
    if (!this.#areKnownToBeNone) this.#oweWhatIsRecent();
    const work = (async () => {
      await this.#telling;
      if (this.#isUntold) await this.#tellWhatIsUntold();
    })();
    await within(clock, { work, ms: CLOSE_WITHIN_MS, onLate: () => undefined });
    if (this.#isAllTold) return;
    log.warn(
      {},
      'the cache was closed before other regions could be told of what was invalidated: they may serve it until its ttl has passed',
    );
  }

  /** A store may have begun since. While its own store is away, the relay does not look. */
  get #areKnownToBeNone(): boolean {
    return (
      this.#areThere === false &&
      !hasCome(this.#noticedAtMs + TOLD_AGAIN_MS, this.#options.clock.nowMs(), TOLD_AGAIN_MS)
    );
  }

  get #isAllTold(): boolean {
    return !this.#isUntold && this.#telling === undefined;
  }

  get #isUntold(): boolean {
    return this.#untold.size > 0 || this.#mustTellAll;
  }

  #owe(tags: readonly string[]): void {
    if (this.#untold.size + tags.length > UNTOLD_AT_MOST) this.#mustTellAll = true;
    if (this.#mustTellAll) this.#untold.clear();
    else for (const tag of tags) this.#untold.add(tag);
    if (this.#isUntold) void this.#tellLater();
  }

  #oweAll(): void {
    this.#mustTellAll = true;
    this.#owe([]);
  }

  #oweWhatIsRecent(): void {
    if (this.#recentAllAtMs !== -Infinity) this.#oweAll();
    this.#recentAllAtMs = -Infinity;
    this.#owe([...this.#recent.keys()]);
    this.#recent.clear();
  }

  get #mayHaveToTell(): boolean {
    return this.#isUntold || this.#recent.size > 0 || this.#recentAllAtMs !== -Infinity;
  }

  /** Tries again and again until nothing is left to be told. */
  async #tellLater(): Promise<void> {
    if (this.#isTellingLater) return;
    this.#isTellingLater = true;
    const { clock } = this.#options;
    while (!this.#isClosed && this.#mayHaveToTell) {
      const atMs = clock.nowMs() + TELL_EVERY_MS;
      while (!hasCome(atMs, clock.nowMs(), TELL_EVERY_MS)) await clock.sleep(TELL_EVERY_MS);
      if (this.#isClosed || this.#areKnownToBeNone) continue;
      this.#oweWhatIsRecent();
      if (this.#isUntold) await this.#tellWhatIsUntold();
    }
    this.#isTellingLater = false;
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
    if (isAll) this.#oweAll();
    else this.#owe(tags);
  }

  async #told(tags: readonly string[] | 'all'): Promise<boolean> {
    const { outbox, clock } = this.#options;
    try {
      await answered(clock, outbox.tellOthers?.(tags) ?? Promise.resolve());
      return true;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  #complain(error: unknown): void {
    const times = this.#complaints.happened('untold');
    if (times === undefined) return;
    this.#options.log.warn(
      { error: textOf(error), times },
      'other regions could not be told of an invalidation; it is tried again',
    );
  }

  async #appliedWithin(ms: number): Promise<keyof RegionWrites> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + ms;
    let target: bigint | undefined;
    for (;;) {
      const look = await this.#lookWithin(untilMs - clock.nowMs());
      if (look !== undefined) {
        const { seen, isAllTold } = look;
        target = isAllTold ? (target ?? seen.place) : undefined;
        const behind = behindOf(seen, target ?? seen.place);
        if (behind.length === 0 && target !== undefined) return 'all';
        if (behind.length > 0 && behind.every((store) => this.#isGone(store))) return 'unseen';
      }
      if (this.#isClosed || clock.nowMs() + PAUSE_MS >= untilMs) return 'late';
      await clock.sleep(PAUSE_MS);
    }
  }

  #lookWithin(ms: number): Promise<Look | undefined> {
    const work = this.#look(true).catch(() => undefined);
    return within(this.#options.clock, { work, ms: Math.max(ms, 1), onLate: () => undefined });
  }

  /** A caller that comes before the look begins shares it; a later one needs another. */
  #look(isAfterWrite: boolean): Promise<Look> {
    const sinceMs = this.#options.clock.nowMs();
    this.#next ??= { sinceMs, isAfterWrite, look: this.#lookAfter(this.#running, sinceMs) };
    this.#next.isAfterWrite ||= isAfterWrite;
    return this.#next.look;
  }

  async #lookAfter(before: Promise<OthersSeen> | undefined, sinceMs: number): Promise<Look> {
    await before?.catch(() => undefined);
    const isAfterWrite = this.#next?.isAfterWrite ?? false;
    this.#next = undefined;
    const { outbox, clock } = this.#options;
    this.#lookedAtMs = clock.nowMs();
    const isAllTold = this.#isAllTold;
    // One that hangs must not end all others.
    this.#running = answered(clock, outbox.others?.() ?? Promise.resolve({ place: 0n, stores: [] }));
    const seen = await this.#running;
    this.#saw(seen, { sinceMs, isAfterWrite });
    return { seen, isAllTold };
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
