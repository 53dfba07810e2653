import type { Tally } from '../metrics/tally.js';
import { addTo, readTally, writeTally, type Sum } from '../metrics/tally.js';
import { isAway } from '../store/store-away.js';
import { createNonces } from '../store/nonces.js';
import type { ProcessFigures, Store } from '../store/store.js';
import type { CallOff, Clock } from '../time/clock.js';
import { EARLIER, KEPT_MINUTES, minuteOf, OwnFigures } from './own-figures.js';

export interface SharedFiguresOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** What this process has counted so far. */
  readonly tally: () => Tally;
}

/** What all processes have counted. */
export interface AllFigures {
  /** Processes that counted anything of it, this one included. */
  readonly processes: number;
  readonly sum: Tally;
  /** By minutes since 1970, oldest first; minutes in which nothing was counted are left out. */
  readonly minutes: readonly { readonly minute: number; readonly tally: Tally }[];
  /** Why other processes are missing; undefined where all are there. */
  readonly missing?: string;
}

/** How often a process writes down what it has counted, where it has counted anything. */
const EVERY_MS = 2000;
/** A process that counts nothing says so often that it is there. */
const BEAT_MS = 10 * 60_000;
const nextName = createNonces();

/**
 * What each process counts, told to all by way of the store, where they share one: each writes its own numbers under a name of
 * its own, which expires, and a report sums them. Counting itself knows nothing of it.
 */
export class SharedFigures {
  readonly #options: SharedFiguresOptions;
  readonly #own = new OwnFigures();
  readonly #name = nextName();
  #callOff: CallOff | undefined;
  #writing: Promise<void> | undefined;
  #writtenAtMs = -Infinity;

  constructor(options: SharedFiguresOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock } = this.#options;
    this.#callOff = clock.after(EVERY_MS, () => {
      this.start();
      this.#take();
      void this.#write();
    });
  }

  /** Writes down what was counted last, as far as the store takes it. */
  async stop(): Promise<void> {
    if (this.#callOff === undefined) return;
    this.#callOff();
    this.#callOff = undefined;
    this.#take();
    await this.#write();
  }

  /** What was counted in so many last minutes, the present one included; without it all that is known. */
  async collect(minutes?: number): Promise<AllFigures> {
    this.#take();
    const wanted = this.#slotsOf(minutes);
    const own = new Map(
      Array.from(this.#own.slots, ([name, tally]): [string, Tally] => [name, tally]).filter(
        ([name]) => wanted === undefined || wanted.includes(name),
      ),
    );
    const { others, missing } = await this.#others(wanted);
    const read = others.map(
      ({ slots }) => new Map(Array.from(slots, ([name, text]): [string, Tally] => [name, readTally(text)])),
    );
    return { ...summed([own, ...read]), ...(missing !== undefined && { missing }) };
  }

  async #others(
    wanted: readonly string[] | undefined,
  ): Promise<{ readonly others: readonly ProcessFigures[]; readonly missing?: string }> {
    const { store } = this.#options;
    if (store.sharedFigures === undefined) return { others: [] };
    const missing = 'The store cannot be reached, so these are the figures of one process only.';
    if (isAway(store)) return { others: [], missing };
    try {
      const all = await store.sharedFigures(wanted);
      return { others: all.filter(({ process }) => process !== this.#name) };
    } catch {
      // The store has told by itself that it is away; a report is worth having without the others.
      return { others: [], missing };
    }
  }

  #take(): void {
    const { tally, clock } = this.#options;
    this.#own.take(tally(), clock.nowMs());
  }

  async #write(): Promise<void> {
    const { store, clock } = this.#options;
    if (store.shareFigures === undefined || this.#writing !== undefined || isAway(store)) return;
    const nowMs = clock.nowMs();
    const { written, gone } = this.#own.takeChanges();
    if (written.size === 0 && gone.length === 0 && nowMs - this.#writtenAtMs < BEAT_MS) return;
    const slots = new Map(Array.from(written, ([name, tally]) => [name, writeTally(tally)]));
    this.#writing = Promise.resolve(store.shareFigures(this.#name, { slots, gone })).then(
      () => void (this.#writtenAtMs = nowMs),
      // They are written with the next ones.
      () => this.#own.changeAll(gone),
    );
    await this.#writing;
    this.#writing = undefined;
  }

  #slotsOf(minutes: number | undefined): readonly string[] | undefined {
    if (minutes === undefined) return undefined;
    const now = minuteOf(this.#options.clock.nowMs());
    const count = Math.max(1, Math.min(KEPT_MINUTES, Math.floor(minutes)));
    return Array.from({ length: count }, (_, back) => `${now - back}`);
  }
}

function summed(processes: readonly ReadonlyMap<string, Tally>[]): Omit<AllFigures, 'missing'> {
  const sum: Sum = new Map();
  const byMinute = new Map<number, Sum>();
  for (const slots of processes) {
    for (const [name, tally] of slots) {
      addTo(sum, tally);
      if (name === EARLIER) continue;
      const ofMinute: Sum = byMinute.get(Number(name)) ?? new Map();
      addTo(ofMinute, tally);
      byMinute.set(Number(name), ofMinute);
    }
  }
  const minutes = Array.from(byMinute, ([minute, tally]) => ({ minute, tally }));
  minutes.sort((one, other) => one.minute - other.minute);
  return { processes: processes.filter(({ size }) => size > 0).length, sum, minutes };
}
