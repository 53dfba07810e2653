import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Cluster, Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, memoryJournal, type Cache, type Journal, type Store } from '../../src/cache/index.js';
import { redisJournal, redisStore } from '../../src/cache/redis/index.js';
import { readConfig } from '../../src/config.js';
import { createJournal } from '../../src/redis/create-journal.js';
import { createRedisStore } from '../../src/redis/create-redis-store.js';
import { packageRoot } from '../../src/start/package-root.js';
import { cacheLog } from '../support/cache-log.js';
import { needsBinary, needsRedis } from '../support/needs.js';
import { ownCertificates, type OwnCertificates } from '../support/own-certificates.js';
import { privateRedis, type PrivateRedis } from '../support/private-redis.js';
import { namedRedis } from '../support/servers/encrypted-redis.js';
import { privateCluster } from '../support/servers/private-cluster.js';
import { NAME, sentinel, watchedRedis } from '../support/servers/watched-redis.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const PASSWORD = 'p@ss/w:rd#1';
const CREDENTIALS = `films:${encodeURIComponent(PASSWORD)}`;
const FILMS = ['--user', 'films', 'on', `>${PASSWORD}`, '~*', '&*', '+@all'];
const isEquipped = needsRedis() && needsBinary('openssl', 'openssl');

async function server(...settings: string[]): Promise<PrivateRedis> {
  const started = await privateRedis(...settings);
  onTestFinished(() => started.stop());
  return started;
}

/** The port of a server that encrypts there, and asks for a certificate. */
async function encrypting(certificates: OwnCertificates): Promise<number> {
  const redis = await namedRedis(certificates);
  onTestFinished(() => redis.stop());
  return redis.namedPort;
}

/** What the API makes of its environment. */
function partsOfApi(environment: Record<string, string>): { store: Store; journal: Journal } {
  const config = readConfig(environment);
  return {
    store: createRedisStore(config.redisUrl ?? '', config.redisPrefix, config.redisTls),
    journal: createJournal(config, {}),
  };
}

/** What an application makes of a client of its own. */
function partsOfLibrary(client: Redis): { store: Store; journal: Journal } {
  onTestFinished(() => client.disconnect());
  return { store: redisStore(client), journal: redisJournal(client, { storePrefix: 'corral' }) };
}

async function started(parts: { store: Store; journal: Journal }): Promise<Cache<unknown>> {
  const cache = createCache({ ...parts, log: cacheLog(), environment: 'test' });
  onTestFinished(() => cache.close());
  await cache.start();
  return cache;
}

/** A value goes in, another reader gets it, and an invalidation ends it; the journal can be used. */
async function isUsed(parts: { store: Store; journal: Journal }): Promise<void> {
  const cache = await started(parts);
  const read = (value: string): Promise<string> =>
    cache.fetch('Row:1', { ttl: 60 }, () => Promise.resolve(value));
  // On a machine with much to do, a first attempt may take longer than it may.
  await parts.journal.open?.({ log: cacheLog() });
  onTestFinished(() => parts.journal.close());
  const isReady = (): boolean => !cache.stats.storeIsAway() && parts.journal.mayAccept();
  await expect.poll(isReady, { timeout: 15_000 }).toBe(true);
  await expect
    .poll(async () => [await read('stored'), await read('loaded again')])
    .toEqual(['stored', 'stored']);
  await cache.invalidate(['Row:1']);
  expect(await read('loaded again')).toBe('loaded again');
  await cache.invalidate(['Row:1']);
}

const variablesOf = ({ ca, client: { cert, key } }: OwnCertificates): Record<string, string> => ({
  REDIS_TLS_CA: ca,
  REDIS_TLS_CERT: cert,
  REDIS_TLS_KEY: key,
});

const tlsOf = async ({ ca, client: { cert, key }, read }: OwnCertificates) => ({
  ca: await read(ca),
  cert: await read(cert),
  key: await read(key),
});

async function inBoth(url: string, certificates?: OwnCertificates): Promise<void> {
  await isUsed(partsOfApi({ REDIS_URL: url, ...(certificates && variablesOf(certificates)) }));
  const own = certificates && { tls: await tlsOf(certificates) };
  const client = new Redis(url.replace(/^valkey/, 'redis'), { ...own, lazyConnect: true });
  await isUsed(partsOfLibrary(client));
}

async function refusalOf(parts: { store: Store; journal: Journal }): Promise<string> {
  const cache = createCache({ ...parts, log: cacheLog(), environment: 'test' });
  onTestFinished(() => cache.close());
  return cache.start().then(
    () => 'none',
    (error: unknown) => String(error),
  );
}

describe.skipIf(!isEquipped)('a URL that works, for the API and for the library:', () => {
  it('redis:// and valkey://, with the number of a database', async () => {
    const { port } = await server();
    await inBoth(`redis://127.0.0.1:${port}`);
    await inBoth(`valkey://127.0.0.1:${port}/3`);
    const client = new Redis(port, { db: 3 });
    onTestFinished(() => client.disconnect());
    expect(await client.exists('corral:run')).toBe(1);
  });

  it('an IPv6 address, in brackets', async () => {
    const { port } = await server('--bind', '::1');
    await inBoth(`redis://[::1]:${port}/1`);
  });

  it('a user with a password, whose special characters are encoded', async () => {
    const { port } = await server('--user', 'default', 'off', ...FILMS);
    await inBoth(`redis://${CREDENTIALS}@127.0.0.1:${port}`);
    const wrong = await refusalOf(partsOfApi({ REDIS_URL: `redis://films:secret@127.0.0.1:${port}` }));
    expect(wrong).toContain(`Redis at 127.0.0.1:${port} refuses this user name and password; check both`);
    expect(wrong).not.toContain('secret');
  });

  it('a unix socket, with a user and a database', async () => {
    const socket = path.join(await temporaryFolder(), 'redis.sock');
    await server('--unixsocket', socket, ...FILMS);
    await isUsed(partsOfApi({ REDIS_URL: `unix://${CREDENTIALS}@${socket}?db=2` }));
    await isUsed(partsOfApi({ REDIS_URL: socket }));
    await isUsed(partsOfLibrary(new Redis(socket, { lazyConnect: true })));
    const options = { path: socket, db: 2, username: 'films', password: PASSWORD, lazyConnect: true };
    await isUsed(partsOfLibrary(new Redis(options)));
  });

  it('rediss:// and valkeys://, with an own authority and a certificate of the process', async () => {
    const certificates = await ownCertificates();
    const port = await encrypting(certificates);
    await inBoth(`rediss://localhost:${port}/1`, certificates);
    await inBoth(`valkeys://127.0.0.1:${port}`, certificates);
  });

  it('rediss+sentinel://, where sentinels and servers encrypt', async () => {
    const certificates = await ownCertificates();
    const { url, sentinels, failOver } = await watchedRedis({ certificates });
    const ofApi = partsOfApi({ REDIS_URL: url, ...variablesOf(certificates) });
    const tls = await tlsOf(certificates);
    const encrypted = { tls, sentinelTLS: tls, enableTLSForSentinelMode: true };
    const client = new Redis({ sentinels: [...sentinels], name: NAME, ...encrypted, lazyConnect: true });
    await isUsed(partsOfLibrary(client));
    await failOver();
    await isUsed(ofApi);
  });

  it('rediss://…?cluster=true, where all nodes encrypt', async () => {
    const certificates = await ownCertificates();
    const cluster = await privateCluster({ certificates });
    onTestFinished(() => cluster.stop());
    const files = { ca: certificates.ca, ...certificates.client };
    await isUsed({ store: createRedisStore(cluster.url, 'films', files), journal: memoryJournal() });
    const redisOptions = { tls: await tlsOf(certificates) };
    const client = new Cluster([...cluster.addresses], { redisOptions, lazyConnect: true });
    onTestFinished(() => client.disconnect());
    await isUsed({ store: redisStore(client), journal: memoryJournal() });
  });
});

describe.skipIf(!isEquipped)('an encrypted connection that cannot be is told at the start', () => {
  it.each<[what: string, hasAuthority: boolean, sentence: string]>([
    ['the authority is unknown', false, 'shows a certificate that is not trusted'],
    ['this process has no certificate', true, 'asks for a certificate of this process that it trusts'],
  ])('where %s', async (_what, hasAuthority, sentence) => {
    const certificates = await ownCertificates();
    const port = await encrypting(certificates);
    const parts = partsOfApi({
      REDIS_URL: `rediss://:secret@localhost:${port}`,
      ...(hasAuthority ? { REDIS_TLS_CA: certificates.ca } : {}),
    });
    const refusal = await refusalOf(parts);
    expect(refusal).toContain(sentence);
    expect(refusal).not.toContain('secret');
  });

  it.each<[what: string, hasAuthority: boolean, sentence: string]>([
    ['that of nodes is unknown', false, 'shows a certificate that is not trusted'],
    [
      'nodes get no certificate of this process',
      true,
      'asks for a certificate of this process that it trusts',
    ],
  ])('where %s', async (_what, hasAuthority, sentence) => {
    const certificates = await ownCertificates();
    const port = await encrypting(certificates);
    const files = { ca: hasAuthority ? certificates.ca : undefined, cert: undefined, key: undefined };
    const store = createRedisStore(`rediss://:secret@localhost:${port}?cluster=true`, 'films', files);
    const refusal = await refusalOf({ store, journal: memoryJournal() });
    expect(refusal).toContain(sentence);
    expect(refusal).not.toContain('secret');
  });

  it.each<[what: string, hasAuthority: boolean, sentence: string]>([
    ['that of sentinels is unknown', false, 'shows a certificate that is not trusted'],
    [
      'sentinels get no certificate of this process',
      true,
      'asks for a certificate of this process that it trusts',
    ],
  ])('where %s', async (_what, hasAuthority, sentence) => {
    const certificates = await ownCertificates();
    const port = await sentinel({ certificates });
    const parts = partsOfApi({
      REDIS_URL: `rediss+sentinel://:secret@localhost:${port}/${NAME}`,
      ...(hasAuthority ? { REDIS_TLS_CA: certificates.ca } : {}),
    });
    const refusal = await refusalOf(parts);
    expect(refusal).toContain(sentence);
    expect(refusal).not.toContain('secret');
  });
});

it('all forms are on one page', () => {
  const page = readFileSync(path.join(packageRoot, 'docs', 'redis-urls.md'), 'utf8');
  for (const form of ['redis://', 'rediss://', 'valkey://', 'valkeys://', 'unix://', 'redis+sentinel://']) {
    expect(page).toContain(form);
  }
});
