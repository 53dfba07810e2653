import type { Applied } from './apply-schema.js';
import { CAUGHT_UP_WITHIN_MS, type Parts } from './assemble.js';
import type { CacheOptions } from './cache-options.js';
import { CacheError } from './errors.js';
import type { Outbox } from './outbox/outbox.js';
import type { Relay } from './outbox/relay.js';
import type { Store } from './store/store.js';

interface Opening<Context> {
  readonly options: CacheOptions<Context>;
  readonly parts: Parts;
  /** Undefined where the cache serves no schema, only `fetch`. */
  readonly applied: Applied | undefined;
}

/** Opens the store, then the outbox, which may need it to forget, then what flushes into the database and what loads from it. */
export async function openCache<Context>({ options, parts, applied }: Opening<Context>): Promise<void> {
  const { services, relay, log, keepWarm } = parts;
  await options.store.open?.({
    digest: applied?.digest ?? 'none',
    log,
    onForgotten: () => {
      services.entries.forgetCopies();
      relay?.forgotten();
    },
    caughtUp: async () => (relay?.isStarted === true ? relay.caughtUp(CAUGHT_UP_WITHIN_MS) : 'unknown'),
  });
  if (options.outbox !== undefined && relay !== undefined) {
    await openOutbox(options.outbox, relay, { options, parts, applied });
  }
  if (applied?.writesBehind === true) await services.acceptedWrites.start();
  keepWarm.start();
}

async function openOutbox<Context>(
  outbox: Outbox,
  relay: Relay,
  { options: { store, fetches = [] }, parts: { log }, applied }: Opening<Context>,
): Promise<void> {
  const namespaces = new Set(applied?.namespacesRead);
  await outbox.open?.({
    ...{ namespaces, used: new Set([...namespaces, ...fetches]) },
    ...{ store: store.sharedAs, log },
  });
  await relay.start(CAUGHT_UP_WITHIN_MS);
}

/** @throws CacheError, once all is closed, where accepted writes could not be flushed. */
export async function closeCache({ prober, services, keepWarm, relay }: Parts, store: Store): Promise<void> {
  prober?.stop();
  services.shadow?.stop();
  keepWarm.stop();
  // First: what it flushes is invalidated, which the relay and the store take part in.
  const isKept = await services.acceptedWrites.close();
  await relay?.close();
  services.loads.stop();
  await services.background.drain();
  await store.close();
  // Last, as everything else is closed all the same.
  if (isKept) return;
  throw new CacheError(
    'CACHE_WRITES_LOST',
    'cache.close: accepted writes in the memory of this process could not be flushed and are lost; the log says how many',
  );
}
