import DataLoader from 'dataloader';
import { UNKNOWN_HINT } from '../codec/entry.js';
import { CacheError } from '../errors.js';
import { channels } from '../diagnostics/channels.js';
import type { LoadMessage } from '../diagnostics/messages.js';
import type { PendingState } from '../journal/accepted-writes.js';
import { noValues, type VaryValues } from '../keys/variant.js';
import { unheardWithin } from '../maybe-promise.js';
import type { Trace } from '../metrics/trace.js';
import { isWaitedFor, type LoadRequest, type LoadTask } from '../stampede/load-task.js';
import type { AwaitedLoad } from '../stampede/single-flight.js';
import { callerOf, countFailure, failureOf, leadOn, type Caller } from './abandoned-load.js';
import { storeResult, type LoadResult } from './store-result.js';
import { MAX_IDS_PER_LOAD, type LoadingOrigin } from './origin.js';
import type { Located, ReadPolicy } from '../policy/read-policy.js';
import { elapsedMs } from '../time/clock.js';
import { toldLoad } from './told-load.js';
import type { Load, Loaded, LoadedRead, Services } from './services.js';

/** One id that a request is waiting for. */
interface WantedId extends LoadRequest {
  readonly field: ReadPolicy;
  readonly address: Located;
  readonly trace: Trace | undefined;
}

const NO_VALUES: ReadonlyMap<string, unknown> = new Map();
const NONE_PENDING: ReadonlyMap<string, PendingState> = new Map();

type IdTask = LoadTask<WantedId, Loaded>;
type Batch = DataLoader<WantedId, AwaitedLoad<Loaded>>;
/** By scope and sharing. */
type Batches = Map<string, Batch>;

/** Joins the loads of one tick into one call of the origin, per request and scope. Remembers nothing in between. */
export class OriginLoads {
  readonly #services: Services;
  readonly #namespace: string;
  readonly #origin: LoadingOrigin;
  readonly #batches = new WeakMap<object, Batches>();
  /** Of the last context that was no object. It tells no requests apart, but it may say who asks. */
  #ofPlain: { readonly context: unknown; readonly batches: Batches } | undefined;

  constructor(services: Services, namespace: string, origin: LoadingOrigin) {
    this.#services = services;
    this.#namespace = namespace;
    this.#origin = origin;
  }

  /** Loads one id together with what else this tick is missing. @throws AbandonedLoad */
  async load(wanted: WantedId, context: unknown): Promise<LoadedRead> {
    const alone = (): Promise<LoadedRead> => this.loadAlone(wanted, context);
    const read = await leadOn({ caller: callerOf(context), wanted, alone }, async () => {
      const { result } = await this.#batchOf(context, wanted.field.scope, 'shared').load(wanted);
      const { outcome, loaded } = await result;
      return { outcome, ...loaded };
    });
    return read.sharable || read.outcome === 'MISS' ? read : alone();
  }

  /** The same for this request alone: nothing is joined and nothing is stored. */
  async loadAlone(wanted: WantedId, context: unknown): Promise<LoadedRead> {
    const { result } = await this.#batchOf(context, wanted.field.scope, 'alone').load(wanted);
    const { outcome, loaded } = await result;
    return { outcome, ...loaded };
  }

  /** A load of one id that no reader waits for: nothing is joined, stored or counted. */
  beginApart(field: ReadPolicy, id: string, context: unknown): Load {
    const guarded = this.#services.contextOfLoad(field, context);
    const variant = field.variantOf?.(context).values ?? noValues;
    const run = async (): Promise<unknown> => {
      const values = await guarded.run(() => this.#valuesOf([id], { context: guarded.context, variant }));
      const value = values.get(id);
      if (value instanceof Error) throw value;
      return value;
    };
    return { run, touched: guarded.touched };
  }

  #batchOf(context: unknown, scope: ReadPolicy['scope'], sharing: 'shared' | 'alone'): Batch {
    const batches = this.#batchesOf(context);
    const name = `${scope} ${sharing}`;
    let batch = batches.get(name);
    if (batch === undefined) {
      batch = this.#createBatch(this.#runWith(context, scope), sharing);
      batches.set(name, batch);
    }
    return batch;
  }

  #batchesOf(context: unknown): Batches {
    if (typeof context === 'object' && context !== null) {
      const known = this.#batches.get(context);
      if (known !== undefined) return known;
      const batches: Batches = new Map();
      this.#batches.set(context, batches);
      return batches;
    }
    if (this.#ofPlain === undefined || !Object.is(this.#ofPlain.context, context))
      this.#ofPlain = { context, batches: new Map() };
    return this.#ofPlain.batches;
  }

  #createBatch(runLoads: (tasks: readonly IdTask[]) => Promise<void>, sharing: 'shared' | 'alone'): Batch {
    const { loads } = this.#services;
    return new DataLoader(
      // All of one batch belong to one request, which the trace of any of them is about.
      (wanted) =>
        sharing === 'shared'
          ? loads.begin(wanted, runLoads, wanted[0]?.trace)
          : Promise.resolve(loads.alone(wanted, runLoads)),
      { cache: false, maxBatchSize: MAX_IDS_PER_LOAD },
    );
  }

  #runWith(context: unknown, scope: ReadPolicy['scope']): (tasks: readonly IdTask[]) => Promise<void> {
    return (tasks) => this.#askOrigin(tasks, context, scope);
  }

  /** Never rejects: what goes wrong goes to the flights. */
  async #askOrigin(tasks: readonly IdTask[], context: unknown, scope: ReadPolicy['scope']): Promise<void> {
    const { clock, contextOfLoad } = this.#services;
    const caller = callerOf(context);
    const coordinate = [...new Set(tasks.map(({ wanted }) => wanted.field.coordinate))].join(', ');
    // Fields of one namespace vary by the same, and one batch belongs to one request.
    const { vary, variantOf } = tasks[0]?.wanted.field ?? {};
    const guarded = contextOfLoad({ scope, coordinate, vary }, context);
    countCall(tasks);
    const startedAtMs = clock.nowMs();
    try {
      const variant = variantOf?.(context).values ?? noValues;
      const pending = await this.#pendingOf(tasks);
      const ids = tasks
        .filter(({ wanted: { address } }) => pending.get(address.pendingKey)?.outcome !== 'pending')
        .map(({ wanted }) => wanted.address.id);
      const wantedIds = [...new Set(ids)];
      const message = channels.load.hasSubscribers ? messageOf(tasks, wantedIds.length) : undefined;
      const ask = () => guarded.run(() => this.#valuesOf(wantedIds, { context: guarded.context, variant }));
      const values = wantedIds.length === 0 ? NO_VALUES : await toldLoad(message, ask);
      const loadMs = elapsedMs(clock, startedAtMs);
      tasks[0]?.wanted.field.counters.times.loads.note(loadMs);
      // Past their deadline: those who waited were told so, and what is newer may be stored.
      if (tasks.every(({ flight }) => flight.isSettled)) {
        unheardWithin(Array.from(values.values()));
        return;
      }
      const touched = guarded.touched();
      const given = new Set<string>();
      const again: IdTask[] = [];
      for (const item of tasks) {
        const { id, pendingKey } = item.wanted.address;
        const found = pending.get(pendingKey);
        const isPending = found?.outcome === 'pending';
        const value = isPending ? found.state : values.get(id);
        if (value instanceof Error) {
          fail(value, { ...item, caller, touched });
          continue;
        }
        const isUnsure = found?.outcome === 'unknown';
        const stored = this.#store(item, { value, loadMs, touched, isPending, isUnsure });
        const loaded = message === undefined || isPending ? stored : { ...stored, message };
        const isShared = given.has(id) && typeof value === 'object' && value !== null;
        if (isShared && !loaded.sharable) again.push(item);
        else item.flight.resolve(loaded);
        given.add(id);
      }
      await Promise.all(apart(again).map((round) => this.#askOrigin(round, context, scope)));
    } catch (error) {
      for (const { wanted, flight } of tasks) {
        fail(error, { wanted, flight, caller, touched: guarded.touched() });
      }
    }
  }

  /** Of what is written behind, the latest is in the journal until the database has it; by key. */
  async #pendingOf(tasks: readonly IdTask[]): Promise<ReadonlyMap<string, PendingState>> {
    const behind = tasks.filter(({ wanted }) => wanted.field.isWrittenBehind);
    if (behind.length === 0) return NONE_PENDING;
    const keys = behind.map(({ wanted }) => wanted.address.pendingKey);
    const found = await this.#services.acceptedWrites.pendingOf(keys);
    return new Map(keys.map((key, index) => [key, found[index] ?? { outcome: 'unknown' }]));
  }

  async #valuesOf(
    ids: readonly string[],
    { context, variant }: { context: unknown; variant: VaryValues },
  ): Promise<ReadonlyMap<string, unknown>> {
    const values: unknown = await this.#origin.load(ids, context, variant);
    if (!Array.isArray(values) || values.length !== ids.length) {
      unheardWithin(values);
      const got = Array.isArray(values) ? `${values.length}` : `no list (${typeof values})`;
      throw new CacheError(
        'CACHE_ORIGIN_REPLY',
        `origins.${this.#namespace}.load must answer with one element per id, in their order: ` +
          `asked for ${ids.length}, but got ${got}`,
      );
    }
    return new Map(ids.map((id, index) => [id, values[index] ?? null]));
  }

  #store(
    { wanted, generations, lease }: IdTask,
    loaded: Pick<LoadResult, 'value' | 'loadMs' | 'touched' | 'isPending' | 'isUnsure'>,
  ): Loaded {
    const { field, address } = wanted;
    field.counters.loadMs += loaded.loadMs;
    const { refreshes } = wanted;
    // A field with a resolver may have the same key.
    const result = { place: address, generations, lease, refreshes, hint: UNKNOWN_HINT, ...loaded };
    return storeResult(this.#services, field, result);
  }
}

function messageOf(tasks: readonly IdTask[], entries: number): LoadMessage {
  const coordinates = [...new Set(tasks.map(({ wanted }) => wanted.field.coordinate))];
  const isRead = tasks.some(({ wanted }) => isWaitedFor(wanted));
  return { coordinates, entries, cause: isRead ? 'read' : 'refresh' };
}

/** Rounds in which each id is asked for once: two readers of a value that cannot be copied must not get the same one. */
function apart(tasks: readonly IdTask[]): readonly (readonly IdTask[])[] {
  const rounds: IdTask[][] = [];
  const asked = new Map<string, number>();
  for (const item of tasks) {
    const { id } = item.wanted.address;
    const round = asked.get(id) ?? 0;
    asked.set(id, round + 1);
    (rounds[round] ??= []).push(item);
  }
  return rounds;
}

function fail(
  error: unknown,
  { wanted, flight, ...of }: Pick<IdTask, 'wanted' | 'flight'> & { caller: Caller; touched: boolean },
): void {
  // Past its deadline, which was counted.
  if (flight.isSettled) return;
  const failure = failureOf(error, { ...of, wanted });
  countFailure(wanted.field.counters, failure);
  flight.reject(failure);
}

/** One call of an origin is one load, however many ids it is for. */
function countCall(tasks: readonly IdTask[]): void {
  const [first] = tasks;
  if (first !== undefined) first.wanted.field.counters.loads += 1;
  const traces = new Set(tasks.map(({ wanted }) => wanted.trace));
  for (const trace of traces) if (trace !== undefined) trace.loads += 1;
}
