import type { Clock } from '../clock.js';
import type { ValueCodec } from '../codec/value-codec.js';
import type { CacheLog } from '../log.js';
import { createFieldCounters } from '../metrics/field-counters.js';
import { createProbeCounters, type ProbeCounters } from '../metrics/probe-counters.js';
import type { Background } from '../stampede/background.js';
import type { Entries } from '../tags/entries.js';
import type { EntryField, Found } from '../tags/entry-field.js';
import type { Origin } from './origin.js';
import type { ReadPolicy } from './read-policy.js';

/** How writes are sampled. */
export interface ProbeOptions<Context> {
  /** Makes the context that origins are asked with; it must have no viewer. */
  readonly context: () => Context | Promise<Context>;
  /** At most one write is followed in so many milliseconds; default 1,000. */
  readonly everyMs?: number;
  /** When the entry is read back, in milliseconds after its invalidation was applied; default 0, 1,000 and 5,000. */
  readonly afterMs?: readonly number[];
}

export interface ProberOptions extends Required<ProbeOptions<unknown>> {
  readonly entries: Entries;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly policies: Iterable<ReadPolicy>;
  readonly codec: ValueCodec;
  readonly background: Background;
  readonly clock: Clock;
  readonly log: CacheLog;
}

/** A key whose entry can be compared with its origin. */
interface Probed {
  readonly namespace: string;
  readonly key: string;
  readonly id: string;
  readonly field: EntryField;
}

/** What the cache and the origin said at one moment. */
interface Comparison {
  readonly found: Found | undefined;
  readonly cached: string;
  readonly present: string;
}

const CLEAN_ID = /^[A-Za-z0-9_.-]+$/;
const CONFIRMATIONS = 3;
const CONFIRM_AFTER_MS = 250;
const FOLLOWED_AT_ONCE = 8;

/**
 * Follows some of the writes: reads what was written back through the cache, and compares it with the database. Every
 * proof is about a model or a test; this is about the system that runs. After Meta's Polaris ("Cache made consistent").
 */
export class Prober {
  readonly #options: ProberOptions;
  readonly #fields: ReadonlyMap<string, EntryField>;
  readonly #counters = new Map<string, ProbeCounters>();
  #nextAtMs = -Infinity;
  #followed = 0;
  #isStopped = false;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#fields = new Map(
      Array.from(options.policies, (policy) => [policy.namespace ?? '', probeField(policy)] as const).filter(
        (entry): entry is [string, EntryField] => options.origins.has(entry[0]) && entry[1] !== undefined,
      ),
    );
  }

  /** By namespace, since the start. */
  counters(): Readonly<Record<string, Readonly<ProbeCounters>>> {
    return Object.fromEntries(Array.from(this.#counters, ([name, counters]) => [name, { ...counters }]));
  }

  /** Told of tags whose invalidation was applied. Costs a comparison, mostly. */
  wrote(tags: readonly string[]): void {
    const { clock, everyMs, background, log } = this.#options;
    if (this.#isStopped || this.#followed >= FOLLOWED_AT_ONCE || clock.nowMs() < this.#nextAtMs) return;
    const probed = this.#oneOf(tags);
    if (probed === undefined) return;
    this.#nextAtMs = clock.nowMs() + everyMs;
    this.#followed += 1;
    background.run(
      () => this.#follow(probed).finally(() => (this.#followed -= 1)),
      (error) =>
        log.warn({ namespace: probed.namespace, error: String(error) }, 'a write could not be probed'),
    );
  }

  /** What is being followed ends at its next step. */
  stop(): void {
    this.#isStopped = true;
  }

  #oneOf(tags: readonly string[]): Probed | undefined {
    const probed = tags.flatMap((key): Probed[] => {
      const colon = key.indexOf(':');
      const [namespace, id] = [key.slice(0, Math.max(0, colon)), key.slice(colon + 1)];
      const field = this.#fields.get(namespace);
      return field === undefined || !CLEAN_ID.test(id) ? [] : [{ namespace, key, id, field }];
    });
    return probed[Math.floor(Math.random() * probed.length)];
  }

  async #follow(probed: Probed): Promise<void> {
    const { clock, afterMs } = this.#options;
    const startedAtMs = clock.nowMs();
    for (const ms of afterMs) {
      const waitMs = startedAtMs + ms - clock.nowMs();
      if (waitMs > 0) await this.#sleep(waitMs);
      if (this.#isStopped) return;
      await this.#probe(probed);
    }
  }

  async #probe(probed: Probed): Promise<void> {
    const counters = this.#countersOf(probed.namespace);
    counters.probes += 1;
    const first = await this.#compare(probed);
    if (agrees(first)) return;
    // Somebody may be writing at this moment: it counts only if nothing changes, neither there nor here.
    for (let again = 0; again < CONFIRMATIONS; again += 1) {
      await this.#sleep(CONFIRM_AFTER_MS);
      if (this.#isStopped) return;
      const next = await this.#compare(probed);
      const isSame = next.present === first.present && next.found?.loadedAtMs === first.found?.loadedAtMs;
      if (agrees(next) || !isSame) return;
    }
    counters.inconsistencies += 1;
    this.#options.log.error(
      {
        namespace: probed.namespace,
        ageMs: Math.round(this.#options.clock.nowMs() - (first.found?.loadedAtMs ?? 0)),
      },
      'the cache answers with an entry that the database has overtaken',
    );
  }

  async #compare({ namespace, key, id, field }: Probed): Promise<Comparison> {
    const { entries, origins, context } = this.#options;
    const found = await entries.findOne(field, { key, tags: [] });
    const [row] = (await origins.get(namespace)?.load([id], await context())) ?? [];
    return { found, cached: this.#textOf(found?.value), present: this.#textOf(row) };
  }

  /** The same text for the same value, wherever it comes from. */
  #textOf(value: unknown): string {
    const { codec } = this.#options;
    return codec.encode(codec.decode(codec.encode(value ?? null))).toString('latin1');
  }

  /** In steps, so that closing waits for none of the long ones. */
  async #sleep(ms: number): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + ms;
    for (let leftMs = ms; leftMs > 0 && !this.#isStopped; leftMs = untilMs - clock.nowMs()) {
      await clock.sleep(Math.min(leftMs, CONFIRM_AFTER_MS));
    }
  }

  #countersOf(namespace: string): ProbeCounters {
    let counters = this.#counters.get(namespace);
    if (counters === undefined) {
      counters = createProbeCounters();
      this.#counters.set(namespace, counters);
    }
    return counters;
  }
}

function agrees({ found, cached, present }: Comparison): boolean {
  // Stale by time is what the field allows; only what is given as fresh must be what the database says.
  return found === undefined || found.staleForMs > 0 || cached === present;
}

/** How a reader finds such an entry, without the allowance of `local` seconds; undefined where a key alone does not name it. */
function probeField(policy: ReadPolicy): EntryField | undefined {
  if (policy.scope !== 'PUBLIC' || policy.namespaces.length !== 1) return undefined;
  return { lifetime: { ...policy.lifetime, localMs: 0 }, counters: createFieldCounters(), isShared: true };
}
