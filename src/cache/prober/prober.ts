import { textOf } from '../errors.js';
import { noValues } from '../keys/variant.js';
import type { Clock } from '../time/clock.js';
import type { ValueCodec } from '../codec/value-codec.js';
import { valueText } from '../codec/value-text.js';
import type { CacheLog } from '../log.js';
import { unheardWithin } from '../maybe-promise.js';
import { createProbeCounters, type ProbeCounters } from '../metrics/probe-counters.js';
import type { Background } from '../stampede/background.js';
import { EndableWaits } from '../time/endable-waits.js';
import type { Entries } from '../coherence/entries.js';
import type { EntryField } from '../coherence/entry-field.js';
import type { LoadingOrigin } from '../loads/origin.js';
import { withinDeadline } from '../time/within.js';
import type { ProbeOptions } from './probe-options.js';
import { probedAmong, probedFields, type Probed } from './probed-fields.js';
import type { ReadPolicy } from '../policy/read-policy.js';

export interface ProberOptions extends Required<ProbeOptions> {
  readonly entries: Entries;
  readonly origins: ReadonlyMap<string, LoadingOrigin>;
  /** Makes the context that origins are asked with. */
  readonly context: () => unknown;
  readonly codec: ValueCodec;
  readonly background: Background;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: CacheLog;
  /** Milliseconds after which an origin is waited for no longer. */
  readonly deadlineMs: number;
}

/** What the cache gave as fresh, and what the origin said right after. */
interface Comparison {
  readonly loadedAtMs: number;
  readonly cached: string;
  readonly present: string;
}

const CONFIRMATIONS = 3;
const CONFIRM_AFTER_MS = 250;
const FOLLOWED_AT_ONCE = 8;

/**
 * Follows some of the writes: reads what was written back through the cache, and compares it with the database. Every
 * proof is about a model or a test; this is about the system that runs. After Meta's Polaris ("Cache made consistent").
 */
export class Prober {
  readonly #options: ProberOptions;
  #fields: ReadonlyMap<string, EntryField> = new Map();
  #counters: ReadonlyMap<string, ProbeCounters> = new Map();
  readonly #waits = new EndableWaits();
  #lastAtMs = -Infinity;
  #followed = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
    options.entries.onInvalidated((tags) => this.#wrote(tags));
  }

  /** Says which fields there are. Before that no write is followed. */
  follow(policies: readonly ReadPolicy[]): void {
    this.#fields = probedFields(policies, this.#options.origins);
    // All from the start: a program that watches a counter rise must have seen it at 0.
    this.#counters = new Map(Array.from(this.#fields.keys(), (name) => [name, createProbeCounters()]));
  }

  /** By namespace, since the start; those that are missing cannot be probed. */
  counters(): Readonly<Record<string, Readonly<ProbeCounters>>> {
    return Object.fromEntries(Array.from(this.#counters, ([name, counters]) => [name, { ...counters }]));
  }

  /** Told of tags whose invalidation was applied. Costs a comparison, mostly, and never fails. */
  #wrote(tags: readonly string[]): void {
    const { clock, everyMs, background, log, random } = this.#options;
    if (this.#waits.isOver || this.#followed >= FOLLOWED_AT_ONCE) return;
    const sinceMs = clock.nowMs() - this.#lastAtMs;
    // Less than nothing: the clock was set back, and waiting for it could take hours.
    if (sinceMs >= 0 && sinceMs < everyMs) return;
    const among = probedAmong(tags, this.#fields);
    const probed = among[Math.floor(random() * among.length)];
    if (probed === undefined) return;
    this.#lastAtMs = clock.nowMs();
    this.#followed += 1;
    background.run(
      () => this.#follow(probed).finally(() => (this.#followed -= 1)),
      (error) =>
        log.warn({ namespace: probed.namespace, error: textOf(error) }, 'a write could not be probed'),
    );
  }

  /** What is being followed ends at once. */
  stop(): void {
    this.#waits.end();
  }

  async #follow(probed: Probed): Promise<void> {
    const { clock, afterMs } = this.#options;
    const startedAtMs = clock.nowMs();
    for (const ms of afterMs) {
      const leftMs = startedAtMs + ms - clock.nowMs();
      // Also where nothing is left: the caller that tells of a write is still in the middle of it.
      await this.#sleep(Math.min(ms, Math.max(0, leftMs)));
      if (this.#waits.isOver) return;
      await this.#probe(probed);
    }
  }

  async #probe(probed: Probed): Promise<void> {
    const counters = this.#counters.get(probed.namespace) ?? createProbeCounters();
    counters.probes += 1;
    const first = await this.#compare(probed);
    if (first === undefined) return;
    counters.comparisons += 1;
    if (first.cached === first.present) return;
    if (!(await this.#isConfirmed(probed, first))) return;
    counters.inconsistencies += 1;
    const ageMs = Math.round(this.#options.clock.nowMs() - first.loadedAtMs);
    this.#options.log.error(
      { namespace: probed.namespace, ageMs },
      'the cache answers with an entry that the database has superseded',
    );
  }

  /** There may have been a write in between: it counts only if nothing goes on changing, neither there nor here. */
  async #isConfirmed(probed: Probed, first: Comparison): Promise<boolean> {
    for (let again = 0; again < CONFIRMATIONS; again += 1) {
      await this.#sleep(CONFIRM_AFTER_MS);
      const next = this.#waits.isOver ? undefined : await this.#compare(probed);
      if (next?.loadedAtMs !== first.loadedAtMs) return false;
      if (next.cached !== first.cached || next.present !== first.present) return false;
    }
    return true;
  }

  /** The entry first: what the database says afterwards cannot be older. Undefined where no reader is given one as fresh. */
  async #compare({ namespace, key, id, field }: Probed): Promise<Comparison | undefined> {
    const { entries, codec, clock, deadlineMs } = this.#options;
    const found = await this.#waits.until(Promise.resolve(entries.findOne(field, { key, tags: [] })));
    // Stale by time is what the field allows.
    if (found === undefined || found.staleForMs > 0) return undefined;
    const work = this.#presentText(namespace, id);
    const what = `origins.${namespace}.load`;
    const present = await this.#waits.until(withinDeadline(clock, { work, what, deadlineMs }));
    if (present === undefined) return undefined;
    return { loadedAtMs: found.loadedAtMs, cached: valueText(codec, found.value), present };
  }

  async #presentText(namespace: string, id: string): Promise<string> {
    const { origins, context, codec } = this.#options;
    const [row = null] = (await origins.get(namespace)?.load([id], await context(), noValues)) ?? [];
    unheardWithin(row);
    if (row instanceof Error) throw row;
    return valueText(codec, row);
  }

  async #sleep(ms: number): Promise<void> {
    await this.#waits.until(this.#options.clock.sleep(ms));
  }
}
