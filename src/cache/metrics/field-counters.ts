import { FieldTimes } from './field-times.js';

/** What happened at one coordinate since the process started. Plain numbers: counting must cost nothing. */
export interface FieldCounters {
  hits: number;
  /** Stale values served while a refresh runs. */
  stale: number;
  /** Stale values served because the load failed. */
  staleOnError: number;
  misses: number;
  /** Reads that joined a load of another reader. */
  joined: number;
  /** Reads that waited for a load of another process. */
  waited: number;
  /** Reads that had to be fresh, and waited for a load in spite of an entry. */
  refreshed: number;
  /** Reads that neither used nor filled the cache. */
  bypassed: number;
  /** Values asked of the origin or the resolver. */
  loads: number;
  /** Loads that failed, those that were overdue included. */
  failedLoads: number;
  /** Loads that went on past their deadline: those who waited got an error or a stale value, and what came later was dropped. */
  overdueLoads: number;
  /** Loads that did not begin, since too many of the field hang. */
  heldBackLoads: number;
  /** Loads that failed since their caller was gone; those who had joined them led them on. */
  abandonedLoads: number;
  /** Loads that took so long that a stale value was served instead. */
  slowLoads: number;
  /** Values that were loaded again while the ones before were still known, and not invalidated. */
  refreshes: number;
  /** Those of them that brought another value than before. */
  changes: number;
  /** Milliseconds spent in loads. */
  loadMs: number;
  /** Milliseconds of loading that hits made unnecessary. */
  savedMs: number;
  stored: number;
  /** Bytes of what was stored, as the store has them. */
  storedBytes: number;
  /** Fills the store refused: their generation was no longer the present one, or there was no room. */
  refusedFills: number;
  tooLarge: number;
  unstorable: number;
  lastUnstorable: string | undefined;
  undecodable: number;
  /** PUBLIC loads that touched the viewer: answered in production, never stored. */
  viewerTouched: number;
  /** Entries that another field or another viewer had, and that were refused: anything but 0 is a bug of the engine. */
  refused: number;
  invalidations: number;
  failedInvalidations: number;
  /** Writes whose row was stored before they were acknowledged. */
  written: number;
  /** Writes that were accepted into the journal. */
  queued: number;
  /** Writes that went straight to the database, because the journal was full or away. */
  writtenThrough: number;
  /** Writes that were refused, because neither the journal nor the database could take them. */
  busy: number;
  /** Reads that were answered with a write the database does not have yet. */
  pending: number;
  /** Writes that were acknowledged before their invalidation was known to be applied. */
  boundedWrites: number;
}

/** The counters as the engine counts, with how long things took. */
export interface LiveCounters extends FieldCounters {
  readonly times: FieldTimes;
}

export function createFieldCounters(): LiveCounters {
  return {
    hits: 0,
    stale: 0,
    staleOnError: 0,
    misses: 0,
    joined: 0,
    waited: 0,
    refreshed: 0,
    bypassed: 0,
    loads: 0,
    failedLoads: 0,
    overdueLoads: 0,
    heldBackLoads: 0,
    abandonedLoads: 0,
    slowLoads: 0,
    refreshes: 0,
    changes: 0,
    loadMs: 0,
    savedMs: 0,
    stored: 0,
    storedBytes: 0,
    refusedFills: 0,
    tooLarge: 0,
    unstorable: 0,
    lastUnstorable: undefined,
    undecodable: 0,
    viewerTouched: 0,
    refused: 0,
    invalidations: 0,
    failedInvalidations: 0,
    written: 0,
    queued: 0,
    writtenThrough: 0,
    busy: 0,
    pending: 0,
    boundedWrites: 0,
    times: new FieldTimes(),
  };
}

/** A copy without the times. */
export function numbersOf(counters: LiveCounters): FieldCounters {
  const copy: FieldCounters & { times?: FieldTimes } = { ...counters };
  delete copy.times;
  return copy;
}
