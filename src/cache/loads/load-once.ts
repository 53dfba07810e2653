import { channels } from '../diagnostics/channels.js';
import type { LoadMessage } from '../diagnostics/messages.js';
import type { Trace } from '../metrics/trace.js';
import { isWaitedFor, type LoadRequest, type LoadTask } from '../stampede/load-task.js';
import type { AwaitedLoad } from '../stampede/single-flight.js';
import type { EntryField, FieldAddress, Found } from '../coherence/entry-field.js';
import { countFailure, failureOf, leadOn, type Caller } from './abandoned-load.js';
import { unheardWithin } from '../maybe-promise.js';
import { elapsedMs } from '../time/clock.js';
import { storeResult } from './store-result.js';
import { toldLoad } from './told-load.js';
import type { Load, Loaded, LoadedRead, Services } from './services.js';

export interface OneLoad {
  readonly field: EntryField & { readonly coordinate: string };
  readonly place: FieldAddress;
  readonly trace: Trace | undefined;
  /** What is refreshed, where the reader has its answer already. */
  readonly refreshes?: Found | undefined;
  /** See `LoadRequest`. */
  readonly sinceMs?: number | undefined;
  /** True where it may be made within another load. */
  readonly isPart?: boolean;
  /** True where no reader asked for it. */
  readonly isWarm?: boolean;
  readonly caller: Caller;
  /** Made only when this reader becomes the one who loads. */
  readonly begin: () => Load;
}

/**
 * Loads one entry: generations first, then the flight that exists for them, or a load of its own and its fill. Never
 * the other way round: a load that began before its generations were read could be stored as newer than it is.
 * @throws AbandonedLoad where it failed since its caller is gone.
 */
export async function loadOnce(services: Services, load: OneLoad): Promise<LoadedRead> {
  const { field, place, trace, refreshes, sinceMs, isPart = false } = load;
  const runLoads = async (tasks: readonly LoadTask<LoadRequest, Loaded>[]): Promise<void> => {
    for (const task of tasks) await loadAndFill(services, load, task);
  };
  const within = services.loads.aroundReader({ refreshes, sinceMs });
  const wanted = { field, address: place, refreshes, sinceMs, isPart, within };
  const alone = (): Promise<LoadedRead> => theOne(services.loads.alone([wanted], runLoads));
  const read = await leadOn({ caller: load.caller, wanted, alone }, async () =>
    theOne(await services.loads.begin([wanted], runLoads, trace)),
  );
  return read.sharable || read.outcome === 'MISS' ? read : alone();
}

async function theOne([load]: readonly AwaitedLoad<Loaded>[]): Promise<LoadedRead> {
  if (load === undefined) throw new Error('one load was begun, and none was announced');
  const { outcome, loaded } = await load.result;
  return { outcome, ...loaded };
}

/** Never rejects: what goes wrong goes to the flight. */
async function loadAndFill(
  services: Services,
  { field, place, trace, refreshes, sinceMs, isWarm, caller, begin }: OneLoad,
  task: LoadTask<LoadRequest, Loaded>,
): Promise<void> {
  const { wanted, generations, flight } = task;
  const { counters } = field;
  const { clock } = services;
  counters.loads += 1;
  if (trace !== undefined) trace.loads += 1;
  let load: Load | undefined;
  try {
    load = begin();
    const startedAtMs = clock.nowMs();
    let message: LoadMessage | undefined;
    if (channels.load.hasSubscribers) {
      const cause = isWarm === true ? 'warm' : isWaitedFor({ refreshes, sinceMs }) ? 'read' : 'refresh';
      message = { coordinates: [field.coordinate], entries: 1, cause };
    }
    const value = (await toldLoad(message, load.run)) ?? null;
    // Past its deadline: those who waited were told so, and what is newer may be stored.
    if (flight.isSettled) {
      unheardWithin(value);
      return;
    }
    const loadMs = elapsedMs(clock, startedAtMs);
    counters.loadMs += loadMs;
    counters.times.loads.note(loadMs);
    const [touched, isPending, isUnsure] = [
      load.touched(),
      load.isPending?.() ?? false,
      load.isUnsure?.() ?? false,
    ];
    const hint = load.hint?.();
    const result = {
      place,
      generations,
      lease: task.lease,
      value,
      refreshes,
      loadMs,
      touched,
      isPending,
      isUnsure,
      hint,
    };
    const loaded = storeResult(services, field, result);
    flight.resolve(message === undefined ? loaded : { ...loaded, message });
  } catch (error) {
    if (flight.isSettled) return;
    const failure = failureOf(error, {
      ...{ caller, wanted, touched: load?.touched() ?? false },
      isChecked: load?.isChecked ?? false,
    });
    countFailure(counters, failure);
    flight.reject(failure);
  }
}
