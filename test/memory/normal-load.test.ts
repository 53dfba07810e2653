import { describe, expect, it } from 'vitest';
import { requestsOf } from '../../bench/eviction/traffic.js';
import { memoryStore } from '../../src/cache/index.js';
import type { Eviction } from '../../src/cache/types/index.js';
import { manualClock } from '../support/manual-clock.js';
import { testCache } from '../support/test-cache.js';

const isLong = process.env['ATTACKS'] === 'long';
const answers = isLong ? 30_000 : 500;
const reads = isLong ? 60_000 : 2500;
/** Room for about a tenth of the films that are asked for. */
const maxBytes = (isLong ? 2.5 : 0.5) * 1024 * 1024;

/** Asks for films by popularity, of which some are in the store, with or without a flood of large answers between them. */
async function hitRateOf(eviction: Eviction, { isFlooded }: { isFlooded: boolean }): Promise<number> {
  const clock = manualClock();
  const { cache } = testCache({
    typeDefs: 'type Query { nothing: Int }',
    clock,
    store: memoryStore({ clock, maxBytes, eviction }),
  });
  const film = (id: number) => ({ id, title: `The film that has the number ${id}` });
  const answer = (at: number) =>
    Array.from({ length: 100 }, (_, index) => ({ node: { id: `${at}/${index}` } }));
  let loads = 0;
  let measured = 0;
  let flooded = 0;
  for (const { key } of requestsOf({ name: 'films', exponent: 0.99 }, 2 * reads)) {
    const isMeasured = (measured += 1) > reads;
    await cache.fetch(`Film:${key}`, { ttl: 3600 }, () => {
      if (isMeasured) loads += 1;
      return film(key);
    });
    if (!isMeasured || !isFlooded || flooded * reads >= (measured - reads) * answers) continue;
    flooded += 1;
    await cache.fetch(`Search:${flooded}`, { ttl: 3600 }, () => answer(flooded));
  }
  await cache.close();
  return 100 * (1 - loads / reads);
}

describe('a flood of large answers that are asked for once', () => {
  it('takes at most 5 points from the hit rate of the normal load', async () => {
    const before = await hitRateOf('s3-fifo', { isFlooded: false });
    const beset = await hitRateOf('s3-fifo', { isFlooded: true });
    if (isLong) process.stdout.write(`hit rate ${before.toFixed(1)} %, in the flood ${beset.toFixed(1)} %\n`);
    expect(before).toBeGreaterThan(40);
    expect(beset).toBeGreaterThan(before - 5);
  }, 600_000);
});
