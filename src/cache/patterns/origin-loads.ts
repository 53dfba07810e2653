import DataLoader from 'dataloader';
import { CacheError } from '../errors.js';
import type { Trace } from '../metrics/trace.js';
import { createDeferred, type Deferred } from '../stampede/deferred.js';
import { flightKey } from '../stampede/flights.js';
import { land } from './land.js';
import { MAX_IDS_PER_LOAD, type Origin } from './origin.js';
import type { Located, ReadPolicy } from './read-policy.js';
import type { LoadedRead } from './serve.js';
import type { Loaded, Services } from './services.js';

/** One id that a request is waiting for. */
interface Wanted {
  readonly policy: ReadPolicy;
  readonly place: Located;
  readonly trace: Trace | undefined;
  /** False loads for this caller alone: nothing is joined and nothing is stored. */
  readonly shared: boolean;
}

/** A flight this batch leads, and how it ends. */
interface Led {
  readonly wanted: Wanted;
  readonly generations: readonly string[] | undefined;
  readonly flight: Deferred<Loaded>;
}

/** The answer in its own promise, so that one slow flight does not hold up the rest of its batch. */
interface Departed {
  readonly arrives: Promise<LoadedRead>;
}

type Batch = DataLoader<Wanted, Departed>;

/** Joins the loads of one tick into one call of the origin, per request and scope. Remembers nothing in between. */
export class OriginLoads {
  readonly #services: Services;
  readonly #namespace: string;
  readonly #origin: Origin;
  readonly #batches = new WeakMap<object, Map<string, Batch>>();
  // Calls without a context object have no viewer and no request to tell apart.
  readonly #noContext = {};

  constructor(services: Services, namespace: string, origin: Origin) {
    this.#services = services;
    this.#namespace = namespace;
    this.#origin = origin;
  }

  async load(wanted: Wanted, context: unknown): Promise<LoadedRead> {
    const { arrives } = await this.#batchOf(context, wanted.policy.scope).load(wanted);
    const loaded = await arrives;
    if (loaded.joined && !loaded.sharable) return this.load({ ...wanted, shared: false }, context);
    return loaded;
  }

  #batchOf(context: unknown, scope: ReadPolicy['scope']): Batch {
    const owner = typeof context === 'object' && context !== null ? context : this.#noContext;
    let batches = this.#batches.get(owner);
    if (batches === undefined) {
      batches = new Map();
      this.#batches.set(owner, batches);
    }
    let batch = batches.get(scope);
    if (batch === undefined) {
      batch = new DataLoader((wanted) => this.#depart(wanted, context, scope), {
        cache: false,
        maxBatchSize: MAX_IDS_PER_LOAD,
      });
      batches.set(scope, batch);
    }
    return batch;
  }

  /** Captures the generations of all, joins the flights that exist, and leads the others with one call. */
  async #depart(
    wanted: readonly Wanted[],
    context: unknown,
    scope: ReadPolicy['scope'],
  ): Promise<Departed[]> {
    const { background, entries, flights, log } = this.#services;
    const generationsOf = await this.#capture(wanted.filter(({ shared }) => shared));
    const led: Led[] = [];
    const departed = wanted.map((item): Departed => {
      const generations = generationsOf.get(item);
      const name = flightKey(item.place.key, generations, entries.forgotten);
      const joinable = item.shared ? flights.get(name) : undefined;
      if (joinable !== undefined) {
        return { arrives: joinable.then((loaded) => ({ ...loaded, joined: true })) };
      }
      const flight = createDeferred<Loaded>();
      if (item.shared) flights.announce(name, flight.promise);
      led.push({ wanted: item, generations, flight });
      return { arrives: flight.promise.then((loaded) => ({ ...loaded, joined: false })) };
    });
    if (led.length > 0) {
      const ask = (): Promise<void> => this.#askOrigin(led, context, scope);
      background.run(ask, (error) => log.error({ error: String(error) }, 'a load ended without an answer'));
    }
    return departed;
  }

  async #capture(wanted: readonly Wanted[]): Promise<Map<Wanted, readonly string[] | undefined>> {
    if (wanted.length === 0) return new Map();
    // All of one batch belong to one request.
    const places = wanted.map(({ place }) => place);
    const captured = await this.#services.entries.capture(places, wanted[0]?.trace);
    return new Map(wanted.map((item, index) => [item, captured?.[index]]));
  }

  /** Never rejects: what goes wrong goes to the flights. */
  async #askOrigin(led: readonly Led[], context: unknown, scope: ReadPolicy['scope']): Promise<void> {
    const { clock, guardViewer } = this.#services;
    const coordinates = [...new Set(led.map(({ wanted }) => wanted.policy.coordinate))].join(', ');
    const guarded =
      scope === 'PUBLIC' ? guardViewer(context, coordinates) : { context, touched: () => false };
    countCall(led);
    const startedAtMs = clock.nowMs();
    try {
      const ids = led.map(({ wanted }) => wanted.place.id);
      const values = await this.#valuesOf([...new Set(ids)], guarded.context);
      const loadMs = clock.nowMs() - startedAtMs;
      const touched = guarded.touched();
      for (const item of led) this.#land(item, { value: values.get(item.wanted.place.id), loadMs, touched });
    } catch (error) {
      for (const { wanted, flight } of led) {
        wanted.policy.counters.failedLoads += 1;
        flight.reject(error);
      }
    }
  }

  async #valuesOf(ids: readonly string[], context: unknown): Promise<Map<string, unknown>> {
    const values: unknown = await this.#origin.load(ids, context);
    if (!Array.isArray(values) || values.length !== ids.length) {
      const got = Array.isArray(values) ? `${values.length}` : `no list (${typeof values})`;
      throw new CacheError(
        'CACHE_ORIGIN_REPLY',
        `origins.${this.#namespace}.load must answer with one element per id, in their order: ` +
          `asked for ${ids.length}, but got ${got}`,
      );
    }
    return new Map(ids.map((id, index) => [id, values[index] ?? null]));
  }

  #land(
    { wanted, generations, flight }: Led,
    { value, loadMs, touched }: { value: unknown; loadMs: number; touched: boolean },
  ): void {
    const { policy, place } = wanted;
    policy.counters.loadMs += loadMs;
    if (value instanceof Error) {
      policy.counters.failedLoads += 1;
      flight.reject(value);
    } else {
      flight.resolve(land(this.#services, policy, { place, generations, value, loadMs, touched }));
    }
  }
}

/** One call of an origin is one load, however many ids it is for. */
function countCall(led: readonly Led[]): void {
  const [first] = led;
  if (first !== undefined) first.wanted.policy.counters.loads += 1;
  const traces = new Set(led.map(({ wanted }) => wanted.trace));
  for (const trace of traces) if (trace !== undefined) trace.loads += 1;
}
