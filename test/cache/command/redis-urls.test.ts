import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type Store } from '../../../src/cache/index.js';
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

  it('a cluster: purge and dead-letters, and inspect says that it reads one server', async () => {
    const cluster = await privateCluster();
    onTestFinished(() => cluster.stop());
    const isThere = await hasEntry(createRedisStore(cluster.url, 'films'));
    const on = ['--redis', cluster.url, '--prefix', 'films'];
    expect(await corral(['purge', 'Film:1', ...on])).toEqual({ code: 0, out: '1 tag ended.', err: '' });
    expect(await isThere()).toBe(false);
    expect(await corral(['dead-letters', 'list', '--json', ...on])).toMatchObject({ code: 0, out: '[]' });
    expect(await corral(['inspect', 'Film:1', ...on])).toEqual({
      ...{ code: 2, out: '' },
      err: 'This command reads one server, which a Redis Cluster is not.',
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
