import { systemClock } from '../../time/clock.js';
import { within } from '../../time/within.js';
import { refuseFaults, unknownOptions } from '../../unknown-options.js';
import { written } from '../../written.js';
import { poolOf, type PoolOption } from '../pool-option.js';
import { endOfRecords, readLsn } from './lsn.js';

/** One server, and what loads use to ask it: a pool, a client of Prisma, whatever it is. */
export interface ReplicaServer<Client> {
  /** A pool of the package pg to this very server. An address that leads to one of several servers will not do. */
  readonly pool: PoolOption;
  readonly client: Client;
}

export interface ReadReplicasOptions<Client> {
  readonly primary: ReplicaServer<Client>;
  readonly replicas: readonly ReplicaServer<Client>[];
  /** Milliseconds that a load waits for a replica to catch up before the primary is asked. Default: 20; 0 does not wait. */
  readonly waitAtMostMs?: number;
}

export interface ReadReplicas<Client> {
  /**
   * What this load may ask: a replica that has replayed everything that was written before this call, or else the primary.
   * Call it once in each load, after the load began. Rejects with what the primary answers with.
   */
  client(): Promise<Client>;
  /** How many loads were given a replica, and how many the primary. */
  counts(): { readonly replica: number; readonly primary: number };
}

const knownOptions = { primary: true, replicas: true, waitAtMostMs: true } satisfies Record<
  keyof ReadReplicasOptions<unknown>,
  true
>;
const WAIT_AT_MOST_MS = 20;
const PAUSE_MS = 3;
const WRITTEN = 'SELECT pg_current_wal_insert_lsn()::text AS place';
const REPLAYED = 'SELECT pg_last_wal_replay_lsn()::text AS place';

/**
 * Lets loads of cached fields ask streaming replicas and keep the promise. A replica that lags gives the row from before a write,
 * which would be stored as new. Whatever the store was told of was written to the primary's log before the load began: a replica
 * that has come as far as that log knows it. Loads that begin at the same time share the questions.
 * @throws CacheError CACHE_CONFIGURATION for options that do not exist or cannot be.
 */
export function readReplicas<Client>(options: ReadReplicasOptions<Client>): ReadReplicas<Client> {
  const { primary, replicas, waitAtMostMs = WAIT_AT_MOST_MS } = options;
  const faults = unknownOptions(options, knownOptions);
  if (!(Number.isFinite(waitAtMostMs) && waitAtMostMs >= 0)) {
    faults.push(`waitAtMostMs must be milliseconds, 0 or more, but got ${written(waitAtMostMs)}`);
  }
  refuseFaults('readReplicas', faults);
  const writtenTo = joined(async () => endOfRecords((await placeOf(primary.pool, WRITTEN)) ?? 0n));
  const asked = replicas.map(({ client, pool }) => ({
    client,
    replayedTo: joined(() => placeOf(pool, REPLAYED)),
  }));
  const counts = { replica: 0, primary: 0 };
  let next = 0;

  /** A replica that does not answer in time has not caught up. */
  const hasReached = async (
    replayedTo: () => Promise<bigint | undefined>,
    place: bigint,
    untilMs: number,
  ) => {
    for (;;) {
      const leftMs = Math.max(1, untilMs - performance.now());
      const replayed = await within(systemClock, {
        work: replayedTo().catch(() => undefined),
        ms: leftMs + PAUSE_MS,
        onLate: () => undefined,
      });
      if (replayed !== undefined && replayed >= place) return true;
      if (replayed === undefined || performance.now() + PAUSE_MS > untilMs) return false;
      await systemClock.sleep(PAUSE_MS);
    }
  };
  return {
    client: async () => {
      const place = await writtenTo();
      const replica = asked[(next += 1) % Math.max(1, asked.length)];
      if (
        replica !== undefined &&
        (await hasReached(replica.replayedTo, place, performance.now() + waitAtMostMs))
      ) {
        counts.replica += 1;
        return replica.client;
      }
      counts.primary += 1;
      return primary.client;
    },
    counts: () => ({ ...counts }),
  };
}

/** Undefined of a server that replays nothing, such as one that was promoted. */
async function placeOf(option: PoolOption, sql: string): Promise<bigint | undefined> {
  const pool = await poolOf(option);
  const { rows } = await pool.query<{ place: string | null }>(sql);
  const place = rows[0]?.place ?? null;
  return place === null ? undefined : readLsn(place);
}

/** Callers that come before a question is asked share it; one that is on its way may answer what was before. */
function joined<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let following: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    following = undefined;
    const asked = ask();
    running = asked;
    const ended = (): void => {
      if (running === asked) running = undefined;
    };
    asked.then(ended, ended);
    return asked;
  };
  return () => {
    if (running === undefined && following === undefined) return begin();
    following ??= (running ?? Promise.resolve()).then(begin, begin);
    return following;
  };
}
