import { tooLongFaults } from '../time/timer-limit.js';
import { refuseFaults } from '../unknown-options.js';
import { withDefaults } from '../with-defaults.js';

/** Bounds of loads. Waiting and leases only save work: what is served is right whatever they are. */
export interface LoadBounds {
  /** Milliseconds a lease is held unless it is renewed, which happens three times in between; default 1,500. */
  readonly leaseMs: number;
  /**
   * Milliseconds from its beginning after which a load is waited for no longer: those who wait get CACHE_LOAD_OVERDUE, or a
   * stale value within `staleIfError`; its place and its lease are given back, and what it brings later is dropped. Should
   * be longer than the time limits of your database and services, which end what hangs. Default 30,000.
   */
  readonly deadlineMs: number;
  /**
   * Loads of one field that may hang past their deadline; default 8. While so many do, its further loads fail at once with
   * CACHE_LOAD_OVERDUE, but for one at a time, which tries. Other fields load as always.
   */
  readonly overdueAtMost: number;
  /**
   * Milliseconds a process waits at most for another one's load before it loads as well; default 10,000. It waits for less
   * where loads of the field usually take less, their wait for a turn included: three times that, at least 500 ms, 4,000
   * where it is not known yet, and never more than half of `deadlineMs`. Where loads of the field wait for their turn in
   * this process as well, it goes on waiting.
   */
  readonly waitAtMostMs: number;
  /**
   * Most loads of fields at the same time in this process; a call of an origin is one, whatever it is for. From 16 on, one
   * field has at most three times the places that are free, which leaves some to others. Ten times as many
   * wait for their turn, further ones fail with CACHE_OVERLOADED, or serve a stale value within `staleIfError`; default 64.
   */
  readonly atMost: number;
  /** Most loads at the same time while the store is away; ten times as many wait for their turn; default 32. */
  readonly atMostWithoutStore: number;
  /**
   * Milliseconds a reader waits for a load where a stale value within `staleIfError` could answer; `softTimeoutMs` of
   * `@cached` goes before it. Default: until the load ends.
   */
  readonly softTimeoutMs: number | undefined;
  /** How early fresh entries are refreshed, see docs/staying-warm.md: 1 is the default, 0 turns it off. */
  readonly earlyRefreshBeta: number;
}

/** The names of all bounds of loads. */
export const loadOptions = {
  leaseMs: true,
  deadlineMs: true,
  overdueAtMost: true,
  waitAtMostMs: true,
  atMost: true,
  atMostWithoutStore: true,
  softTimeoutMs: true,
  earlyRefreshBeta: true,
} satisfies Record<keyof LoadBounds, true>;

const loadDefaults: LoadBounds = {
  leaseMs: 1500,
  deadlineMs: 30_000,
  overdueAtMost: 8,
  waitAtMostMs: 10_000,
  atMost: 64,
  atMostWithoutStore: 32,
  softTimeoutMs: undefined,
  earlyRefreshBeta: 1,
};

/** @throws CacheError naming every bound that cannot be. */
export function checkedLoads(given: Partial<LoadBounds> = {}): LoadBounds {
  const loads = withDefaults(loadDefaults, given);
  const { earlyRefreshBeta, ...bounds } = loads;
  const faults = Object.entries(bounds)
    .filter(([, bound]) => bound !== undefined && (!Number.isSafeInteger(bound) || bound <= 0))
    .map(([name, bound]) => `loads.${name} must be a positive whole number, but got ${bound}`);
  if (!(earlyRefreshBeta >= 0 && earlyRefreshBeta < Infinity)) {
    faults.push(`loads.earlyRefreshBeta must be 0 or a positive number, but got ${earlyRefreshBeta}`);
  }
  const { leaseMs, softTimeoutMs } = loads;
  faults.push(...tooLongFaults({ 'loads.leaseMs': leaseMs, 'loads.softTimeoutMs': softTimeoutMs }));
  refuseFaults('createCache', faults);
  return loads;
}
