import { textOf } from '../errors.js';
import { hasCome } from '../time/clock.js';
import { rowOf } from '../store/store.js';
import { shortestFreshMs, type Found } from '../coherence/entry-field.js';
import { causeOf } from '../loads/abandoned-load.js';
import type { Services } from '../loads/services.js';
import { hasReplaced } from '../loads/store-result.js';
import { AskedSets } from './asked-sets.js';
import type { Leadership } from './leadership.js';
import type { LoadBudget } from './load-budget.js';
import { RefreshPace } from './refresh-pace.js';
import type { Arguments, WarmField, WarmSet } from './warm-field.js';
import type { WarmContext, WarmSets } from './warm-sets.js';

export interface FieldWarmerOptions {
  readonly field: WarmField;
  readonly services: Pick<Services, 'entries' | 'backOff' | 'clock' | 'log'>;
  readonly sets: WarmSets;
  readonly leadership: Leadership;
  readonly budget: LoadBudget;
  readonly atOnce: number;
  /** Milliseconds between two looks. */
  readonly lookMs: number;
  /** Copies arguments. */
  readonly ownArguments: (args: Arguments) => Arguments;
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
export const HAND_ON_EVERY_MS = 5000;
/** Where no client has asked there is nothing to hand on, but counts must fade. */
const FADE_EVERY_MS = 60_000;

/** Keeps the entries of one field warm. */
export class FieldWarmer {
  readonly field: WarmField;
  readonly #options: FieldWarmerOptions;
  readonly #asked: AskedSets;
  readonly #pace = new RefreshPace();
  #sets: readonly WarmSet[] = [];
  #setsAtMs = -Infinity;
  #handedOnAtMs = -Infinity;
  #tags: ReadonlySet<string> = new Set();
  #isFailing = false;

  constructor(options: FieldWarmerOptions) {
    this.#options = options;
    this.field = options.field;
    this.#asked = new AskedSets(options.ownArguments);
  }

  noteRead(key: string, args: Arguments): void {
    this.#asked.note(key, args);
    this.#pace.noteRead(key);
  }

  /** True where the field's entries depend on one of these tags: then it is time for a look soon. */
  wasInvalidated(tags: readonly string[]): boolean {
    if (!tags.some((tag) => this.#tags.has(tag))) return false;
    this.#pace.wasInvalidated(this.#options.services.clock.nowMs());
    return true;
  }

  /** Milliseconds until what was invalidated has to be made up for, without end where nothing was. */
  get makesUpInMs(): number {
    return this.#pace.dueInMs(this.#options.services.clock.nowMs());
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
      const seesMissing = this.#pace.mayRefresh(nowMs, isLeader);
      if (seesMissing) this.#pace.begin();
      if (!isLeader && !seesMissing) return;
      const keys = await this.#look({ isLeader, seesMissing });
      this.#pace.refreshed({ keys, beganAtMs: nowMs, endedAtMs: services.clock.nowMs() });
    } catch {
      // The store is in trouble, which it has said itself; the next tick tries again.
    }
  }

  /** Hands on what was asked for here, where this process keeps nothing warm. Never rejects. */
  async handOn(): Promise<void> {
    if (this.#asked.isEmpty) return;
    try {
      await this.#options.handOn(this.#asked.take());
    } catch {
      // The store is in trouble, which it has said itself.
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
    const everyMs = this.#asked.isEmpty ? FADE_EVERY_MS : HAND_ON_EVERY_MS;
    if (!hasCome(this.#handedOnAtMs + everyMs, nowMs, everyMs)) return;
    this.#handedOnAtMs = nowMs;
    await this.#options.handOn(this.#asked.take());
  }

  /** Loads what is missing, and for the leader what is old enough. Resolves with the keys of what was missing. */
  async #look(what: {
    readonly isLeader: boolean;
    readonly seesMissing: boolean;
  }): Promise<readonly string[]> {
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
      return what.isLeader && this.#isOld(entry, startedAtMs) ? [{ ...set, found: entry }] : [];
    });
    await this.#loadAll(due);
    return due.flatMap(({ found: before, place }) => (before === undefined ? [place.key] : []));
  }

  /** Old enough to be loaded again, or at its end before the next look could have it loaded. */
  #isOld({ isDue, loadedAtMs, loadMs, value }: Found, nowMs: number): boolean {
    const { refreshEveryMs = Infinity, lifetime } = this.field.policy;
    const endsMs = shortestFreshMs(lifetime, value);
    const leadMs = Math.min(this.#options.lookMs + loadMs, endsMs / 2);
    return isDue || nowMs - loadedAtMs >= Math.min(refreshEveryMs, endsMs - leadMs);
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
    const { budget, storeIsAway, isOver, context, services, ownArguments } = this.#options;
    const { backOff, log } = services;
    const { key } = one.place;
    if (storeIsAway() || backOff.isOn(key)) return;
    await budget.take();
    if (isOver()) return;
    try {
      // The set is kept: a resolver that changes its arguments changes those of this call only.
      const args = ownArguments(one.args);
      const loaded = await this.field.load({ ...one, args, context: await context(one.variant) });
      if (!(await hasReplaced(loaded))) throw new Error('its value could not be stored');
      backOff.succeeded(key);
      this.#isFailing = false;
    } catch (error) {
      backOff.failed(key);
      // What is taken away while the cache is being closed is no trouble.
      if (isOver()) return;
      const { coordinate } = this.field.policy;
      if (!this.#isFailing)
        log.warn({ coordinate, error: textOf(causeOf(error)) }, 'an entry could not be kept warm');
      this.#isFailing = true;
    }
  }
}
