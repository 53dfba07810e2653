import { describe, expect, it } from 'vitest';
import { shortenKey, shortenText } from '../../../src/cache/keys/shorten-key.js';
import { createGate } from '../../support/gate.js';
import { testCache } from '../../support/test-cache.js';

function plainCache() {
  const { cache, clock, logged } = testCache({ typeDefs: 'type Query { a: Int }' });
  let calls = 0;
  const load = (): number => (calls += 1);
  return { cache, clock, load, logged, calls: () => calls };
}

describe('cache.fetch', () => {
  it('loads once and then answers from the entry until its ttl ends', async () => {
    const { cache, clock, load } = plainCache();
    expect(await cache.fetch('Session:1', { ttl: 10 }, load)).toBe(1);
    expect(await cache.fetch('Session:1', { ttl: 10 }, load)).toBe(1);
    clock.advance(10_000);
    expect(await cache.fetch('Session:1', { ttl: 10 }, load)).toBe(2);
  });

  it('forgets by its key and by its tags', async () => {
    const { cache, load } = plainCache();
    const fetch = (): Promise<number> => cache.fetch('Session:1', { ttl: 10, tags: ['User:7'] }, load);
    await fetch();
    await cache.invalidate(['User:7']);
    expect(await fetch()).toBe(2);
    await cache.invalidate(['Session:1']);
    expect(await fetch()).toBe(3);
    await cache.invalidate(['User:8']);
    expect(await fetch()).toBe(3);
  });

  it('is not answered from a copy that its tags do not drop', async () => {
    const { cache, load } = plainCache();
    const fetch = (tag: string): Promise<number> =>
      cache.fetch('Report:1', { ttl: 10, local: 10, tags: [tag] }, load);
    await fetch('Team:1');
    await fetch('Team:1');
    expect(await fetch('Team:2')).toBe(2);
    await fetch('Team:2');
    await cache.invalidate(['Team:1']);
    expect(await fetch('Team:2')).toBe(2);
    await cache.invalidate(['Team:2']);
    expect(await fetch('Team:2')).toBe(3);
  });

  it('shares one load among all who ask at the same time', async () => {
    const { cache } = plainCache();
    const gate = createGate();
    let calls = 0;
    const load = async (): Promise<number> => {
      await gate.wait();
      return (calls += 1);
    };
    const reads = Array.from({ length: 100 }, () => cache.fetch('Report:1', { ttl: 10 }, load));
    await gate.arrived();
    gate.open();
    expect(new Set(await Promise.all(reads))).toEqual(new Set([1]));
  });

  it('counts by namespace, without ids', async () => {
    const { cache, load } = plainCache();
    await cache.fetch('Session:secret', { ttl: 10 }, load);
    expect(Object.keys(cache.stats.counters())).toEqual(['cache.fetch Session']);
  });

  it('refuses keys without a namespace, and shows none of them', async () => {
    const { cache, load } = plainCache();
    for (const key of ['secret-1', ':secret'])
      await expect(cache.fetch(key, { ttl: 10 }, load)).rejects.toThrow(
        'cache.fetch: the key must begin with a namespace and a colon, such as "Report:42": it is counted by its namespace',
      );
    expect(cache.stats.counters()).toEqual({});
  });

  it('counts the keys of many namespaces together, and says so once', async () => {
    const { cache, load, logged } = plainCache();
    for (let at = 0; at < 300; at += 1) await cache.fetch(`User${at}:name`, { ttl: 10 }, load);
    await cache.fetch('Session:1', { ttl: 10 }, load);
    const counters = cache.stats.counters();
    expect(Object.keys(counters)).toHaveLength(201);
    expect(counters['cache.fetch']?.misses).toBe(101);
    expect(logged).toEqual([expect.stringContaining('keys of more than 200 namespaces')]);
  });

  it('refuses options that cannot be, all together', async () => {
    const { cache, load } = plainCache();
    await expect(cache.fetch('', { ttl: 0, swr: -1 }, load)).rejects.toThrow(
      'cache.fetch: the key must not be empty; ttl must be a positive number of seconds, but got 0; ' +
        'swr must not be negative, but got -1',
    );
  });

  it('refuses to work after close()', async () => {
    const { cache, load } = plainCache();
    await cache.close();
    await cache.close();
    await expect(cache.fetch('A:1', { ttl: 1 }, load)).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
    await expect(cache.invalidate(['A'])).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });

  it('waits in close() for the refreshes that have begun', async () => {
    const { cache, clock } = plainCache();
    const gate = createGate();
    let refreshed = false;
    await cache.fetch('A:1', { ttl: 1, swr: 10 }, () => 1);
    clock.advance(2_000);
    await cache.fetch('A:1', { ttl: 1, swr: 10 }, async () => {
      await gate.wait();
      refreshed = true;
    });
    await gate.arrived();
    const closed = cache.close();
    gate.open();
    await closed;
    expect(refreshed).toBe(true);
  });
});

describe('the key of cache.fetch', () => {
  const long = `Secret:${'x'.repeat(400)}`;

  it('is never that of a longer one that was cut, whatever it looks like', async () => {
    const { cache } = plainCache();
    const cut = shortenKey(long);
    const texts = [long, cut, shortenText(cut), shortenText(shortenText(cut))];
    const fetchAll = async (loaded: string): Promise<string[]> => {
      const values = [];
      for (const text of texts) values.push(await cache.fetch(text, { ttl: 10 }, () => loaded + text));
      return values;
    };
    expect(await fetchAll('1')).toEqual(texts.map((text) => `1${text}`));
    expect(await fetchAll('2')).toEqual(texts.map((text) => `1${text}`));
  });

  it('ends its entry as a tag, also where it looks like one that was cut', async () => {
    const { cache, load } = plainCache();
    const cut = shortenKey(long);
    const fetch = (): Promise<number> => cache.fetch(cut, { ttl: 10 }, load);
    await fetch();
    await cache.invalidate([long.replace('x', 'y')]);
    expect(await fetch()).toBe(1);
    await cache.invalidate([cut]);
    expect(await fetch()).toBe(2);
  });

  const uuid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
  const padded = 'x'.repeat(400);
  const spellings = [
    ['Row:007', 'Row:7'],
    ['Row:7', 'Row:007'],
    ['Row:7', 'Row:7.0'],
    [`Row:${uuid.toUpperCase()}`, `Row:${uuid}`],
    ['Row:007/titles', 'Row:7/titles'],
    ['Row:007|de', 'Row:7|de'],
    [`Row:007/${padded}`, `Row:7/${padded}`],
    [`Row:7/${padded}`, `Row:007/${padded}`],
  ] as const;

  it.each(spellings)('meets other spellings of its id: %s is ended by %s', async (key, written) => {
    const { cache, load } = plainCache();
    const fetch = (): Promise<number> => cache.fetch(key, { ttl: 10 }, load);
    await fetch();
    expect(await fetch()).toBe(1);
    await cache.invalidate([written]);
    expect(await fetch()).toBe(2);
  });

  it.each(spellings)('meets them in its tags: %s is ended by %s', async (tag, written) => {
    const { cache, load } = plainCache();
    const fetch = (): Promise<number> => cache.fetch('Report:1', { ttl: 10, tags: ['Other:1', tag] }, load);
    await fetch();
    expect(await fetch()).toBe(1);
    await cache.invalidate([written]);
    expect(await fetch()).toBe(2);
  });
});
