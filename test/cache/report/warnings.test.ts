import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { needsRedis } from '../../support/needs.js';
import { privateRedis } from '../../support/private-redis.js';
import { usePrivateRedis } from '../../support/servers/use-private-redis.js';
import { tcpProxy } from '../../support/servers/tcp-proxy.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';

/** Text that takes as many bytes as it is long, however it is stored. */
const incompressible = (length: number): string => randomBytes(length).toString('base64').slice(0, length);
const FILM = 'query ($id: ID!) { film(id: $id) }';

/** Films of one cached field, each a text of this many bytes. */
function films({ bytes = 10, ...options }: { readonly bytes?: number } & Partial<TestCacheOptions> = {}) {
  const tested = testCache({
    typeDefs: 'type Query { film(id: ID!): String @cached(ttl: 600, maxBytes: 30000) }',
    resolvers: { Query: { film: () => incompressible(bytes) } },
    ...options,
  });
  return {
    ...tested,
    async read(count: number, from = 0) {
      for (let id = from; id < from + count; id += 1) await tested.query(FILM, {}, { id });
    },
    warnings: async () => (await tested.cache.stats.report()).warnings,
  };
}

describe('what a report warns of', () => {
  const withMaxBytes = (maxBytes: number): string =>
    `type Query { film(id: ID!): String @cached(ttl: 600, maxBytes: ${maxBytes}) }`;

  it('is nothing where all is well', async () => {
    const { read, warnings } = films();
    await read(3);
    await read(3);
    expect(await warnings()).toEqual([]);
  });

  it('is values that were too large to be stored', async () => {
    const { read, warnings } = films({ typeDefs: withMaxBytes(500), bytes: 2000 });
    await read(2);
    expect(await warnings()).toEqual([
      'Query.film: 2 values were larger than maxBytes (500) and were not stored; raise maxBytes, or select less.',
    ]);
  });

  it('is values that are near the largest that are stored', async () => {
    const { read, warnings } = films({ typeDefs: withMaxBytes(1000), bytes: 900 });
    await read(2);
    expect(await warnings()).toEqual([
      expect.stringMatching(
        /^Query\.film: its values have 9\d\d bytes on average, near the 1000 that are stored at most; raise maxBytes before they grow beyond it, or select less\.$/,
      ),
    ]);
    const half = films({ typeDefs: withMaxBytes(2000), bytes: 900 });
    await half.read(2);
    expect(await half.warnings()).toEqual([]);
  });

  it('is a namespace that grows with each read', async () => {
    const { read, warnings, clock } = films();
    await read(9_999);
    expect(await warnings()).toEqual([]);
    await read(1, 9_999);
    // What lies in the store is looked at once in ten seconds.
    clock.advance(10_000);
    expect(await warnings()).toEqual([
      'Query.film: 10000 entries are kept and 0 % of its reads find one: almost each read stores an entry of its own; ' +
        'leave arguments out of its key that do not decide the value, or shorten its ttl.',
    ]);
  });

  it('is a store that is nearly full', async () => {
    const { read, warnings } = films({ bytes: 20_000, store: memoryStore({ maxBytes: 1_000_000 }) });
    await read(40);
    expect(await warnings()).toEqual([]);
    await read(6, 40);
    expect(await warnings()).toEqual([
      expect.stringMatching(
        /^The store is 9\d % full: entries will be evicted; give it more memory, or shorten the ttl of what takes most of it\.$/,
      ),
    ]);
  });

  it('is a store that evicts what was stored before it is read again', async () => {
    const { read, warnings } = films({ bytes: 20_000, store: memoryStore({ maxBytes: 1_000_000 }) });
    await read(200);
    expect(await warnings()).toEqual([
      expect.stringMatching(
        /^The store is full and has evicted 1\d\d entries: what is stored leaves before it is read again; give it more memory, or cache less of what is asked for once\.$/,
      ),
    ]);
  });
});

describe.skipIf(!needsRedis())('what a report warns of a Redis server', () => {
  const used = usePrivateRedis();
  beforeEach(async () => {
    await used.redis.flushall();
    await configured({ maxmemory: '100mb', policy: 'allkeys-lfu' });
  });

  const configured = async ({ maxmemory, policy }: { maxmemory: number | string; policy: string }) => {
    await used.redis.config('SET', 'maxmemory-policy', policy);
    await used.redis.config('SET', 'maxmemory', maxmemory);
  };
  const usedBytes = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await used.redis.info('memory'))?.[1]);
  // Polled below: a busy machine may take long for one round trip, and seem far for one report.
  /** Films that lie in the server, or in what answers at this port. */
  const started = async (port = used.server.port) => {
    const client = new Redis(port, { lazyConnect: true });
    const tested = films({ store: redisStore(client) });
    await tested.cache.start();
    onTestFinished(() => tested.cache.close());
    return tested;
  };

  it('is nothing where all is well', async () => {
    const { cache, read, warnings } = await started();
    // Without a report.
    await expect.poll(() => cache.stats.storeRoundTripMs()).toBeGreaterThan(0);
    await read(3);
    await read(3);
    await expect.poll(warnings).toEqual([]);
  });

  it('is that it has no bound', async () => {
    await configured({ maxmemory: 0, policy: 'noeviction' });
    const { warnings } = await started();
    await expect
      .poll(warnings)
      .toEqual([
        'Redis has no maxmemory: it grows until the machine has no memory left; set maxmemory in its configuration.',
      ]);
  });

  it('is that it refuses writes once it is full, when it is half full', async () => {
    await configured({ maxmemory: '100mb', policy: 'noeviction' });
    const { warnings } = await started();
    await expect.poll(warnings).toEqual([]);
    await configured({ maxmemory: Math.round((await usedBytes()) * 1.5), policy: 'noeviction' });
    await expect
      .poll(warnings)
      .toEqual([
        'Redis is half full, and refuses writes once it is full (maxmemory-policy noeviction): nothing new is cached then; ' +
          'set allkeys-lfu for a Redis that holds only a cache, and keep the journal on another one.',
      ]);
  });

  it('is that it evicts what expires first', async () => {
    await configured({ maxmemory: '100mb', policy: 'volatile-ttl' });
    const { warnings } = await started();
    await expect
      .poll(warnings)
      .toEqual([
        'Redis evicts what expires first (maxmemory-policy volatile-ttl): that is short-lived entries, however often they are ' +
          'asked for; set allkeys-lfu, which keeps what is asked for most.',
      ]);
  });

  it.each(['allkeys-random', 'volatile-random'])('is that it evicts at random by %s', async (policy) => {
    await configured({ maxmemory: '100mb', policy });
    const { warnings } = await started();
    await expect
      .poll(warnings)
      .toEqual([
        `Redis evicts at random (maxmemory-policy ${policy}): hot entries leave as soon as cold ones; set allkeys-lfu.`,
      ]);
  });

  it.each(['allkeys-lru', 'volatile-lru'])(
    'is that it keeps what was asked for last by %s, where most is asked for once',
    async (policy) => {
      await configured({ maxmemory: '100mb', policy });
      const { read, warnings } = await started();
      await expect.poll(warnings).toEqual([]);
      await read(10);
      await expect
        .poll(warnings)
        .toEqual([
          `Redis keeps what was asked for last (maxmemory-policy ${policy}), and 100 % of the reads are for entries that are ` +
            'not there: what is asked for once pushes out what is asked for often; set allkeys-lfu.',
        ]);
      for (let again = 0; again < 2; again += 1) await read(10);
      await expect.poll(warnings).toEqual([]);
    },
  );

  it('is that it is far', async () => {
    const proxy = await tcpProxy(used.server.port);
    const { cache, warnings } = await started(proxy.port);
    // Two commands after each other take longer than one may; the figures of other processes, which are two, just come through.
    proxy.set({ latencyMs: 27 });
    await expect
      .poll(warnings)
      .toEqual([
        expect.stringMatching(
          /^A round trip to the store takes \d+\.\d ms, which every hit waits for: is Redis in the same region\? Fields with `local`, or strictCopies, answer most hits without it\.$/,
        ),
      ]);
    // Timers of the proxy fire up to two milliseconds early, on each way.
    expect(cache.stats.storeRoundTripMs()).toBeGreaterThanOrEqual(50);
  });

  it('is entries that never expire', async () => {
    const { read, warnings } = await started();
    await read(3);
    for (const key of await used.redis.keys('*:e:*')) await used.redis.persist(key);
    await expect
      .poll(warnings)
      .toEqual([
        'Query.film: entries never expire, though every entry is stored with an end: another program has changed or copied ' +
          'them; remove them, or find who does that.',
      ]);
  });

  it('is that it cannot be reached', async () => {
    const other = await privateRedis();
    const { warnings } = await started(other.port);
    await other.stop();
    await expect
      .poll(warnings)
      .toEqual([
        'The store cannot be reached, so these are the figures of one process only.',
        'The store cannot be reached: loads go to the origin until it is back; look at its log.',
      ]);
  });
});
