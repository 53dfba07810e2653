import type { Clock } from '../time/clock.js';
import { within } from '../time/within.js';
import type { FlushTarget } from './flush-target.js';

/** Work for one target. Resolves with whether all of it was done; never rejects. */
export type LaneWork = () => Promise<boolean>;

/** Work for several targets: for each, one piece at a time; one that hangs holds up no other. */
export class Lanes {
  readonly #clock: Clock;
  readonly #underWay = new Map<FlushTarget, Promise<boolean>>();
  /** Those whose last work took longer than it was waited for. */
  readonly #slow = new Set<FlushTarget>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isAnyBusy(): boolean {
    return this.#underWay.size > 0;
  }

  /**
   * Begins work for each target that has none under way, and waits for it, but for no longer than `waitMs` milliseconds. True
   * where all of it was begun, has ended and was done. Never rejects.
   */
  async run(works: ReadonlyMap<FlushTarget, LaneWork>, waitMs: number): Promise<boolean> {
    const waitedFor = new Map<FlushTarget, Promise<boolean>>();
    for (const [target, work] of works) {
      if (this.#underWay.has(target)) continue;
      const isDone = this.#begin(target, work, waitMs);
      if (!this.#slow.has(target)) waitedFor.set(target, isDone);
    }
    const onLate = (): readonly boolean[] => {
      for (const target of waitedFor.keys()) if (this.#underWay.has(target)) this.#slow.add(target);
      return [false];
    };
    const done = await within(this.#clock, { work: Promise.all(waitedFor.values()), ms: waitMs, onLate });
    return waitedFor.size === works.size && done.every(Boolean);
  }

  /** Resolves once nothing is under way. */
  async ended(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  #begin(target: FlushTarget, work: LaneWork, waitMs: number): Promise<boolean> {
    const begunAtMs = this.#clock.nowMs();
    const isDone = work().finally(() => {
      this.#underWay.delete(target);
      if (this.#clock.nowMs() - begunAtMs < waitMs) this.#slow.delete(target);
    });
    this.#underWay.set(target, isDone);
    return isDone;
  }
}
