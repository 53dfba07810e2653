import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { createCache, memoryStore } from '../../../src/cache/index.js';
import { redisJournal, redisStore } from '../../../src/cache/redis/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';

const client = new Redis({ lazyConnect: true });
/** For longer, Node.js sets a timer of one millisecond. */
const TOO_LONG_MS = 2 ** 31;
const atMost = 'must be at most 2147483647 milliseconds, some 24 days, as no timer is longer, but got';
const positive = 'must be a positive number of milliseconds, but got';
const whole = 'must be a positive whole number, but got';

it.each<[sentence: string, make: () => unknown]>([
  ...[Infinity, TOO_LONG_MS].flatMap((ms): [string, () => unknown][] => [
    [`redisStore: commandTimeoutMs ${atMost} ${ms}`, () => redisStore(client, { commandTimeoutMs: ms })],
    [`redisStore: connectTimeoutMs ${atMost} ${ms}`, () => redisStore(client, { connectTimeoutMs: ms })],
  ]),
  ...[NaN, 0, -5].flatMap((ms): [string, () => unknown][] => [
    [`redisStore: commandTimeoutMs ${positive} ${ms}`, () => redisStore(client, { commandTimeoutMs: ms })],
    [`redisStore: connectTimeoutMs ${positive} ${ms}`, () => redisStore(client, { connectTimeoutMs: ms })],
  ]),
  ...[NaN, 0, -5, Infinity].map((ms): [string, () => unknown] => [
    `redisJournal: commandTimeoutMs ${whole} ${ms}`,
    () => redisJournal(client, { commandTimeoutMs: ms }),
  ]),
  [
    `redisJournal: commandTimeoutMs ${atMost} ${TOO_LONG_MS}`,
    () => redisJournal(client, { commandTimeoutMs: TOO_LONG_MS }),
  ],
  [
    `createCache: loads.leaseMs ${atMost} ${TOO_LONG_MS}; loads.softTimeoutMs ${atMost} ${TOO_LONG_MS}`,
    () => createCache({ store: memoryStore(), loads: { leaseMs: TOO_LONG_MS, softTimeoutMs: TOO_LONG_MS } }),
  ],
  [
    `createCache: prefetch.warmUpWithinMs ${atMost} ${TOO_LONG_MS}`,
    () => createCache({ store: memoryStore(), prefetch: { warmUpWithinMs: TOO_LONG_MS } }),
  ],
  [
    `createCache: probe.afterMs[1] ${atMost} Infinity`,
    () => createCache({ store: memoryStore(), probe: { afterMs: [0, Infinity] } }),
  ],
])('refuses at construction: %s', (sentence, make) => {
  expect(make).toThrow(sentence);
});

it('refuses a call of cache.fetch whose time-out would end at once', async () => {
  const cache = createCache({ store: memoryStore() });
  const fetched = cache.fetch('Report:1', { ttl: 5, softTimeoutMs: Infinity }, () => 1);
  await expect(fetched).rejects.toThrow(`cache.fetch: softTimeoutMs ${atMost} Infinity`);
});

it('takes the longest that a timer can be set for', () => {
  const ms = TOO_LONG_MS - 1;
  expect(() => redisStore(client, { commandTimeoutMs: ms, connectTimeoutMs: ms })).not.toThrow();
  expect(() => redisJournal(client, { commandTimeoutMs: ms })).not.toThrow();
});

it('does not end a long sleep at once', async () => {
  let isOver = false;
  void systemClock.sleep(Infinity).then(() => (isOver = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isOver).toBe(false);
});
