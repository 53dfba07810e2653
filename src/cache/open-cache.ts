import type { Applied } from './apply-schema.js';
import { CAUGHT_UP_WITHIN_MS } from './assemble-services.js';
import type { Parts } from './assemble.js';
import type { CacheOptions } from './cache-options.js';
import { canKeepAnswers } from './coherence/process-copies.js';
import { CacheError } from './errors.js';
import type { Outbox } from './outbox/outbox.js';
import type { Store } from './store/store.js';

interface Opening<Context> {
  readonly options: CacheOptions<Context>;
  readonly parts: Parts;
  /** Undefined where the cache serves no schema, only `fetch`. */
  readonly applied: Applied | undefined;
  /** True once the cache is being closed: nothing more is opened then. */
  readonly isClosed: () => boolean;
}

/** Opens the store, then the outbox, which may need it to forget, then what flushes into the database and what loads from it. */
export async function openCache<Context>({
  options,
  parts,
  applied,
  isClosed,
}: Opening<Context>): Promise<void> {
  const goOn = (): void => {
    if (isClosed()) throw new CacheError('CACHE_CLOSED', 'the cache was closed while it was started');
  };
  const { services, relay, log, keepWarm, memo, reporter } = parts;
  if (memo !== undefined && !canKeepAnswers(options.store))
    log.warn(
      { store: options.store.name },
      'the option memo keeps no answers, since it needs a log of invalidations, which a Redis Cluster has not; leave memo out, or pass the client of a single primary (docs/memo.md)',
    );
  await options.store.open?.({
    digest: applied?.digest ?? 'none',
    log,
    onForgotten: (what) => {
      services.entries.forgetCopies();
      if (what === 'all') relay?.forgotten();
    },
    caughtUp: async () => (relay?.isStarted === true ? relay.caughtUp(CAUGHT_UP_WITHIN_MS) : 'unknown'),
  });
  goOn();
  if (options.outbox !== undefined && relay !== undefined) {
    await openOutbox(options.outbox, { options, parts, applied });
    goOn();
    await relay.start(CAUGHT_UP_WITHIN_MS);
    goOn();
  }
  if (applied !== undefined && applied.behind.size > 0) await services.acceptedWrites.start();
  goOn();
  keepWarm.start();
  reporter.start();
}

async function openOutbox<Context>(
  outbox: Outbox,
  { options: { store, region, fetches = [] }, parts: { log }, applied }: Omit<Opening<Context>, 'isClosed'>,
): Promise<void> {
  const namespaces = new Set(applied?.namespacesRead);
  await outbox.open?.({
    ...{ namespaces, used: new Set([...namespaces, ...fetches]) },
    store: storeName(store, region),
    log,
  });
}

/** Stores of two regions may have one address. */
function storeName({ sharedAs }: Store, region: string | undefined): string | undefined {
  return sharedAs === undefined || region === undefined ? sharedAs : `${region}: ${sharedAs}`;
}

/** At once, as the database may be closed right after: what runs without a request ends, and says nothing of it. */
export function stopBackground({ prober, services, keepWarm }: Parts): void {
  prober?.stop();
  services.shadow?.stop();
  keepWarm.stop();
}

/** @throws what could not be closed, or CacheError where accepted writes could not be flushed, once everything else is closed. */
export async function closeCache({ services, relay, others, reporter }: Parts, store: Store): Promise<void> {
  let isKept = true;
  const failures: unknown[] = [];
  // First: what accepted writes flush is invalidated, which the relay and the store take part in.
  for (const close of [
    async () => void (isKept = await services.acceptedWrites.close()),
    async () => {
      await others?.close();
      await relay?.close();
    },
    async () => {
      services.loads.stop();
      await services.background.drain();
    },
    async () => services.entries.close(),
    async () => reporter.stop(),
    async () => store.close(),
  ]) {
    // One that fails does not keep the others open.
    await close().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
  if (isKept) return;
  throw new CacheError(
    'CACHE_WRITES_LOST',
    'cache.close: accepted writes in the memory of this process could not be flushed and are lost; the log says how many',
  );
}
