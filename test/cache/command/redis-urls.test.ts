import { Cluster } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type Store } from '../../../src/cache/index.js';
import { clusterNames } from '../../../src/cache/redis/cluster/cluster-names.js';
import { redisJournal } from '../../../src/cache/redis/index.js';
import { createRedisStore } from '../../../src/redis/create-redis-store.js';
import { cacheLog } from '../../support/cache-log.js';
import { needsBinary, needsRedis } from '../../support/needs.js';
import { ownCertificates } from '../../support/own-certificates.js';
import { corral } from '../../support/run-corral.js';
import { privateCluster } from '../../support/servers/private-cluster.js';
import { NAME, sentinel, watchedRedis } from '../../support/servers/watched-redis.js';

const isEquipped = needsRedis() && needsBinary('openssl', 'openssl');

describe.skipIf(!isEquipped)('--redis and REDIS_URL are read as the API reads REDIS_URL', () => {
  /** A process that has an entry of Film:1; says whether it is there still. */
  async function hasEntry(store: Store): Promise<() => Promise<boolean>> {
    const cache = createCache({ store, log: cacheLog(), environment: 'test' });
    onTestFinished(() => cache.close());
    await cache.start();
    const isThere = async (): Promise<boolean> => {
      let isLoaded = false;
      await cache.fetch('Film:1', { ttl: 60 }, () => (isLoaded = true));
      return !isLoaded;
    };
    await expect.poll(isThere).toBe(true);
    return isThere;
  }

  it('sentinels, which encrypt: inspect and purge', async () => {
    const certificates = await ownCertificates();
    const { url } = await watchedRedis({ certificates });
    const { ca, client } = certificates;
    const isThere = await hasEntry(createRedisStore(url, 'films', { ca, ...client }));
    const environment = {
      REDIS_URL: url,
      REDIS_TLS_CA: ca,
      REDIS_TLS_CERT: client.cert,
      REDIS_TLS_KEY: client.key,
    };
    const inspected = await corral(['inspect', 'Film:1', '--prefix', 'films'], { environment });
    expect(inspected).toMatchObject({ code: 0, err: '' });
    const purged = await corral(['purge', 'Film:1', '--prefix', 'films'], { environment });
    expect(purged).toEqual({ code: 0, out: '1 tag ended.', err: '' });
    expect(await isThere()).toBe(false);
    const missing = { ...environment, REDIS_TLS_CA: '/nowhere.pem' };
    expect(await corral(['purge', 'Film:1'], { environment: missing })).toEqual({
      ...{ code: 2, out: '' },
      err: 'REDIS_TLS_CA must name a file in PEM, but "/nowhere.pem" cannot be read.',
    });
  });

  it('a cluster: inspect, purge and dead-letters', async () => {
    const cluster = await privateCluster();
    onTestFinished(() => cluster.stop());
    const isThere = await hasEntry(createRedisStore(cluster.url, 'films'));
    const on = ['--redis', cluster.url, '--prefix', 'films'];
    const inspected = async (): Promise<string> => (await corral(['inspect', 'Film:1', ...on])).out;
    expect(await inspected()).toMatch(
      /^Film:1 is fresh \(schema none\)\.\n(.*\n)*? {2}tags {6}0 besides its own/,
    );
    // All of its slot was ended.
    const names = clusterNames('films', 'none');
    const client = new Cluster([cluster.url], { lazyConnect: true });
    onTestFinished(() => client.disconnect());
    const epoch = names.epochOf(names.slotOf('Film:1'));
    const before = (await client.get(epoch)) ?? '';
    await client.set(epoch, 'another');
    expect(await inspected()).toMatch(/^Film:1 was ended by an invalidation/);
    await client.set(epoch, before);
    expect(await inspected()).toMatch(/^Film:1 is fresh/);
    const journal = redisJournal(client, { prefix: 'films', durability: 'memory' });
    onTestFinished(async () => journal.close());
    await journal.open?.({ log: cacheLog() });
    await journal.accept({ key: 'Film:1', record: Buffer.from('written'), delayMs: 60_000 });
    expect(await inspected()).toMatch(/A write of it waits in the journal since 20/);
    expect(await corral(['purge', 'Film:1', ...on])).toEqual({ code: 0, out: '1 tag ended.', err: '' });
    expect(await isThere()).toBe(false);
    expect(await corral(['dead-letters', 'list', '--json', ...on])).toMatchObject({ code: 0, out: '[]' });
    await corral(['purge', 'Film:1', ...on]);
    expect(await corral(['inspect', 'Film:2', ...on])).toEqual({
      ...{ code: 1, out: '' },
      err: 'There is no entry Film:2 under the prefix films.',
    });
  });

  it('a form that is not read is told, and a primary that sentinels do not know', async () => {
    expect(await corral(['purge', 'Film:1', '--redis', 'redis://:secret@a,b'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^--redis names several hosts; name one, which is the primary/),
    });
    const environment = { REDIS_URL: `redis+sentinel://:secret@127.0.0.1:${await sentinel()}/${NAME}` };
    const { code, err } = await corral(['purge', 'Film:1'], { environment });
    expect(code).toBe(1);
    expect(err).toMatch(/^Redis at the primary films of the sentinels 127\.0\.0\.1:\d+ does not answer: /);
    expect(err).not.toContain('secret');
  });
});
