import { textOf } from '../../errors.js';
import type { CacheLog } from '../../log.js';
import type { ShadowCounters, ShadowOutcome } from '../../metrics/shadow-counters.js';
import type { Background } from '../../stampede/background.js';
import { EndableWaits } from '../../time/endable-waits.js';
import type { HitWatch, Load, NoteHit } from '../services.js';
import { outsideLoads } from '../../load-scope.js';
import type { Located, ReadPolicy } from '../../policy/read-policy.js';
import { drawHits } from './draw-hits.js';
import { ShadowCheck, type DrawnHit, type ShadowCheckOptions } from './shadow-check.js';
import { createShadowField, type ShadowField } from './shadow-field.js';
import type { ShadowOptions } from './shadow-options.js';
import { differs, switchedOff, unstable } from './shadow-sentences.js';

export interface ShadowChecksOptions extends Omit<ShadowCheckOptions, 'waits'>, ShadowOptions {
  readonly background: Background;
  readonly log: CacheLog;
  readonly random: () => number;
  /** True while loads wait for their turn, or the store is away: then nothing is checked. */
  readonly isBusy: () => boolean;
}

/** Checks at the same time, of all fields together; further hits that are drawn are skipped. */
const AT_ONCE = 2;
/** A field whose loads disagree among themselves so often cannot be judged. */
const UNSTABLE_ENOUGH = 3;

/**
 * Shadow checks of one cache: a share of the fresh hits is loaded anew in the background, with the context of the reader
 * who had the hit, and compared. Finds loads that depend on their reader in a way that the guard cannot see.
 */
export class ShadowChecks implements HitWatch {
  readonly #options: ShadowChecksOptions;
  readonly #isDrawn: () => boolean;
  readonly #fields = new Map<string, ShadowField>();
  readonly #waits = new EndableWaits();
  #underWay = 0;

  constructor(options: ShadowChecksOptions) {
    this.#options = options;
    this.#isDrawn = drawHits(options.share, options.random);
  }

  watch<Call>(policy: ReadPolicy, begin: (call: Call, place: Located) => Load): NoteHit<Call> | undefined {
    if (policy.isWrittenBehind) return undefined;
    const field = this.#fieldOf(policy);
    const isDrawn = this.#isDrawn;
    return (found, place, call) => {
      if (isDrawn()) this.#check(field, { found, place, begin: () => begin(call, place) });
    };
  }

  /** The same policies, by coordinate: their reads go past the cache once their field is switched off. */
  switchable(policies: ReadonlyMap<string, ReadPolicy>): ReadonlyMap<string, ReadPolicy> {
    if (this.#options.switchOffAfter === undefined) return policies;
    return new Map(Array.from(policies, ([coordinate, policy]) => [coordinate, this.#switchable(policy)]));
  }

  #switchable(policy: ReadPolicy): ReadPolicy {
    if (policy.isWrittenBehind) return policy;
    const field = this.#fieldOf(policy);
    return Object.freeze<ReadPolicy>({
      ...policy,
      locate: (inputs, element) => {
        const place = policy.locate(inputs, element);
        return field.isOff && place.reason === undefined
          ? { reason: 'switched off by shadow checks', id: place.id }
          : place;
      },
    });
  }

  /** By coordinate, since the start; what is missing is not checked. */
  counters(): Readonly<Record<string, Readonly<ShadowCounters>>> {
    return Object.fromEntries(
      Array.from(this.#fields, ([coordinate, { counters }]) => [coordinate, { ...counters }]),
    );
  }

  /** What is under way ends at once, uncounted, and nothing more begins. */
  stop(): void {
    this.#waits.end();
  }

  #fieldOf(policy: ReadPolicy): ShadowField {
    let field = this.#fields.get(policy.coordinate);
    if (field === undefined) {
      field = createShadowField(policy);
      this.#fields.set(policy.coordinate, field);
    }
    return field;
  }

  /** Never throws: the reader waits for its hit. */
  #check(field: ShadowField, hit: DrawnHit): void {
    if (this.#waits.isOver || field.isDone) return;
    if (field.isUnderWay || this.#underWay >= AT_ONCE || this.#options.isBusy()) {
      field.counters.skipped += 1;
      return;
    }
    field.isUnderWay = true;
    this.#underWay += 1;
    const check = new ShadowCheck({ ...this.#options, waits: this.#waits }, field, hit);
    const work = async (): Promise<void> => {
      const outcome = await check.outcome();
      if (!this.#waits.isOver) this.#note(field, outcome);
      // Not waited for: an origin that hangs keeps its place, so that it is never asked more, and closing goes on.
      void check.loadEnded().then(() => {
        field.isUnderWay = false;
        this.#underWay -= 1;
      });
    };
    const { background, log } = this.#options;
    const { coordinate } = field;
    // A hit within a load is no part of it once that has ended.
    outsideLoads(() =>
      background.run(work, (error) =>
        log.error({ coordinate, error: textOf(error) }, 'a shadow check broke'),
      ),
    );
  }

  #note(field: ShadowField, outcome: ShadowOutcome): void {
    const { log, switchOffAfter = Infinity } = this.#options;
    const { coordinate, scope, counters } = field;
    counters[outcome] += 1;
    if (outcome === 'unstable') {
      if (counters.unstable === 1) log.warn({ coordinate }, unstable);
      field.isDone ||= counters.unstable >= UNSTABLE_ENOUGH;
    }
    if (outcome !== 'differs') return;
    if (counters.differs === 1) log.error({ coordinate }, differs(scope));
    if (counters.differs < switchOffAfter || field.isOff) return;
    field.isOff = true;
    log.error({ coordinate, differences: counters.differs }, switchedOff);
  }
}
