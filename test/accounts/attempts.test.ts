import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Attempts, createAttempts } from '../../src/accounts/attempts.js';
import { readConfig } from '../../src/config.js';
import { createAttemptCounters } from '../../src/redis/create-attempt-counters.js';
import { cacheLog } from '../support/cache-log.js';
import { freePort } from '../support/free-port.js';
import { needsRedis } from '../support/needs.js';
import { privateRedisAt } from '../support/private-redis.js';
import { workerRedis, type WorkerRedis } from '../support/servers/worker-redis.js';
import { tcpProxy } from '../support/servers/tcp-proxy.js';
import { expectTime } from '../support/run/expect-time.js';

const settings = { SIGN_IN_PER_ACCOUNT: '3', SIGN_IN_PER_ADDRESS: '5', SIGN_IN_WINDOW_SECONDS: '60' };
const mira = { address: '192.0.2.1', account: 'mira@example.com' };

/** The attempts of one process. */
function processOver(redisUrl?: string): Attempts {
  const counters = createAttemptCounters(readConfig({ ...settings, REDIS_URL: redisUrl }), cacheLog());
  onTestFinished(() => counters.close());
  return createAttempts(counters);
}

const wrong = (): Promise<undefined> => Promise.resolve(undefined);

/** `wrong`, `right`, or the code of the refusal. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return (await work) ?? 'wrong';
  } catch (error) {
    const extensions: unknown = Reflect.get(Object(error), 'extensions');
    return Reflect.get(Object(extensions), 'code') ?? error;
  }
}

async function outcomes(count: number, make: (index: number) => Promise<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for (let index = 0; index < count; index += 1) all.push(await outcome(make(index)));
  return all;
}

const HASH = /[\w-]{43}$/;
const refused = 'TOO_MANY_ATTEMPTS';

describe('attempts in the memory of a process', () => {
  it('are bounded for an account, from all addresses together', async () => {
    const attempts = processOver();
    const guesses = await outcomes(4, (index) =>
      attempts.make({ ...mira, address: `192.0.2.${index}` }, wrong),
    );
    expect(guesses).toEqual(['wrong', 'wrong', 'wrong', refused]);
    expect(await outcome(attempts.check(mira))).toBe(refused);
    expect(attempts.refused()).toEqual({ account: 2, address: 0 });
    const nora = { ...mira, account: 'nora@example.com' };
    expect(await outcome(attempts.make(nora, wrong))).toBe('wrong');
  });

  it('are bounded for an address, over all accounts and new ones together', async () => {
    const attempts = processOver();
    const guess = (index: number): Promise<unknown> => {
      if (index === 0) return attempts.spend({ address: mira.address });
      return attempts.make({ address: mira.address, account: `${index}@example.com` }, wrong);
    };
    expect(await outcomes(6, guess)).toEqual(['wrong', 'wrong', 'wrong', 'wrong', 'wrong', refused]);
    expect(await outcome(attempts.check({ address: mira.address }))).toBe(refused);
    expect(await outcome(attempts.check({ address: '192.0.2.2' }))).toBe('wrong');
    expect(attempts.refused()).toEqual({ account: 0, address: 2 });
  });

  it('that are right, or fail before they tell anything, are not counted', async () => {
    const attempts = processOver();
    const right = (): Promise<string> => Promise.resolve('right');
    const broken = (): Promise<never> => Promise.reject(new Error('the database is away'));
    expect(await outcomes(9, () => attempts.make(mira, right))).toEqual(Array(9).fill('right'));
    await outcomes(9, () => attempts.make(mira, broken));
    expect(await outcome(attempts.make(mira, wrong))).toBe('wrong');
  });

  it('made at the same time are never more than the limit', async () => {
    const attempts = processOver();
    const guesses = Array.from({ length: 30 }, () => outcome(attempts.make(mira, wrong)));
    const all = await Promise.all(guesses);
    expect(all.filter((each) => each === 'wrong')).toHaveLength(3);
    // What was refused has told nothing, and does not count.
    expect(await outcome(attempts.make({ ...mira, account: 'nora@example.com' }, wrong))).toBe('wrong');
  });

  it('tell when to come back', async () => {
    const attempts = processOver();
    await outcomes(3, () => attempts.make(mira, wrong));
    const refusal: unknown = await attempts.check(mira).catch((error: unknown) => error);
    const extensions: unknown = Reflect.get(Object(refusal), 'extensions');
    const retryAfterMs = Number(Reflect.get(Object(extensions), 'retryAfterMs'));
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });
});

describe.skipIf(!needsRedis())('attempts in Redis', () => {
  let redis: WorkerRedis;
  let admin: Redis;
  beforeAll(async () => {
    redis = await workerRedis();
    admin = new Redis(redis.url);
  });
  beforeEach(async () => {
    await admin.flushall();
  });
  afterAll(() => admin.disconnect());

  /** Counters are connected once what one process counts is in Redis. */
  async function connected(url = redis.url, asker = admin): Promise<Attempts> {
    const attempts = processOver(url);
    const known = new Set(await asker.keys('corral:attempts:address:*'));
    await expect
      .poll(
        async () => {
          await attempts.spend({ address: 'probe' });
          const keys = await asker.keys('corral:attempts:address:*');
          return keys.some((key) => !known.has(key));
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    await asker.flushall();
    return attempts;
  }

  it('are bounded over all processes', async () => {
    const processes = [await connected(), await connected()];
    const guesses = await outcomes(4, (index) => processes[index % 2]?.make(mira, wrong) ?? wrong());
    expect(guesses).toEqual(['wrong', 'wrong', 'wrong', refused]);
    expect(await outcome(processes[1]?.check(mira) ?? wrong())).toBe(refused);
  });

  it('leave no address in clear, end with their window, and nothing stays of those that were only checked', async () => {
    const attempts = await connected();
    await attempts.check(mira);
    expect(await admin.dbsize()).toBe(0);
    await attempts.make(mira, wrong);
    const keys = await admin.keys('*');
    expect(keys.map((key) => key.replace(HASH, '<hash>')).sort()).toEqual([
      'corral:attempts:account:<hash>',
      'corral:attempts:address:<hash>',
    ]);
    for (const key of keys) expect(await admin.pttl(key)).toBeGreaterThan(0);
  });

  it('are counted in memory while Redis is away, and in Redis once it is back', async () => {
    const port = await freePort();
    const first = await privateRedisAt(port);
    const asker = new Redis(first.url);
    asker.on('error', () => undefined);
    onTestFinished(() => asker.disconnect());
    const attempts = await connected(first.url, asker);
    await first.stop();
    const guesses = await outcomes(4, () => attempts.make(mira, wrong));
    expect(guesses).toEqual(['wrong', 'wrong', 'wrong', refused]);
    const second = await privateRedisAt(port);
    onTestFinished(() => second.stop());
    await expect
      .poll(
        async () => {
          await attempts.spend({ address: 'probe' });
          return (await asker.keys('corral:attempts:address:*')).some((key) => HASH.test(key));
        },
        { timeout: 20_000 },
      )
      .toBe(true);
  });

  it('wait for a Redis that hangs no longer than a moment', async () => {
    const proxy = await tcpProxy(redis.port);
    const attempts = await connected(`redis://127.0.0.1:${proxy.port}`);
    proxy.set({ blackHole: 'both' });
    const startedAtMs = performance.now();
    const guesses = await outcomes(4, () => attempts.make(mira, wrong));
    expect(guesses).toEqual(['wrong', 'wrong', 'wrong', refused]);
    expectTime(performance.now() - startedAtMs).toBeLessThan(2000);
  });
});
