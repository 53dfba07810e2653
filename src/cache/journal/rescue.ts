import { grouped } from '../grouped.js';
import { hasCome, type Clock } from '../time/clock.js';
import { doublingPauseMs } from '../time/doubling-pause.js';
import type { FlushCounters } from '../metrics/flush-counters.js';
import { batchesOf } from './batches.js';
import { flushPause } from './flush-pause.js';
import type { FlushedWrite, FlushTarget } from './flush-target.js';
import type { KeptWrite, KeptWrites } from './kept-writes.js';
import type { Lanes, LaneWork } from './lanes.js';
import type { Superseded } from './superseded.js';
import type { WriteRecord } from './record.js';

export interface RescueOptions {
  readonly kept: KeptWrites;
  readonly targetOf: (key: string) => FlushTarget | undefined;
  readonly recordOf: (record: Uint8Array) => WriteRecord | undefined;
  readonly superseded: Pick<Superseded, 'by'>;
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>;
  /** Those of all that brings writes to the targets. */
  readonly lanes: Lanes;
  readonly counters: FlushCounters;
  readonly clock: Clock;
}

interface Saved {
  readonly write: KeptWrite;
  readonly record: WriteRecord;
  readonly target: FlushTarget;
}

/** For so long the flushes of a step are waited for. */
const WAITED_FOR_MS = 5000;

/**
 * Brings what this process has accepted straight to the database, whose numbers decide, while the journal cannot be asked. What
 * the database refuses for good is left to the journal.
 */
export class Rescue {
  readonly #options: RescueOptions;
  #failures = 0;
  #againAtMs = -Infinity;

  constructor(options: RescueOptions) {
    this.#options = options;
  }

  /** The next step need not wait for the pause after a failure. */
  atOnce(): void {
    this.#againAtMs = -Infinity;
  }

  /** Brings to the database what is kept of these keys and due. */
  async step(isWanted: (key: string) => boolean): Promise<void> {
    const { kept, clock, targetOf, recordOf, lanes } = this.#options;
    if (kept.size === 0 || !hasCome(this.#againAtMs, clock.nowMs(), flushPause.longestMs)) return;
    const saved = kept.all().flatMap((write): readonly Saved[] => {
      if (!isWanted(write.key)) return [];
      const record = write.record === undefined || write.isRefused ? undefined : recordOf(write.record);
      const target = targetOf(write.key);
      return record === undefined || target === undefined ? [] : [{ write, record, target }];
    });
    let isAnySaved = false;
    const saveAll = async (own: readonly Saved[]): Promise<boolean> => {
      const areSaved: boolean[] = [];
      for (const batch of batchesOf(own)) areSaved.push(await this.#save(batch));
      isAnySaved ||= areSaved.some(Boolean);
      return areSaved.every(Boolean);
    };
    const works = new Map<FlushTarget, LaneWork>();
    for (const [target, own] of grouped(saved, (one) => one.target)) {
      // An origin that throws where it is asked about an error: it is tried again.
      works.set(target, () => saveAll(own).catch(() => false));
    }
    if (await lanes.run(works, WAITED_FOR_MS)) return;
    this.#failures = isAnySaved ? 0 : this.#failures + 1;
    this.#againAtMs = clock.nowMs() + doublingPauseMs(flushPause, this.#failures + 1);
  }

  /** False where the database does not take them now. */
  async #save(batch: readonly Saved[]): Promise<boolean> {
    const { kept, counters, superseded, invalidate } = this.#options;
    const [first] = batch;
    if (first === undefined) return true;
    const { target } = first;
    const ordered = [...batch].sort(({ write: one }, { write: other }) => (one.key < other.key ? -1 : 1));
    const states = ordered.map(({ write: { key, seq }, record: { state } }): FlushedWrite => ({
      key,
      seq,
      state,
    }));
    try {
      counters.flushes += 1;
      await target.flush(states);
    } catch (error) {
      if (target.isPermanent(error) !== true) return false;
      if (batch.length > 1) {
        const saved: boolean[] = [];
        for (const one of ordered) saved.push(await this.#save([one]));
        return saved.every(Boolean);
      }
      // It stays in the journal, or is written down there again, and becomes a dead letter in the usual way.
      first.write.isRefused = true;
      return true;
    }
    counters.flushed += batch.length;
    counters.rescued += batch.length;
    await invalidate([...new Set(batch.flatMap(({ write, record }) => [write.key, ...record.tags]))]);
    for (const { write } of batch) {
      kept.drop(write);
      // What the journal has of it, and of earlier ones, leaves it as soon as it is back.
      await superseded.by(write);
    }
    return true;
  }
}
