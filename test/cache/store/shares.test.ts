import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../../src/cache/store/bounded-map.js';
import { evictions, type Eviction } from '../../../src/cache/store/eviction.js';

/** A map of `maxEntries`, and how it is asked for: what is absent is put. */
function mapOf(maxEntries: number, eviction: Eviction, maxBytes = 1e9) {
  const map = new BoundedMap<string>({ maxEntries, maxBytes, eviction });
  const ask = (owner: string, name: number, valueBytes = 10): boolean => {
    const key = `${owner}:${name}`;
    if (map.get(key, 0) !== undefined) return true;
    map.set(key, { value: key, valueBytes, expiresAtMs: 1e15, owner });
    return false;
  };
  const hits = (owner: string, names: number): number =>
    Array.from({ length: names }, (_, name) => map.get(`${owner}:${name}`, 0)).filter(
      (value) => value !== undefined,
    ).length;
  return { map, ask, hits };
}

describe('the share of a field', () => {
  it.each(evictions)('is not taken by the flood of another one: %s', (eviction) => {
    const { ask, hits } = mapOf(1000, eviction);
    for (let name = 0; name < 90; name += 1) for (let times = 0; times < 4; times += 1) ask('small', name);
    // Even where each answer is asked for often, and at once.
    for (let name = 0; name < 20_000; name += 1)
      for (let times = 0; times < 5; times += 1) ask('flood', name);
    expect(hits('small', 90)).toBe(90);
  });

  it('is of bytes where bytes are short, and of entries where those are', () => {
    const many = mapOf(1000, 'lru');
    for (let name = 0; name < 50; name += 1) many.ask('large', name, 100_000);
    for (let name = 0; name < 5000; name += 1) many.ask('tiny', name);
    expect([many.hits('large', 50), many.hits('tiny', 5000)]).toEqual([50, 950]);
    const large = mapOf(1e6, 'lru', 1_000_000);
    for (let name = 0; name < 500; name += 1) large.ask('tiny', name);
    for (let name = 0; name < 500; name += 1) large.ask('large', name, 50_000);
    expect(large.hits('tiny', 500)).toBe(500);
  });

  it('can be all there is while no other field needs it', () => {
    const { ask, hits, map } = mapOf(1000, 's3-fifo');
    for (let name = 0; name < 1000; name += 1) ask('only', name);
    expect(hits('only', 1000)).toBe(1000);
    for (let name = 0; name < 600; name += 1) for (let times = 0; times < 4; times += 1) ask('other', name);
    expect(map.size).toBe(1000);
    expect(hits('other', 600)).toBeGreaterThanOrEqual(490);
  });

  it('is counted for 256 fields, and together for what comes later', () => {
    const { ask, map } = mapOf(1000, 's3-fifo');
    for (let owner = 0; owner < 5000; owner += 1) ask(`Field${owner}`, 1);
    expect(map.size).toBe(1000);
    for (let owner = 0; owner < 5000; owner += 1) map.delete(`Field${owner}:1`);
    expect([map.size, map.bytes]).toEqual([0, 0]);
  });
});

describe('s3-fifo', () => {
  it('keeps what is asked for again and again through a scan of a hundred times as much', () => {
    const { ask, hits } = mapOf(1000, 's3-fifo');
    for (let times = 0; times < 4; times += 1) for (let name = 0; name < 800; name += 1) ask('film', name);
    for (let name = 1000; name < 101_000; name += 1) ask('film', name);
    expect(hits('film', 800)).toBe(800);
  });

  it('takes for no newcomer what comes back soon after it was evicted, or invalidated', () => {
    const { ask, hits, map } = mapOf(1000, 's3-fifo');
    for (let name = 0; name < 1050; name += 1) ask('film', name);
    expect(hits('film', 50)).toBe(0);
    for (let name = 0; name < 50; name += 1) ask('film', name);
    for (let name = 2000; name < 8000; name += 1) ask('film', name);
    // Of what is remembered by its hash, some is pushed out by others.
    expect(hits('film', 50)).toBeGreaterThan(45);
    for (let name = 0; name < 50; name += 1) map.delete(`film:${name}`);
    for (let name = 0; name < 50; name += 1) ask('film', name);
    for (let name = 10_000; name < 18_000; name += 1) ask('film', name);
    expect(hits('film', 50)).toBeGreaterThan(40);
  });

  it('lets go of what was popular once', () => {
    const { ask, hits } = mapOf(100, 's3-fifo');
    for (let times = 0; times < 9; times += 1) for (let name = 0; name < 90; name += 1) ask('film', name);
    for (let times = 0; times < 9; times += 1)
      for (let name = 1000; name < 1090; name += 1) ask('film', name);
    expect(hits('film', 90)).toBeLessThan(15);
  });
});
