import { hasCome } from '../time/clock.js';
import { rowOf } from '../store/store.js';
import type { Found } from '../coherence/entry-field.js';
import { causeOf } from '../loads/abandoned-load.js';
import type { Services } from '../loads/services.js';
import { AskedSets } from './asked-sets.js';
import type { Leadership } from './leadership.js';
import type { LoadBudget } from './load-budget.js';
import type { Arguments, WarmField, WarmSet } from './warm-field.js';
import type { WarmContext, WarmSets } from './warm-sets.js';

export interface FieldWarmerOptions {
  readonly field: WarmField;
  readonly services: Pick<Services, 'entries' | 'backOff' | 'clock' | 'log'>;
  readonly sets: WarmSets;
  readonly leadership: Leadership;
  readonly budget: LoadBudget;
  readonly atOnce: number;
  /** Hands on what was asked for in this process. */
  readonly handOn: (asked: ReturnType<AskedSets['take']>) => Promise<void>;
  readonly storeIsAway: () => boolean;
  /** True once nothing shall begin any more. */
  readonly isOver: () => boolean;
  /** A context without a viewer. */
  readonly context: WarmContext;
}

/** Argument sets are looked for anew this often, or whenever all are refreshed. */
const SETS_KEPT_MS = 60_000;
const HAND_ON_EVERY_MS = 5000;
/** Many writes in a row are one reason to refresh. */
export const SETTLE_MS = 100;
/** Under writes without end, refreshes after them take this share of the time at most, and a second is between two. */
const PAUSE_FACTOR = 4;
const SHORTEST_PAUSE_MS = 1000;

/** Keeps the entries of one field warm. */
export class FieldWarmer {
  readonly field: WarmField;
  readonly #options: FieldWarmerOptions;
  readonly #asked = new AskedSets();
  #sets: readonly WarmSet[] = [];
  #setsAtMs = -Infinity;
  #handedOnAtMs = -Infinity;
  #tags: ReadonlySet<string> = new Set();
  /** When the first invalidation came that is not made up for. */
  #invalidatedAtMs: number | undefined;
  #pausesUntilMs = -Infinity;
  #pauseMs = 0;
  #isFailing = false;

  constructor(options: FieldWarmerOptions) {
    this.#options = options;
    this.field = options.field;
  }

  noteRead(key: string, args: Arguments): void {
    this.#asked.note(key, args);
  }

  /** True where the field's entries depend on one of these tags: then it is time for a look soon. */
  wasInvalidated(tags: readonly string[]): boolean {
    if (!tags.some((tag) => this.#tags.has(tag))) return false;
    this.#invalidatedAtMs ??= this.#options.services.clock.nowMs();
    return true;
  }

  /** Milliseconds until what was invalidated has to be made up for, without end where nothing was. */
  get makesUpInMs(): number {
    if (this.#invalidatedAtMs === undefined) return Infinity;
    const atMs = Math.max(this.#invalidatedAtMs + SETTLE_MS, this.#pausesUntilMs);
    return atMs - this.#options.services.clock.nowMs();
  }

  /** Loads what is missing, or waits for the process that does. Never rejects. */
  async warmUp(): Promise<void> {
    await this.#look({ isLeader: false, seesMissing: true });
  }

  /** Does what is due. Never rejects. */
  async tick(): Promise<void> {
    const { storeIsAway, leadership, services } = this.#options;
    if (storeIsAway()) return;
    const nowMs = services.clock.nowMs();
    try {
      await this.#handOnAsked(nowMs);
      const isLeader = await leadership.hold();
      // The process that applied an invalidation makes up for it: the leader may not have heard of it yet.
      const invalidatedAtMs = this.#invalidatedAtMs;
      const isSettled =
        invalidatedAtMs !== undefined && hasCome(invalidatedAtMs + SETTLE_MS, nowMs, SETTLE_MS);
      const seesMissing = (isLeader || isSettled) && hasCome(this.#pausesUntilMs, nowMs, this.#pauseMs);
      if (seesMissing) this.#invalidatedAtMs = undefined;
      if (!isLeader && !seesMissing) return;
      const missing = await this.#look({ isLeader, seesMissing });
      const endedAtMs = services.clock.nowMs();
      const pauseMs = Math.max(SHORTEST_PAUSE_MS, PAUSE_FACTOR * (endedAtMs - nowMs));
      if (missing > 0) [this.#pauseMs, this.#pausesUntilMs] = [pauseMs, endedAtMs + pauseMs];
    } catch {
      // The store is in trouble, which it has said itself; the next tick tries again.
    }
  }

  /** Another process may lead. Never rejects. */
  async resign(): Promise<void> {
    try {
      await this.#options.leadership.resign();
    } catch {
      // The lease ends by itself.
    }
  }

  async #handOnAsked(nowMs: number): Promise<void> {
    if (!hasCome(this.#handedOnAtMs + HAND_ON_EVERY_MS, nowMs, HAND_ON_EVERY_MS)) return;
    this.#handedOnAtMs = nowMs;
    // Also where no client has asked: counts must fade.
    await this.#options.handOn(this.#asked.take());
  }

  /** Loads what is missing, and for the leader what is old enough. Resolves with how many were missing. */
  async #look(what: { readonly isLeader: boolean; readonly seesMissing: boolean }): Promise<number> {
    const { entries, clock } = this.#options.services;
    const { policy } = this.field;
    const sets = await this.#presentSets();
    const found = await entries.find(
      policy,
      sets.map(({ place }) => place),
    );
    const startedAtMs = clock.nowMs();
    const due = sets.flatMap((set, index) => {
      const entry = found[index];
      const isMissing = entry === undefined || entry.staleForMs > 0;
      if (isMissing) return what.seesMissing ? [{ ...set, found: entry }] : [];
      const { refreshEveryMs = Infinity } = policy;
      const isOld = entry.isDue || startedAtMs - entry.loadedAtMs >= refreshEveryMs;
      return what.isLeader && isOld ? [{ ...set, found: entry }] : [];
    });
    await this.#loadAll(due);
    return due.filter((one) => one.found === undefined).length;
  }

  async #presentSets(): Promise<readonly WarmSet[]> {
    const { sets, services, context } = this.#options;
    const nowMs = services.clock.nowMs();
    const keptMs = Math.min(SETS_KEPT_MS, this.field.policy.refreshEveryMs ?? SETS_KEPT_MS);
    if (!hasCome(this.#setsAtMs + keptMs, nowMs, keptMs)) return this.#sets;
    this.#sets = await sets.present(context);
    this.#setsAtMs = nowMs;
    this.#tags = new Set(this.#sets.flatMap(({ place }) => [rowOf(place), ...place.tags]));
    return this.#sets;
  }

  async #loadAll(due: readonly (WarmSet & { readonly found: Found | undefined })[]): Promise<void> {
    const { atOnce } = this.#options;
    const rest = due.values();
    const work = async (): Promise<void> => {
      for (const one of rest) await this.#load(one);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, due.length) }, work));
  }

  async #load(one: WarmSet & { readonly found: Found | undefined }): Promise<void> {
    const { budget, storeIsAway, isOver, context, services } = this.#options;
    const { backOff, log } = services;
    const { key } = one.place;
    if (storeIsAway() || backOff.isOn(key)) return;
    await budget.take();
    if (isOver()) return;
    try {
      await this.field.load({ ...one, context: await context(one.variant) });
      backOff.succeeded(key);
      this.#isFailing = false;
    } catch (error) {
      backOff.failed(key);
      // What is taken away while the cache is being closed is no trouble.
      if (isOver()) return;
      const { coordinate } = this.field.policy;
      if (!this.#isFailing)
        log.warn({ coordinate, error: String(causeOf(error)) }, 'an entry could not be kept warm');
      this.#isFailing = true;
    }
  }
}
