import type { Trace } from '../metrics/trace.js';
import { flightKey } from '../stampede/flights.js';
import type { EntryAddress } from '../store/store.js';
import type { EntryField } from '../tags/entries.js';
import { land } from './land.js';
import type { LoadedRead } from './serve.js';
import type { Loaded, Services } from './services.js';

/** Asks the origin for one value; `touched` tells afterwards whether the load looked at the viewer. */
export interface Load {
  run(): unknown;
  touched(): boolean;
}

export interface OneLoad {
  readonly field: EntryField & { readonly coordinate: string };
  readonly place: EntryAddress;
  readonly trace: Trace | undefined;
  /** Made only when this reader becomes the one who loads. */
  readonly begin: () => Load;
}

/**
 * Loads one entry: generations first, then the flight that exists for them, or a load of its own and its fill. Never
 * the other way round: a load that began before its generations were read could be stored as newer than it is.
 */
export async function loadOnce(services: Services, load: OneLoad): Promise<LoadedRead> {
  const { entries, flights } = services;
  const captured = await entries.capture([load.place], load.trace);
  const generations = captured?.[0];
  const name = flightKey(load.place.key, generations, entries.forgotten);
  const flight = flights.get(name);
  if (flight !== undefined) {
    const loaded = await flight;
    if (loaded.sharable) return { ...loaded, joined: true };
  }
  const own = loadAndFill(services, load, generations);
  if (flight === undefined) flights.announce(name, own);
  return { ...(await own), joined: false };
}

async function loadAndFill(
  services: Services,
  { field, place, trace, begin }: OneLoad,
  generations: readonly string[] | undefined,
): Promise<Loaded> {
  const { counters } = field;
  const { clock } = services;
  counters.loads += 1;
  if (trace !== undefined) trace.loads += 1;
  const load = begin();
  const startedAtMs = clock.nowMs();
  let value: unknown;
  try {
    value = (await load.run()) ?? null;
  } catch (error) {
    counters.failedLoads += 1;
    throw error;
  }
  const loadMs = clock.nowMs() - startedAtMs;
  counters.loadMs += loadMs;
  return land(services, field, { place, generations, value, loadMs, touched: load.touched() });
}
