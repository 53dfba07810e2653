import { describe, expect, it } from 'vitest';
import { hitRate, type Policy } from '../../bench/eviction/eviction.js';
import { traffics, type Traffic } from '../../bench/eviction/traffic.js';

const points = (traffic: Traffic, policy: Policy): number => 100 * hitRate(traffic, policy, 20_000);

describe('the hit rate of normal load', () => {
  it.each(traffics)(
    'is by default that of W-TinyLFU or better, and no worse than that of lru: $name',
    (traffic) => {
      const rate = points(traffic, 's3-fifo');
      expect(rate).toBeGreaterThan(points(traffic, 'w-tinylfu') - 2);
      expect(rate).toBeGreaterThan(points(traffic, 'lru') - 2);
    },
  );

  it('falls by a few points where strangers are asked for between all requests, and with lru by many', () => {
    const [plain, beset] = [1, 3].map((at) => traffics[at]);
    if (plain === undefined || beset === undefined) throw new Error('there is no such traffic');
    expect(points(beset, 's3-fifo')).toBeGreaterThan(points(plain, 's3-fifo') - 5);
    expect(points(beset, 'lru')).toBeLessThan(points(plain, 'lru') - 5);
  });
});
