import { randomUUID } from 'node:crypto';
import type { ClientConfig } from 'pg';
import { CacheError } from '../errors.js';
import type { CacheLog } from '../log.js';
import type { Outbox, OutboxOpenOptions } from '../outbox/outbox.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { bringUpToDate, lookAt, type Applied } from './apply-outbox.js';
import type { Home } from './home.js';
import { openedLog } from './log/open-log.js';
import { sourceFaults, type OutboxSource } from './log/outbox-source.js';
import { outboxOfStore } from './outbox-of-store.js';
import { OF_PROCESS } from './relay-statements.js';
import { poolOf, type OutboxPool, type PoolOption } from './pool-option.js';
import { refuseRights } from './refuse-rights.js';
import type { Tables } from './tables.js';
import { unwatchedSentence } from './unwatched.js';
import { watchForRows } from './watch-for-rows.js';
import { whoTakesRows } from './who-takes-rows.js';

/** What an outbox tells an operator, in sentences. Pino and the console fit as they are. */
export interface OutboxLog {
  info(message: string): void;
  warn(message: string): void;
}

export interface PostgresOutboxOptions {
  /** A pool of the package pg, or a function that returns one, or a promise of one: it is called when the cache starts. */
  readonly pool: PoolOption;
  /** What each namespace is in the database, and what else a row means. Default: tables with the names of namespaces only. */
  readonly tables?: Tables;
  /**
   * The schema of the outbox's own two tables and its functions, made if it is absent; applications that share a database need
   * different ones. Default: corral.
   */
  readonly schema?: string;
  /**
   * What opening does about the triggers: `apply` makes and changes them, for which the user of `pool` must own the tables;
   * `check` refuses to start where they are not as they should be. With the log the same of the publication, and of the replica
   * identity of tables whose tags name more than the key. Default: apply.
   */
  readonly triggers?: 'apply' | 'check';
  /**
   * Where changes come from: `triggers` on the tables; `log`, the server's own log, which costs writers almost nothing and needs
   * wal_level = logical and the right REPLICATION; `auto`, the log where the server has all that it takes and bounds what it keeps
   * for a reader that is away (max_slot_wal_keep_size), otherwise triggers, and says which and why. Default: auto.
   */
  readonly source?: OutboxSource;
  /** With the log: megabytes that its reader may be behind, before everything is forgotten and it begins anew. Default: 1,024. */
  readonly behindAtMostMb?: number;
  /** Where to watch for rows or read the log, for a pool behind a pooler, whose connection would be kept busy. Default: as the pool connects. */
  readonly listenUrl?: string;
  /** False where rows are looked for every 250 ms instead, or how to be told of them otherwise. Default: on a connection of its own. */
  readonly listen?: false | Outbox['listen'];
  /** Statements that may take longer than those of a request: the triggers, and removing rows of stores that are gone. Default: `pool`. */
  readonly slowPool?: PoolOption;
  /** Default: warnings go to the log of the cache. */
  readonly log?: OutboxLog;
}

const knownOptions = {
  pool: true,
  tables: true,
  schema: true,
  triggers: true,
  source: true,
  behindAtMostMb: true,
  listenUrl: true,
  listen: true,
  slowPool: true,
  log: true,
} satisfies Record<keyof PostgresOutboxOptions, true>;

/**
 * An outbox in PostgreSQL 14 or later, for tables of any shape: every write to a table that is read is seen, whichever program
 * wrote it, in the server's own log or in what triggers write down in the same transaction. The cache opens it when it starts.
 * @throws CacheError CACHE_CONFIGURATION for options that do not exist; from `open` for a mapping that does not fit the tables.
 */
export function postgresOutbox(options: PostgresOutboxOptions): Outbox {
  const { pool: poolOption, slowPool = poolOption } = options;
  const faults = unknownOptions(options, knownOptions);
  if (options.triggers !== undefined && !['apply', 'check'].includes(options.triggers)) {
    faults.push(`triggers must be "apply" or "check", but is "${String(options.triggers)}"`);
  }
  faults.push(...sourceFaults(options));
  refuseFaults('postgresOutbox', faults);
  let opened: Outbox | undefined;
  const open = async (given: OutboxOpenOptions): Promise<void> => {
    const pool = await poolOf(poolOption);
    const slow = slowPool === poolOption ? pool : await poolOf(slowPool);
    const log = options.log ?? sentencesOf(given.log);
    const where = options.listenUrl ?? configOf(pool);
    const ofLog = await openedLog({ pool, slowPool: slow, connection: where, options, given, log });
    if (ofLog !== undefined) {
      opened = ofLog;
      return;
    }
    const { home } = await prepare(slow, { options, given, log });
    const store = given.store ?? `${OF_PROCESS}${randomUUID()}`;
    const leading = whoTakesRows();
    opened = outboxOfStore({
      ...{ home, pool, store },
      pruningPool: slow,
      endsWithProcess: given.store === undefined,
      listen: listenTo({ pool, options, log, home, store, leading }),
      onLooked: leading.looked,
    });
  };
  const used = (): Outbox => {
    if (opened !== undefined) return opened;
    throw new CacheError(
      'CACHE_CONFIGURATION',
      'This outbox is not open; the cache opens it when it starts.',
    );
  };
  return {
    open,
    listen: (onRows, onListening) => used().listen(onRows, onListening),
    relay: async (apply, forgetAll, isAwaited) => used().relay(apply, forgetAll, isAwaited),
    lag: () => opened?.lag?.(),
    register: async () => used().register(),
    add: async (tags) => used().add(tags),
    tellOthers: async (tags) => used().tellOthers?.(tags),
    others: async () => (await used().others?.()) ?? { place: 0n, stores: [] },
    keep: async () => used().keep(),
    close: async () => opened?.close(),
  };
}

interface Preparing {
  readonly options: PostgresOutboxOptions;
  readonly given: OutboxOpenOptions;
  readonly log: OutboxLog;
}

async function prepare(pool: OutboxPool, { options, given, log }: Preparing): Promise<Applied> {
  const { tables = {}, schema, triggers = 'apply' } = options;
  const wanted = { tables, schema, namespaces: given.namespaces, used: given.used };
  const applied = triggers === 'apply' ? await bringUpToDate(pool, wanted) : await checked(pool, wanted, log);
  const { changed, unwatched, unseen } = applied;
  if (changed.length > 0) log.info(`Writes are watched by triggers on ${changed.join(', ')}.`);
  if (unwatched.length > 0) log.warn(unwatchedSentence(unwatched));
  for (const sentence of unseen) log.warn(sentence);
  return applied;
}

async function checked(
  pool: OutboxPool,
  wanted: Parameters<typeof lookAt>[1],
  log: OutboxLog,
): Promise<Applied> {
  const { faults, ...applied } = await lookAt(pool, wanted);
  const namespaces = [...(wanted.used ?? wanted.namespaces)].join(',');
  const fix = `the owner of the tables runs \`npx graphql-corral outbox apply --namespaces ${namespaces}\``;
  const serious = faults.filter(({ kind }) => kind !== 'superfluous');
  if (serious.length > 0) {
    const list = serious.map(({ message }) => `  - ${message}`).join('\n');
    throw new CacheError(
      'CACHE_CONFIGURATION',
      `The triggers that watch for writes must be changed; ${fix}:\n${list}`,
    );
  }
  for (const { message } of faults)
    log.warn(`${message.replace(/^./, (first) => first.toUpperCase())}: ${fix}.`);
  await refuseRights(pool, applied.home);
  return applied;
}

interface Listening {
  readonly pool: OutboxPool;
  readonly options: PostgresOutboxOptions;
  readonly log: OutboxLog;
  readonly home: Home;
  readonly store: string;
  readonly leading: ReturnType<typeof whoTakesRows>;
}

function listenTo({
  pool,
  options: { listen, listenUrl },
  leading,
  ...watched
}: Listening): Outbox['listen'] {
  if (typeof listen === 'function') return listen;
  const where = listenUrl ?? configOf(pool);
  if (listen === false || where === undefined) return () => () => Promise.resolve();
  return (onRows, onListening) =>
    watchForRows(where, {
      ...watched,
      onRows: () => {
        leading.told();
        onRows();
      },
      ...(onListening && { onListening }),
      leads: leading.leads,
      warn: (sentence) => watched.log.warn(sentence),
    });
}

/** How a pool connects; another copy of pg may have made it. */
function configOf(pool: OutboxPool): ClientConfig | undefined {
  const options: unknown = 'options' in pool ? pool.options : undefined;
  if (typeof options !== 'object' || options === null) return undefined;
  // A pool hides its password from a listing, and so from a copy.
  const names = Object.getOwnPropertyNames(options);
  return Object.fromEntries(names.map((name) => [name, Reflect.get(options, name)]));
}

function sentencesOf(log: CacheLog): OutboxLog {
  return { info: () => undefined, warn: (message) => log.warn({}, message) };
}
