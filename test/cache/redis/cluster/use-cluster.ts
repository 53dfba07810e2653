import { Cluster } from 'ioredis';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { Store } from '../../../../src/cache/index.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { privateCluster, type PrivateCluster } from '../../../support/servers/private-cluster.js';

type ClientOptions = ConstructorParameters<typeof Cluster>[1];

/** One cluster for the tests around; `caughtUp` is what the outbox of each store says. */
export function useCluster(caughtUp: 'yes' | 'unknown') {
  let started: PrivateCluster | undefined;
  beforeAll(async () => {
    started = await privateCluster();
  }, 60_000);
  afterAll(() => started?.stop());
  const servers = (): PrivateCluster => {
    if (started === undefined) throw new Error('there is no cluster');
    return started;
  };

  function client(options: ClientOptions = {}): Cluster {
    const cluster = new Cluster([...servers().addresses], { lazyConnect: true, ...options });
    onTestFinished(() => cluster.disconnect());
    return cluster;
  }

  async function open(prefix: string, options?: ClientOptions): Promise<Store> {
    const store = redisStore(client(options), { prefix });
    onTestFinished(async () => store.close());
    await store.open?.({
      digest: 'd1',
      log: cacheLog(),
      onForgotten: () => undefined,
      caughtUp: () => Promise.resolve(caughtUp),
    });
    return store;
  }

  return { servers, client, open };
}
