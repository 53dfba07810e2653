import type { Recording, RecordedEvent, RecordedField } from '../record/recording.js';
import { earlyRefresh } from '../stampede/early-refresh.js';
import type { Bounds } from '../store/bounded-map.js';
import { SimulatedStore } from './simulated-store.js';
import { WarmKeys } from './warm-keys.js';

/** What is set otherwise at one field; what is left out stays as it was recorded. */
export interface SimulatedField {
  /** Seconds; more than 0. */
  readonly ttl?: number;
  /** Seconds past ttl in which a stale value is served. */
  readonly swr?: number;
  /** `PREFETCH` keeps what is asked for most warm; every other pattern of reads loads what is missing. */
  readonly pattern?: string;
}

/** What is tried. */
export interface Simulated {
  /** By coordinate; those of `*` are for all fields that are not named. Default: as it was recorded. */
  readonly fields?: Readonly<Record<string, SimulatedField>>;
  /** Bounds of a memory store. Default: there is room for everything. */
  readonly bounds?: Partial<Bounds>;
  /** Spreads expiries, as the option of createCache; default Math.random. */
  readonly random?: () => number;
}

/** What would have happened at one field. */
export interface SimulatedCounters {
  readonly coordinate: string;
  readonly reads: number;
  /** Reads that were answered from an entry, stale ones included. */
  readonly hits: number;
  readonly loads: number;
  readonly loadMs: number;
}

export interface Simulation {
  readonly fields: readonly SimulatedCounters[];
  /** Entries that left because there was no room. */
  readonly evictions: number;
  /** The most bytes of memory that entries took. */
  readonly mostBytes: number;
}

const UNBOUNDED: Bounds = { maxEntries: Infinity, maxBytes: Infinity, eviction: 's3-fifo' };

/**
 * Replays a recording under other settings, by the rules by which entries live, are refreshed, invalidated and evicted. Nothing is
 * loaded: what a load takes and how large its value is are known from the recording.
 * @throws RangeError for a ttl or an swr that cannot be, and for a field that was not recorded.
 */
export function simulate(
  recording: Recording,
  { fields = {}, bounds, random = Math.random }: Simulated = {},
): Simulation {
  const replay = new Replay(recording, {
    settings: settingsOf(recording.fields, fields),
    store: new SimulatedStore({ ...UNBOUNDED, ...bounds }),
    random,
  });
  for (const event of recording.events) replay.step(event);
  return replay.result();
}

interface Settings extends RecordedField {
  readonly refreshEveryMs: number | undefined;
}

interface Counted {
  reads: number;
  hits: number;
  loads: number;
  loadMs: number;
}

/** A load that began and has not ended. */
interface Flight {
  readonly key: number;
  readonly field: number;
  readonly beganMs: number;
  readonly endsMs: number;
  readonly tags: readonly number[];
  readonly generations: readonly number[];
}

/** What is known of the value behind a key. */
interface Value {
  readonly bytes: number;
  readonly loadMs: number;
  readonly isNull: boolean;
  readonly tags: readonly number[];
}

/** As `Fills` spreads them, always earlier. */
const TTL_JITTER = 0.1;

class Replay {
  readonly #settings: readonly Settings[];
  readonly #store: SimulatedStore;
  readonly #random: () => number;
  readonly #early: ReturnType<typeof earlyRefresh>;
  readonly #counted: readonly Counted[];
  readonly #values: Map<number, Value>;
  readonly #flights = new Map<number, Flight>();
  readonly #fieldOf = new Map<number, number>();
  readonly #warm: readonly (WarmKeys | undefined)[];

  constructor(
    { events }: Recording,
    {
      settings,
      store,
      random,
    }: { settings: readonly Settings[]; store: SimulatedStore; random: () => number },
  ) {
    this.#settings = settings;
    this.#store = store;
    this.#random = random;
    this.#early = earlyRefresh({ random, beta: 1 });
    this.#counted = settings.map(() => ({ reads: 0, hits: 0, loads: 0, loadMs: 0 }));
    this.#values = firstValues(events);
    this.#warm = settings.map(({ refreshEveryMs }) =>
      refreshEveryMs === undefined ? undefined : new WarmKeys(refreshEveryMs),
    );
  }

  step(event: RecordedEvent): void {
    this.#pass(event.atMs);
    if (event.kind === 'read') this.#read(event);
    else if (event.kind === 'invalidated') this.#invalidated(event);
    else {
      this.#values.set(event.key, event);
      const field = this.#fieldOf.get(event.key);
      if (event.isWrite && field !== undefined) this.#wrote(event.key, field, event.atMs);
    }
  }

  result(): Simulation {
    const fields = this.#settings.map(({ coordinate }, index) => ({
      coordinate,
      ...(this.#counted[index] ?? { reads: 0, hits: 0, loads: 0, loadMs: 0 }),
    }));
    return { fields, evictions: this.#store.evictions, mostBytes: this.#store.mostBytes };
  }

  #read({ atMs, key, field }: { readonly atMs: number; readonly key: number; readonly field: number }): void {
    const [settings, counted] = [this.#settings[field], this.#counted[field]];
    if (settings === undefined || counted === undefined) return;
    this.#fieldOf.set(key, field);
    this.#warm[field]?.asked(key);
    counted.reads += 1;
    const entry = this.#store.get(key, atMs);
    const staleForMs = entry === undefined ? Infinity : atMs - entry.loadedAtMs - entry.freshForMs;
    if (entry === undefined || staleForMs > settings.swrMs) {
      this.#load(key, field, atMs);
      return;
    }
    counted.hits += 1;
    if (staleForMs > 0 || this.#early.isDue(entry, atMs)) this.#load(key, field, atMs);
  }

  #invalidated({ atMs, tags }: { readonly atMs: number; readonly tags: readonly number[] }): void {
    this.#store.invalidate(tags);
    for (const tag of tags) this.#flights.delete(tag);
    // What is kept warm is loaded again at once.
    for (const [field, warm] of this.#warm.entries()) if (warm !== undefined) this.#keepWarm(field, atMs);
  }

  /** What happens by itself until then: loads end, and what is kept warm is refreshed. */
  #pass(untilMs: number): void {
    for (const [field, warm] of this.#warm.entries()) {
      for (let look = warm?.nextLookMs(untilMs); look !== undefined; look = warm?.nextLookMs(untilMs)) {
        this.#land(look);
        this.#keepWarm(field, look);
      }
    }
    this.#land(untilMs);
  }

  #land(untilMs: number): void {
    for (const flight of this.#flights.values()) {
      if (flight.endsMs > untilMs) continue;
      this.#flights.delete(flight.key);
      const { beganMs, endsMs } = flight;
      this.#fill(flight, endsMs, endsMs - beganMs);
    }
  }

  #keepWarm(field: number, nowMs: number): void {
    const warm = this.#warm[field];
    for (const key of warm?.mostAsked() ?? []) {
      const entry = this.#store.peek(key, nowMs);
      const isOld = entry === undefined || nowMs - entry.loadedAtMs >= (warm?.refreshEveryMs ?? Infinity);
      if (isOld) this.#load(key, field, nowMs);
    }
  }

  /** A reader who asks meanwhile joins the load that is under way. */
  #load(key: number, field: number, nowMs: number): void {
    const counted = this.#counted[field];
    if (this.#flights.has(key) || counted === undefined) return;
    const loadMs = this.#valueOf(key).loadMs;
    counted.loads += 1;
    counted.loadMs += loadMs;
    const flight = this.#flightOf(key, field, { beganMs: nowMs, endsMs: nowMs + loadMs });
    if (loadMs > 0) this.#flights.set(key, flight);
    else this.#fill(flight, nowMs, loadMs);
  }

  #wrote(key: number, field: number, nowMs: number): void {
    this.#fill(this.#flightOf(key, field, { beganMs: nowMs, endsMs: nowMs }), nowMs, 0);
  }

  #flightOf(key: number, field: number, time: Pick<Flight, 'beganMs' | 'endsMs'>): Flight {
    const { tags } = this.#valueOf(key);
    const owner = this.#settings[field]?.coordinate ?? '';
    return { key, field, ...time, tags, generations: this.#store.acquire(tags, owner) };
  }

  #fill({ key, field, tags, generations }: Flight, loadedAtMs: number, loadMs: number): void {
    const settings = this.#settings[field];
    if (settings === undefined) return;
    const { bytes, isNull } = this.#valueOf(key);
    const ttlMs = isNull ? settings.negativeTtlMs : settings.ttlMs;
    const freshForMs = Math.max(1, Math.round(ttlMs * (1 - TTL_JITTER * this.#random())));
    const keptUntilMs = loadedAtMs + freshForMs + (isNull ? 0 : settings.staleMs);
    const entry = { loadedAtMs, freshForMs, loadMs, tags, generations };
    this.#store.set(key, entry, { bytes, keptUntilMs, owner: settings.coordinate });
  }

  /** Of what was never stored nothing is known but its key. */
  #valueOf(key: number): Value {
    return this.#values.get(key) ?? { bytes: 0, loadMs: 0, isNull: false, tags: [key] };
  }
}

/** What is known of a key before it was first stored in the recording is what it was stored as then. */
function firstValues(events: readonly RecordedEvent[]): Map<number, Value> {
  const values = new Map<number, Value>();
  for (const event of events)
    if (event.kind === 'stored' && !values.has(event.key)) values.set(event.key, event);
  return values;
}

function settingsOf(
  recorded: readonly RecordedField[],
  changes: Readonly<Record<string, SimulatedField>>,
): readonly Settings[] {
  const known = recorded.map(({ coordinate }) => coordinate);
  const unknown = Object.keys(changes).find((name) => name !== '*' && !known.includes(name));
  if (unknown !== undefined)
    throw new RangeError(`The recording has no reads of ${unknown}; it has ${known.join(', ')}.`);
  return recorded.map((field) => {
    const change = changes[field.coordinate] ?? changes['*'] ?? {};
    const ttlMs = change.ttl === undefined ? field.ttlMs : change.ttl * 1000;
    const swrMs = change.swr === undefined ? field.swrMs : change.swr * 1000;
    if (!(ttlMs > 0) || !(swrMs >= 0))
      throw new RangeError(`${field.coordinate}: ttl must be more than 0 seconds, and swr 0 or more.`);
    const pattern = change.pattern ?? field.pattern;
    return {
      ...{ ...field, ttlMs, swrMs, pattern },
      // As the engine works it out where the directive does not say it.
      negativeTtlMs: change.ttl === undefined ? field.negativeTtlMs : Math.max(1000, ttlMs / 10),
      staleMs: Math.max(swrMs, change.swr === undefined ? field.staleMs : 0),
      refreshEveryMs: pattern === 'PREFETCH' ? ttlMs * REFRESH_SHARE : undefined,
    };
  });
}

/** As the engine refreshes what PREFETCH keeps warm. */
const REFRESH_SHARE = 0.8;
