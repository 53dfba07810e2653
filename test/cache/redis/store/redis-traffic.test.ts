import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { type Store } from '../../../../src/cache/index.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis } from '../../../support/private-redis.js';
import { useWorkerRedis } from '../../../support/servers/worker-redis.js';
import { watchTraffic } from '../../../support/servers/redis-traffic.js';
import { ROW_FIELDS, rowCache, type RowCache } from '../../../support/worlds/row-cache.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** What walks through all keys, or takes them all away: nobody else is served meanwhile. */
const SWEEPING = /^(keys|scan|sscan|hscan|zscan|flush\w*|randomkey|dbsize|sort)$/;
const PREFIX = 'traffic';

describe.skipIf(!needsRedis())('what is said to Redis', () => {
  const used = useWorkerRedis(needsRedis());

  const newStore = (): Store => redisStore(new Redis(used.url, { lazyConnect: true }), { prefix: PREFIX });

  function newCache(store = newStore()): RowCache {
    let version = 1;
    const database = {
      load: (id: string) => Promise.resolve({ id, version }),
      write: () => Promise.resolve((version += 1)),
    };
    return rowCache({ store, database });
  }

  /** Everything that two processes say from their start to their end: cold reads, hits, waits, writes, lost scripts. */
  async function everythingSaid(store = newStore()) {
    const traffic = await watchTraffic(used.url);
    onTestFinished(() => traffic.stop());
    const caches = [newCache(store), newCache()];
    await Promise.all(caches.map(({ cache }) => cache.start()));
    const readAll = async (): Promise<void> => {
      const reads = caches.flatMap(({ read }) => ROW_FIELDS.map((field) => read(field, '1')));
      await Promise.all(reads);
    };
    for (let round = 0; round < 5; round += 1) {
      await readAll();
      await readAll();
      await caches[round % 2]?.write('1');
    }
    await readAll();
    const left = await used.redis.keys(`${PREFIX}:*`);
    const ttls = await Promise.all(left.map((key) => used.redis.pttl(key)));
    await Promise.all(caches.map(({ cache }) => cache.invalidate(['Row:1', 'Other'])));
    await Promise.all(caches.map(({ cache }) => cache.close()));
    const commands = await traffic.upTo(used.redis);
    return { commands, ttls: Object.fromEntries(left.map((key, index) => [key, ttls[index] ?? 0])) };
  }

  it('is never a sweep through all keys', async () => {
    const { commands } = await everythingSaid();
    const names = new Set(commands.map(({ name }) => name));
    expect([...names]).toEqual(expect.arrayContaining(['mget', 'evalsha', 'set', 'get', 'del', 'subscribe']));
    expect([...names].filter((name) => SWEEPING.test(name))).toEqual([]);
  });

  it('would be noticed as a sweep', async () => {
    const store = newStore();
    const sweeper = used.redis.duplicate({ connectionName: 'sweeper' });
    onTestFinished(() => sweeper.disconnect());
    const invalidate: Store['invalidate'] = async (tags) => {
      await sweeper.scan(0, 'MATCH', `${PREFIX}:*`);
      await store.invalidate(tags);
    };
    const { commands } = await everythingSaid({ ...store, invalidate });
    expect(commands.map(({ name }) => name).filter((name) => SWEEPING.test(name))).toContain('scan');
  });

  const immortal = (ttls: Record<string, number>): string[] =>
    Object.keys(ttls).filter((key) => ttls[key] === -1);

  it('leaves no key without an expiry', async () => {
    const { ttls } = await everythingSaid();
    expect(Object.keys(ttls).length).toBeGreaterThan(5);
    expect(immortal(ttls)).toEqual([]);
  });

  it('would be noticed to leave one', async () => {
    const store = newStore();
    // Readers wait for it, as they do not for a fill.
    const acquire: Store['acquire'] = async (requests) => {
      await used.redis.set(`${PREFIX}:left`, 'for ever');
      return store.acquire(requests);
    };
    const { ttls } = await everythingSaid({ ...store, acquire });
    expect(immortal(ttls)).toEqual([`${PREFIX}:left`]);
  });

  it('names everything after the prefix', async () => {
    const { commands } = await everythingSaid();
    const keys = commands.flatMap((command) => command.keys);
    expect(keys.filter((key) => !key.startsWith(`${PREFIX}:`))).toEqual([]);
  });

  /** Tells slots: only a server that is part of a cluster knows any. */
  async function slotTeller(): Promise<(keys: readonly string[]) => Promise<number>> {
    const cluster = await privateRedis('--cluster-enabled', 'yes', '--dir', await temporaryFolder());
    const teller = new Redis(cluster.url);
    onTestFinished(async () => {
      teller.disconnect();
      await cluster.stop();
    });
    return async (keys) => {
      const slots = await Promise.all(keys.map((key) => teller.cluster('KEYSLOT', key)));
      return new Set(slots).size;
    };
  }

  it('keeps all keys of one entry, and those of one tag in a script, in one slot', async () => {
    const { commands } = await everythingSaid();
    const slotsOf = await slotTeller();
    const keys = new Set(commands.flatMap((command) => command.keys));
    for (const name of ['Row:1', 'Aside:1', 'Fetched:1']) {
      const ofEntry = [...keys].filter((key) => key.endsWith(`:{${name}}`));
      const kinds = ofEntry.map(kindOf);
      // Writes under way are asked about by invalidations only.
      expect(kinds.filter((kind) => kind !== 'w').sort(), name).toEqual(['e', 'g', 'l']);
      expect(await slotsOf(ofEntry), name).toBe(1);
    }
    const scripts = commands.filter(({ name }) => name === 'evalsha' || name === 'eval');
    expect(scripts.length).toBeGreaterThan(20);
    for (const script of scripts) {
      for (const ofOne of eachOf(script.keys)) expect(await slotsOf(ofOne), ofOne.join(' ')).toBe(1);
    }
    expect(await slotsOf([...keys])).toBeGreaterThan(1);
  });
});

/** Whether a key is that of an entry, a lease, a generation or of writes under way; undefined for the epoch and the log. */
function kindOf(key: string): string | undefined {
  return /:([elgw]):/.exec(key)?.[1];
}

/** The keys of one script, which does the same for several entries or tags: those of each begin with the same kind. */
function eachOf(keys: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  for (const key of keys) {
    const one = all.at(-1);
    const [first = ''] = one ?? [];
    const isNext = one === undefined || kindOf(first) === undefined || kindOf(key) === undefined;
    if (isNext || kindOf(key) === kindOf(first)) all.push([key]);
    else one.push(key);
  }
  return all;
}
