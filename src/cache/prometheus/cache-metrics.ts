import { Counter, Gauge, type Registry } from 'prom-client';
import type { CacheStats, CacheWrites } from '../cache.js';
import { addTimeMetrics } from './time-metrics.js';

/** What is read of a cache. */
export interface CountedCache {
  readonly stats: CacheStats;
  readonly writes: Pick<CacheWrites, 'journal'>;
}

/** The counters of the engine, and the outcomes that they count. */
const outcomes = [
  ['hits', 'HIT'],
  ['stale', 'STALE'],
  ['staleOnError', 'STALE_ON_ERROR'],
  ['misses', 'MISS'],
  ['joined', 'JOINED'],
  ['waited', 'WAITED'],
  ['refreshed', 'REFRESHED'],
  ['bypassed', 'BYPASS'],
] as const;

/**
 * Adds the metrics of one cache to a registry of prom-client, under names that begin with `cache_`. They are read from the
 * counters of the cache whenever the registry is collected, so counting costs a request nothing. Labels are coordinates and
 * namespaces, never keys or values. @throws Error of prom-client where the registry has metrics of these names already.
 */
export function addCacheMetrics(registry: Registry, cache: CountedCache): void {
  addFieldMetrics(registry, cache);
  addMemoMetrics(registry, cache);
  addConsistencyMetrics(registry, cache);
  addRegionMetrics(registry, cache);
  addJournalMetrics(registry, cache);
  addTimeMetrics(registry, cache.stats);
}

function addFieldMetrics(registry: Registry, { stats: { counters, fields } }: CountedCache): void {
  const registers = [registry];
  new Counter({
    name: 'cache_reads_total',
    help: 'Reads of cached fields, by what became of them.',
    labelNames: ['coordinate', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const [coordinate, counted] of Object.entries(counters())) {
        for (const [counter, outcome] of outcomes) {
          if (counted[counter] > 0) this.inc({ coordinate, outcome }, counted[counter]);
        }
      }
    },
  });
  for (const [name, help, part] of [
    ['cache_field_ttl_seconds', 'How long entries of a field are fresh.', 'ttl'],
    ['cache_field_swr_seconds', 'How long past that a stale value is served while it is refreshed.', 'swr'],
  ] as const) {
    new Gauge({
      name,
      help,
      labelNames: ['coordinate', 'pattern'],
      registers,
      collect() {
        for (const { coordinate, pattern, ...field } of fields())
          this.set({ coordinate, pattern }, field[part]);
      },
    });
  }
  const perField = [
    ['cache_loads_total', 'Values asked of an origin or a resolver.', 'loads', 1],
    ['cache_load_seconds_total', 'Seconds spent in loads.', 'loadMs', 1 / 1000],
    ['cache_saved_seconds_total', 'Seconds of loads that hits made unnecessary.', 'savedMs', 1 / 1000],
    ['cache_failed_loads_total', 'Loads that failed.', 'failedLoads', 1],
    ['cache_overdue_loads_total', 'Loads that went on past their deadline.', 'overdueLoads', 1],
    [
      'cache_held_back_loads_total',
      'Loads that did not begin, as others of the field hang.',
      'heldBackLoads',
      1,
    ],
    ['cache_abandoned_loads_total', 'Loads that failed since their caller was gone.', 'abandonedLoads', 1],
    ['cache_slow_loads_total', 'Loads that a stale value was served instead of.', 'slowLoads', 1],
    ['cache_stored_entries_total', 'Entries that were stored.', 'stored', 1],
    ['cache_stored_bytes_total', 'Bytes of the entries that were stored.', 'storedBytes', 1],
    ['cache_refreshes_total', 'Values loaded again while the ones before were known.', 'refreshes', 1],
    ['cache_refresh_changes_total', 'Refreshes that brought another value.', 'changes', 1],
    ['cache_too_large_total', 'Values that were too large to be stored.', 'tooLarge', 1],
    ['cache_viewer_touched_total', 'PUBLIC loads that touched the viewer.', 'viewerTouched', 1],
    ['cache_refused_entries_total', 'Entries of other fields or viewers; a bug if not 0.', 'refused', 1],
    ['cache_invalidations_total', 'Invalidations that were applied.', 'invalidations', 1],
    [
      'cache_failed_invalidations_total',
      'Invalidations that could not be applied in time.',
      'failedInvalidations',
      1,
    ],
    ['cache_written_rows_total', 'Writes whose row was stored as they were acknowledged.', 'written', 1],
    ['cache_queued_writes_total', 'Writes that were accepted into the journal.', 'queued', 1],
    [
      'cache_written_through_total',
      'Writes that went straight to the database, past the journal.',
      'writtenThrough',
      1,
    ],
    ['cache_busy_writes_total', 'Writes that neither the journal nor the database could take.', 'busy', 1],
    ['cache_pending_reads_total', 'Reads answered with a write that is in the journal.', 'pending', 1],
    [
      'cache_bounded_writes_total',
      'Writes acknowledged before their invalidation was applied.',
      'boundedWrites',
      1,
    ],
  ] as const;
  for (const [name, help, counter, unit] of perField) {
    new Counter({
      name,
      help,
      labelNames: ['coordinate'],
      registers,
      collect() {
        this.reset();
        for (const [coordinate, counted] of Object.entries(counters())) {
          if (counted[counter] > 0) this.inc({ coordinate }, counted[counter] * unit);
        }
      },
    });
  }
}

function addMemoMetrics(registry: Registry, { stats }: CountedCache): void {
  const registers = [registry];
  const counted = [
    ['cache_memo_hits_total', 'Operations that were answered without being executed.', 'hits'],
    ['cache_memo_in_front_total', 'Those of them that were given in front of Apollo Server.', 'inFront'],
    ['cache_memo_kept_total', 'Answers of whole operations that were kept.', 'kept'],
    ['cache_memo_evictions_total', 'Answers that were dropped for want of room.', 'evictions'],
  ] as const;
  for (const [name, help, counter] of counted) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(stats.memo()[counter]);
      },
    });
  }
  const gauges = [
    ['cache_memo_answers', 'Answers of whole operations that are kept now.', 'answers'],
    ['cache_memo_bytes', 'Bytes of memory that kept answers take.', 'bytes'],
  ] as const;
  for (const [name, help, gauge] of gauges) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(stats.memo()[gauge]);
      },
    });
  }
}

function addConsistencyMetrics(registry: Registry, cache: CountedCache): void {
  const registers = [registry];
  const probes = [
    [
      'cache_inconsistency_total',
      'Entries served although the database had superseded them.',
      'inconsistencies',
    ],
    ['cache_probes_total', 'Entries that were looked for after a write.', 'probes'],
    [
      'cache_probe_comparisons_total',
      'Entries that were there, and were compared with the database.',
      'comparisons',
    ],
  ] as const;
  for (const [name, help, counter] of probes) {
    new Counter({
      name,
      help,
      labelNames: ['namespace'],
      registers,
      collect() {
        this.reset();
        for (const [namespace, counted] of Object.entries(cache.stats.probes()))
          this.inc({ namespace }, counted[counter]);
      },
    });
  }
  new Counter({
    name: 'cache_shadow_checks_total',
    help: 'Hits that were loaded anew and compared, by what became of that.',
    labelNames: ['coordinate', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const [coordinate, counted] of Object.entries(cache.stats.shadowChecks())) {
        // Those that have not happened too: the first difference must be seen to rise.
        for (const [outcome, count] of Object.entries(counted)) this.inc({ coordinate, outcome }, count);
      }
    },
  });
  new Counter({
    name: 'cache_relayed_rows_total',
    help: 'Rows of the outbox that this process has applied.',
    registers,
    collect() {
      this.reset();
      this.inc(cache.stats.relay().rows);
    },
  });
  new Gauge({
    name: 'cache_relay_lag_seconds',
    help: 'From the write of the row of the outbox applied last to its being applied; for how long the relay is blind, while it is.',
    registers,
    collect() {
      const { lastLagMs, blindForMs } = cache.stats.relay();
      this.set(Math.max(lastLagMs, blindForMs) / 1000);
    },
  });
  new Gauge({
    name: 'cache_relay_blind_seconds',
    help: 'For how long the outbox could not be looked into, once that is longer than blindAfterMs; otherwise 0.',
    registers,
    collect() {
      this.set(cache.stats.relay().blindForMs / 1000);
    },
  });
  new Counter({
    name: 'cache_forgotten_total',
    help: 'How often this process has forgotten everything that was stored, by the reason.',
    labelNames: ['because'],
    registers,
    collect() {
      this.reset();
      // Those that have not happened too: the first one must be seen to rise.
      for (const [because, times] of Object.entries(cache.stats.relay().forgotten))
        this.inc({ because }, times);
    },
  });
  new Gauge({
    name: 'cache_log_behind_bytes',
    help: 'Bytes of the log of the database that were written and are not applied, where it is what the outbox reads; otherwise 0.',
    registers,
    collect() {
      this.set(cache.stats.relay().log?.behindBytes ?? 0);
    },
  });
  new Gauge({
    name: 'cache_log_kept_bytes',
    help: 'Bytes of its log that the database keeps for the outbox that reads it; otherwise 0.',
    registers,
    collect() {
      this.set(cache.stats.relay().log?.keptBytes ?? 0);
    },
  });
  new Gauge({
    name: 'cache_store_away',
    help: '1 while the store cannot be reached.',
    registers,
    collect() {
      this.set(cache.stats.storeIsAway() ? 1 : 0);
    },
  });
}

function addRegionMetrics(registry: Registry, { stats }: CountedCache): void {
  const registers = [registry];
  new Gauge({
    name: 'cache_store_distance_seconds',
    help: 'A round trip to the server of the store, as measured at the start or for the last report.',
    registers,
    collect() {
      const roundTripMs = stats.storeRoundTripMs();
      if (roundTripMs === undefined) this.remove();
      else this.set(roundTripMs / 1000);
    },
  });
  const gauges = [
    ['cache_region_lag_seconds', 'How long the store of another region takes to apply a write.', 'lagMs'],
    [
      'cache_region_unseen_seconds',
      'How long no process of the store of another region has looked with success.',
      'unseenForMs',
    ],
  ] as const;
  for (const [name, help, part] of gauges) {
    new Gauge({
      name,
      help,
      labelNames: ['store'],
      registers,
      collect() {
        this.reset();
        for (const { store, [part]: ms } of stats.regions().stores)
          if (ms !== undefined) this.set({ store }, ms / 1000);
      },
    });
  }
  new Counter({
    name: 'cache_region_writes_total',
    help: 'Writes that waited for all regions, by what became of that.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, times] of Object.entries(stats.regions().writes)) this.inc({ outcome }, times);
    },
  });
}

function addJournalMetrics(registry: Registry, cache: CountedCache): void {
  const registers = [registry];
  const flushed = [
    ['cache_flushes_total', 'Batches of accepted writes that were sent to the database.', 'flushes'],
    ['cache_flushed_writes_total', 'Accepted writes that the database has.', 'flushed'],
    ['cache_flush_retries_total', 'Accepted writes that were put off after a failure.', 'retries'],
    ['cache_buried_writes_total', 'Accepted writes that went to the dead letters.', 'buried'],
    ['cache_journal_losses_total', 'Times the journal was found to have lost what it held.', 'losses'],
    [
      'cache_restored_writes_total',
      'Accepted writes written down again after the journal had lost them.',
      'restored',
    ],
    [
      'cache_rescued_writes_total',
      'Accepted writes brought to the database while the journal was away.',
      'rescued',
    ],
    [
      'cache_lost_writes_total',
      'Accepted writes that the journal lost and this process kept no more.',
      'lost',
    ],
  ] as const;
  for (const [name, help, counter] of flushed) {
    new Counter({
      name,
      help,
      registers,
      async collect() {
        const counted = (await cache.writes.journal()).flushed[counter];
        // In one go: two who ask at the same time must not add up.
        this.reset();
        this.inc(counted);
      },
    });
  }
  const sizes = [
    ['cache_journal_pending', 'Accepted writes that the database does not have yet.', 'pending', 1],
    ['cache_journal_dead_letters', 'Accepted writes that the database refuses for good.', 'dead', 1],
    [
      'cache_journal_overdue_seconds',
      'How long the oldest accepted write is overdue.',
      'overdueMs',
      1 / 1000,
    ],
  ] as const;
  for (const [name, help, part, unit] of sizes) {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const { size } = await cache.writes.journal();
        // Unknown while the journal is away: then it has no value, rather than a wrong one.
        if (size === undefined) this.remove();
        else this.set(size[part] * unit);
      },
    });
  }
}
