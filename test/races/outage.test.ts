import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../src/cache/redis/index.js';
import { type Store } from '../../src/cache/index.js';
import { forgetfulStore } from '../support/stores/forgetful-store.js';
import { freePort } from '../support/free-port.js';
import { needsRedis } from '../support/needs.js';
import { nestedRows, type NestedAnswer, type NestedRows } from '../support/worlds/nested-rows.js';
import { openLoop, type Asked } from '../support/load/open-loop.js';
import { percentile } from '../support/load/percentile.js';
import { privateRedisAt } from '../support/private-redis.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectTime } from '../support/run/expect-time.js';

const PER_SECOND = 150;
const LOAD_MS = 5;
const AT_ONCE = 10;
const WARM_MS = 500;
const OUTAGE_MS = 3000;
const HEALS_WITHIN_MS = 6000;
const MOST_ADDED_AT_FIRST_MS = 75;
/** At the median, which no stall of the machine moves, and at the p99, which one or two of them do. */
const MOST_ADDED_LATER_MS = 10;
const MOST_ADDED_LATER_P99_MS = 50;

/** A server that can go away and come back to the same port with what it had stored. */
interface Outage {
  readonly url: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}
type Kind = 'killed' | 'stopped';

async function startServer(kind: Kind): Promise<Outage> {
  const port = await freePort();
  const dir = await temporaryFolder();
  // A log that is written with every command: what was stored is there again after a SIGKILL.
  const start = () => privateRedisAt(port, '--appendonly', 'yes', '--appendfsync', 'no', '--dir', dir);
  let server = await start();
  onTestFinished(() => server.stop());
  const { url } = server;
  if (kind === 'killed') {
    const begin = (): Promise<void> => server.stop();
    return { url, begin, end: async () => void (server = await start()) };
  }
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => () => Promise.resolve(void process.kill(server.pid, name));
  return { url, begin: signal('SIGSTOP'), end: signal('SIGCONT') };
}

const storeAt = (url: string, commandTimeoutMs = 100): Store =>
  redisStore(new Redis(url, { lazyConnect: true }), { prefix: 'outage', commandTimeoutMs });

async function started(store: Store): Promise<NestedRows> {
  const rows = nestedRows(store, LOAD_MS);
  await rows.cache.start();
  onTestFinished(() => rows.cache.close());
  return rows;
}

type Asks = readonly Asked<NestedAnswer>[];
const latencyOf = (asked: Asks, share: number): number =>
  percentile(
    asked.map(({ latencyMs }) => latencyMs),
    share,
  );

/** An outage is measured in a process that has been running for a while, not while its code is being compiled. */
async function runWarm(withoutStore: NestedRows): Promise<void> {
  const absent = await started(storeAt(`redis://127.0.0.1:${await freePort()}`));
  for (let round = 0; round < 400; round += AT_ONCE) {
    const asks = Array.from({ length: AT_ONCE }, () => [absent.ask(), withoutStore.ask()]);
    await Promise.all(asks.flat());
  }
}

interface Measured {
  readonly requests: number;
  readonly errors: number;
  readonly hitsBefore: number;
  /**
   * Above the reference: as many requests without any store, where every field is loaded, by turns with these in the same
   * process. What a busy machine takes, it takes from both. The p99 of the requests due in the outage's first second,
   * and the median and the p99 of those due later.
   */
  readonly addedAtFirstMs: number;
  readonly addedLaterMs: number;
  readonly addedLaterP99Ms: number;
  /** How much the median of the reference rose with the outage: what the engine takes from everything in its process. */
  readonly takenMs: number;
  /** From the server's return until it answered a field again. */
  readonly healedAfterMs: number;
  /** Versions read once the rows had changed behind the cache's back. */
  readonly since: readonly number[];
}

/** A steady load over an outage, in the middle of which every row changes and nothing is invalidated. */
async function measured(kind: Kind, storeOf = storeAt): Promise<Measured> {
  const server = await startServer(kind);
  const withoutStore = await started(forgetfulStore());
  await runWarm(withoutStore);
  const { ask, changeAll, cache } = await started(storeOf(server.url));
  const startedAtMs = performance.now();
  const at = (): number => performance.now() - startedAtMs;
  let [beganMs, changedMs, endedMs, healedMs] = [Infinity, Infinity, Infinity, Infinity];
  const noted = async (): Promise<NestedAnswer> => {
    const askedAtMs = at();
    const answer = await ask();
    if (askedAtMs > endedMs && answer.tiers.has('redis')) healedMs = Math.min(healedMs, at());
    return answer;
  };
  const events = (async () => {
    await passes(WARM_MS);
    beganMs = at();
    await server.begin();
    await passes(OUTAGE_MS / 2);
    changeAll(2);
    changedMs = at();
    await passes(OUTAGE_MS / 2);
    endedMs = at();
    await server.end();
  })();
  // A while longer than until it heals: what comes then is what the store has.
  const goesOn = (atMs: number): boolean => atMs < Math.min(healedMs + 500, endedMs + HEALS_WITHIN_MS + 1000);
  // By turns, so that neither waits for what the other does in the same moment.
  let turn = 0;
  const both = await openLoop({
    perSecond: 2 * PER_SECOND,
    goesOn,
    ask: () => ((turn += 1) % 2 === 1 ? noted() : withoutStore.ask()),
  });
  const asked = both.filter((_, index) => index % 2 === 0);
  const reference = both.filter((_, index) => index % 2 === 1);
  await events;
  expect(cache.stats.storeIsAway()).toBe(false);
  const due = (fromMs: number, toMs: number, of: Asks = asked): Asks =>
    of.filter(({ dueMs }) => dueMs >= fromMs && dueMs < toMs);
  const addedMs = (share: number, fromMs: number, toMs: number): number =>
    latencyOf(due(fromMs, toMs), share) - latencyOf(due(fromMs, toMs, reference), share);
  return {
    requests: asked.length,
    errors: asked.filter(({ answer }) => answer.errors > 0).length,
    hitsBefore: due(0, beganMs).filter(({ answer }) => answer.tiers.has('redis')).length,
    addedAtFirstMs: addedMs(0.99, beganMs, beganMs + 1000),
    addedLaterMs: addedMs(0.5, beganMs + 1000, endedMs),
    addedLaterP99Ms: addedMs(0.99, beganMs + 1000, endedMs),
    takenMs: latencyOf(due(beganMs, endedMs, reference), 0.5) - latencyOf(due(0, beganMs, reference), 0.5),
    healedAfterMs: healedMs - endedMs,
    // A load under way at the change may still be joined for as long as it takes.
    since: [...new Set(due(changedMs + 100, Infinity).flatMap(({ answer }) => [...answer.versions]))],
  };
}

describe.skipIf(!needsRedis())('while Redis is away for three seconds, at 150 requests a second', () => {
  it.each(['killed', 'stopped'] as const)(
    'nobody gets an error or waits, it is used again soon, and nothing from before is served: %s',
    async (kind) => {
      const measure = await measured(kind);
      process.stdout.write(`Redis ${kind}: ${JSON.stringify(measure)}\n`);
      expect(measure).toMatchObject({ errors: 0, since: [2] });
      expect(measure.hitsBefore).toBeGreaterThan(20);
      expectTime(measure.healedAfterMs).toBeLessThanOrEqual(HEALS_WITHIN_MS);
      expectTime(measure.addedAtFirstMs).toBeLessThanOrEqual(MOST_ADDED_AT_FIRST_MS);
      expectTime(measure.addedLaterMs).toBeLessThanOrEqual(MOST_ADDED_LATER_MS);
      expectTime(measure.addedLaterP99Ms).toBeLessThanOrEqual(MOST_ADDED_LATER_P99_MS);
      expectTime(measure.takenMs).toBeLessThanOrEqual(MOST_ADDED_LATER_MS);
    },
    90_000,
  );

  it('requests would wait, if a command were given ten seconds, and a read two of them', async () => {
    const patient = await measured('stopped', (url) => storeAt(url, 10_000));
    expectTime(patient.addedAtFirstMs).toBeGreaterThan(MOST_ADDED_AT_FIRST_MS);
    expectTime(patient.addedLaterP99Ms).toBeGreaterThan(MOST_ADDED_LATER_P99_MS);
  }, 60_000);
});

const EPOCH = 'outage:epoch';

describe.skipIf(!needsRedis())('what was stored before an outage', () => {
  /** What is read after an outage during which the rows changed and their invalidation failed. */
  async function versionsAfter(meddle: (redis: Redis, epoch: string) => Promise<unknown>) {
    const server = await startServer('stopped');
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    const { ask, changeAll, cache } = await started(storeAt(server.url));
    for (let number = 0; number < 10; number += 1) await ask();
    const epoch = (await redis.get(EPOCH)) ?? '';
    expect(epoch).not.toBe('');
    await server.begin();
    changeAll(2);
    const missed = { code: 'CACHE_INVALIDATION_FAILED' };
    await expect(cache.invalidate(['Row:1'])).rejects.toMatchObject(missed);
    expect((await ask()).versions).toEqual(new Set([2]));
    expect(cache.stats.storeIsAway()).toBe(true);
    await server.end();
    await expect.poll(() => cache.stats.storeIsAway(), { timeout: HEALS_WITHIN_MS }).toBe(false);
    await meddle(redis, epoch);
    return (await ask()).versions;
  }

  it('is never served after it, when an invalidation was missed', async () => {
    expect(await versionsAfter(() => Promise.resolve())).toEqual(new Set([2]));
  });

  it('would be, if its epoch came back', async () => {
    const versions = await versionsAfter((redis, epoch) => redis.set(EPOCH, epoch, 'PX', 60_000));
    expect(versions).toContain(1);
  });
});

describe.skipIf(!needsRedis())('a cache that starts while Redis is absent', () => {
  it('starts, answers at once, and uses Redis when it appears', async () => {
    const port = await freePort();
    const startedAtMs = performance.now();
    const { ask, cache } = await started(storeAt(`redis://127.0.0.1:${port}`));
    expect(await ask()).toMatchObject({ errors: 0, versions: new Set([1]), tiers: new Set(['origin']) });
    expectTime(performance.now() - startedAtMs).toBeLessThanOrEqual(3000);
    expect(cache.stats.storeIsAway()).toBe(true);
    const server = await privateRedisAt(port);
    onTestFinished(() => server.stop());
    const tiers = async (): Promise<readonly string[]> => [...(await ask()).tiers];
    await expect.poll(tiers, { timeout: HEALS_WITHIN_MS }).toEqual(['redis']);
    expect(cache.stats.storeIsAway()).toBe(false);
  });
});
