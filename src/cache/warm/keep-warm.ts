import { isAway } from '../store/store-away.js';
import { EndableWaits } from '../time/endable-waits.js';
import type { ValueCodec } from '../codec/value-codec.js';
import { CacheError, textOf } from '../errors.js';
import { noValues, type Variant, type VaryValues } from '../keys/variant.js';
import type { Store } from '../store/store.js';
import type { Services } from '../loads/services.js';
import { FieldWarmer, HAND_ON_EVERY_MS } from './field-warmer.js';
import { Leadership } from './leadership.js';
import { LoadBudget } from './load-budget.js';
import { ownArguments } from './own-arguments.js';
import { SETTLE_MS } from './refresh-pace.js';
import type { PrefetchBounds } from './warm-bounds.js';
import { warmVariantFault } from '../policy/warm-variants.js';
import type { Arguments, WarmField } from './warm-field.js';
import { WarmSets, type WarmList } from './warm-sets.js';
import { WakeablePauses } from '../time/wakeable-pauses.js';
import { within, withinDeadline } from '../time/within.js';

export interface KeepWarmOptions extends PrefetchBounds {
  readonly store: Store;
  readonly services: Pick<Services, 'entries' | 'backOff' | 'clock' | 'log' | 'background' | 'variants'>;
  readonly codec: ValueCodec;
  /** By coordinate. */
  readonly lists: Readonly<Record<string, WarmList>>;
  /** Makes a context without a viewer, of these values where what it loads varies. */
  readonly context: (variant: VaryValues) => unknown;
  /** Names the variants that are kept warm. */
  readonly variants: () => Promise<readonly VaryValues[]>;
  /** Milliseconds after which contexts, lists and variants are waited for no longer. */
  readonly deadlineMs: number;
  /** False where this process leaves the work to others. */
  readonly isEnabled: boolean;
}

/** How often it is looked whether something is due: so many times between two refreshes, within these bounds. */
const LOOKS_PER_REFRESH = 4;
const SHORTEST_LOOK_MS = 100;
const LONGEST_LOOK_MS = 4000;
/** While the store is away, a look costs nothing. */
const LONGEST_LOOK_WHILE_AWAY_MS = 1000;
/** Timers may fire a moment before their time, as other clocks see it. */
const TIMER_SLACK_MS = 20;
/** A leader that is not heard of for so many looks is succeeded. */
const LOOKS_PER_LEASE = 3;

/** Keeps the entries of PREFETCH fields warm: before a client asks, on a schedule, and after invalidations. */
export class KeepWarm {
  readonly #options: KeepWarmOptions;
  readonly #warmers: FieldWarmer[] = [];
  readonly #byCoordinate = new Map<string, FieldWarmer>();
  readonly #budget: LoadBudget;
  readonly #own: (args: Arguments) => Arguments;
  readonly #waits = new EndableWaits();
  readonly #pauses: WakeablePauses;
  #warmedUp: Promise<void> = Promise.resolve();
  #isWarm = true;

  constructor(options: KeepWarmOptions) {
    this.#options = options;
    this.#pauses = new WakeablePauses(options.services.clock);
    this.#budget = new LoadBudget({ clock: options.services.clock, perSecond: options.loadsPerSecond });
    this.#own = ownArguments(options.codec);
    options.services.entries.onInvalidated((tags) => this.#wereInvalidated(tags));
  }

  /** Takes a field on; `noteRead` counts what its readers ask for. */
  add(field: WarmField): { readonly noteRead: (key: string, args: Arguments) => void } {
    const { store, services, codec, lists, warmSets, mostAsked, atOnce } = this.#options;
    const { coordinate } = field.policy;
    const list = lists[coordinate];
    const warmer = new FieldWarmer({
      field,
      services,
      atOnce,
      lookMs: lookEveryMs(field),
      ownArguments: this.#own,
      sets: new WarmSets({
        ...{ field, store, codec, warmSets, mostAsked, log: services.log },
        list: list && ((context) => this.#inTime(`warm["${coordinate}"]`, () => list(context))),
        variants: () => this.#variantsOf(field),
        isOver: () => this.#waits.isOver,
      }),
      leadership: new Leadership({
        store,
        name: coordinate,
        leaseMs: LOOKS_PER_LEASE * lookEveryMs(field),
      }),
      budget: this.#budget,
      handOn: async (asked) => {
        await store.countAsked?.(field.signature, asked.flatMap(encoderOf(codec)));
      },
      storeIsAway: () => this.#storeIsAway(),
      isOver: () => this.#waits.isOver,
      context: (variant) => this.#contextOf(variant?.values ?? noValues),
    });
    this.#warmers.push(warmer);
    this.#byCoordinate.set(coordinate, warmer);
    return { noteRead: (key, args) => warmer.noteRead(key, args) };
  }

  /** Begins. Nothing is waited for: see `warmedUp`. */
  start(): void {
    const { isEnabled, services } = this.#options;
    if (this.#warmers.length === 0) return;
    if (!isEnabled) {
      services.background.run(() => this.#handOn(), this.#bug);
      return;
    }
    this.#isWarm = false;
    this.#warmedUp = this.#waits.until(this.#warmUp()).then(() => void (this.#isWarm = true));
    for (const warmer of this.#warmers) services.background.run(() => this.#run(warmer), this.#bug);
  }

  /** Resolves when what shall be warm is, or takes too long. */
  warmedUp(): Promise<void> {
    return this.#warmedUp;
  }

  /** Those of the fields that are kept warm in this process. */
  get coordinates(): readonly string[] {
    return this.#options.isEnabled ? [...this.#byCoordinate.keys()] : [];
  }

  /** Loads what is missing at a coordinate; false where nothing is kept warm there. */
  async warmUpNow(coordinate: string): Promise<boolean> {
    const warmer = this.#options.isEnabled ? this.#byCoordinate.get(coordinate) : undefined;
    await warmer?.warmUp();
    return warmer !== undefined;
  }

  get isWarm(): boolean {
    return this.#isWarm;
  }

  /** Tags whose invalidation this process has applied. */
  #wereInvalidated(tags: readonly string[]): void {
    let isTouched = false;
    for (const warmer of this.#warmers) isTouched = warmer.wasInvalidated(tags) || isTouched;
    if (isTouched) this.#pauses.wake();
  }

  /** Ends all waits; what is being loaded ends by itself. */
  stop(): void {
    this.#waits.end();
  }

  #storeIsAway(): boolean {
    return isAway(this.#options.store);
  }

  async #run(warmer: FieldWarmer): Promise<void> {
    const lookMs = lookEveryMs(warmer.field);
    await this.#waits.until(this.#warmedUp);
    while (!this.#waits.isOver) {
      await this.#waits.until(warmer.tick());
      // What was written during the tick or a moment before it woke nothing: there was no pause to end.
      const dueMs = this.#storeIsAway()
        ? LONGEST_LOOK_WHILE_AWAY_MS
        : Math.max(warmer.makesUpInMs + TIMER_SLACK_MS, SHORTEST_LOOK_MS);
      const pausing = this.#pauses.pause({
        ms: Math.min(lookMs, dueMs),
        wokenForMs: SETTLE_MS + TIMER_SLACK_MS,
      });
      await this.#waits.until(pausing);
    }
    await warmer.resign();
  }

  /** Those that keep warm for this process learn from the store what its readers ask for. */
  async #handOn(): Promise<void> {
    const ms = HAND_ON_EVERY_MS;
    while (!this.#waits.isOver) {
      await this.#waits.until(this.#pauses.pause({ ms, wokenForMs: ms }));
      if (this.#waits.isOver || this.#storeIsAway()) continue;
      await this.#waits.until(Promise.all(this.#warmers.map((warmer) => warmer.handOn())));
    }
  }

  /** Never rejects. Its time begins when there is a context: what that takes is not the loads' to account for. */
  async #warmUp(): Promise<void> {
    const { services, warmUpWithinMs: ms } = this.#options;
    const onLate = (): undefined => undefined;
    await within(services.clock, { work: this.#firstContext(), ms, onLate });
    if (this.#waits.isOver) return;
    const warmingUp = Promise.all(this.#warmers.map((warmer) => warmer.warmUp()));
    await within(services.clock, { work: warmingUp, ms, onLate });
  }

  async #firstContext(): Promise<void> {
    try {
      const [first = noValues] = await this.#variants();
      await this.#contextOf(first);
    } catch {
      // What makes contexts has failed, and says so; the first load will say so again.
    }
  }

  #contextOf(values: VaryValues): Promise<unknown> {
    return this.#inTime('backgroundContext', () => this.#options.context(values));
  }

  #variants(): Promise<readonly VaryValues[]> {
    return this.#inTime('warmVariants', () => this.#options.variants());
  }

  /** What code of the application brings; one that hangs must not end the keeping warm of its field. @throws Error where it takes too long */
  #inTime<T>(what: string, ask: () => T | Promise<T>): Promise<T> {
    const { services, deadlineMs } = this.#options;
    const work = (async () => ask())();
    return withinDeadline(services.clock, { work, what, deadlineMs });
  }

  /** Each once, though others of their names may differ. @throws CacheError where one does not name what the field varies by. */
  async #variantsOf({ policy: { coordinate, vary } }: WarmField): Promise<readonly Variant[]> {
    const { services } = this.#options;
    const given = await this.#variants();
    const fault = given.map((values) => warmVariantFault(values, { coordinate, vary })).find(Boolean);
    if (fault !== undefined) throw new CacheError('CACHE_VARY', fault);
    const found = given.map((values) =>
      services.variants.given(Object.fromEntries(vary.map((name) => [name, values[name]]))),
    );
    return [...new Set(found)];
  }

  readonly #bug = (error: unknown): void => {
    this.#options.services.log.error({ error: textOf(error) }, 'entries are not kept warm any more');
  };
}

/**
 * As the store counts them; without what is a key and yet would not come back as what it was, such as a field `toJSON`, or the internal
 * value of an enum that is an object: under the key of that a resolver would load what it makes of something else.
 */
function encoderOf(codec: ValueCodec) {
  return ({ args, times }: { readonly args: Arguments; readonly times: number }) => {
    try {
      return [{ argumentSet: codec.encodeFaithfully({ ...args }).bytes, times }];
    } catch {
      return [];
    }
  };
}

function lookEveryMs({ policy }: WarmField): number {
  const { refreshEveryMs = LONGEST_LOOK_MS * LOOKS_PER_REFRESH } = policy;
  return Math.min(Math.max(refreshEveryMs / LOOKS_PER_REFRESH, SHORTEST_LOOK_MS), LONGEST_LOOK_MS);
}
