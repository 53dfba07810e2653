import type { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../src/cache/redis/index.js';
import { type Store } from '../../src/cache/index.js';
import { createGate, type Gate } from '../support/gate.js';
import { needsRedis } from '../support/needs.js';
import { withBlindFill, withBlindHits } from '../support/stores/planted-stores.js';
import { redisClient } from '../support/servers/redis-client.js';
import { testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { ROW_FIELDS, rowCache, type Row, type RowCache, type RowField } from '../support/worlds/row-cache.js';
import { rowProcess, type RowProcessSettings } from '../support/processes/row-process.js';
import { rowsInRedis } from '../support/worlds/rows-in-redis.js';

const ROUNDS = 1000;
const AT_ONCE = 50;
const LOAD_MS = 300;

/** Who loads, who writes meanwhile and who reads afterwards: the first of two processes, or the other one. */
const VARIANTS = ROW_FIELDS.flatMap((field) =>
  [0, 1].flatMap((writer) => [0, 1].map((reader) => ({ field, writer, reader }))),
);

/** What was read: while the old load was still under way, and after it had ended. 1 is the old version, 2 the new. */
interface Raced {
  readonly slow: number;
  readonly during: number;
  readonly after: number;
  readonly later: number;
}

describe.skipIf(!needsRedis())('a write acknowledged while a load is in flight, with Redis between', () => {
  let server: TestedRedis;
  let redis: Redis | Cluster;
  let made = 0;

  beforeAll(async () => {
    server = await testedRedis();
    redis = redisClient(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  /** Two caches on one Redis and one database; the first load of each row waits at its gate. */
  async function twoCaches(plant: (store: Store) => Store = (store) => store) {
    const versions = new Map<string, number>();
    const gates = new Map<string, Gate>();
    const database = {
      load: async (id: string): Promise<Row> => {
        const snapshot = { id, version: versions.get(id) ?? 1 };
        const gate = gates.get(id);
        gates.delete(id);
        await gate?.wait();
        return snapshot;
      },
      write: (id: string) => {
        const version = (versions.get(id) ?? 1) + 1;
        versions.set(id, version);
        return Promise.resolve(version);
      },
    };
    const caches = Array.from({ length: 2 }, () => {
      const store = redisStore(redisClient(server.url), { prefix: 'stale' });
      return rowCache({ store: plant(store), database });
    });
    await Promise.all(caches.map(({ cache }) => cache.start()));
    onTestFinished(async () => void (await Promise.all(caches.map(({ cache }) => cache.close()))));
    return { caches, gates };
  }

  async function raced(
    { caches, gates }: { caches: readonly RowCache[]; gates: Map<string, Gate> },
    { field, writer, reader }: (typeof VARIANTS)[number],
  ): Promise<Raced> {
    const id = `${(made += 1)}`;
    const [loads, writes, reads] = [caches[0], caches[writer], caches[reader]];
    if (!loads || !writes || !reads) throw new Error('there are two caches');
    const gate = createGate();
    gates.set(id, gate);
    const slow = loads.read(field, id);
    await gate.arrived();
    await writes.write(id);
    const during = await reads.read(field, id);
    gate.open();
    return {
      slow: await slow,
      during,
      after: await reads.read(field, id),
      later: await loads.read(field, id),
    };
  }

  /** How many of so many rounds went which way, over all variants in turn. */
  async function tally(rounds: number, variants: typeof VARIANTS, plant?: (store: Store) => Store) {
    const caches = await twoCaches(plant);
    const outcomes = new Map<string, number>();
    for (let done = 0; done < rounds; done += AT_ONCE) {
      const batch = Array.from({ length: Math.min(AT_ONCE, rounds - done) }, async (_, index) => {
        const variant = variants[(done + index) % variants.length];
        if (variant === undefined) throw new Error('no variant');
        const { slow, during, after, later } = await raced(caches, variant);
        const outcome = `${slow} | ${during} ${after} ${later}`;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      });
      await Promise.all(batch);
    }
    return {
      outcomes: Object.fromEntries(outcomes),
      counters: caches.caches.map(({ cache }) => cache.stats.counters()),
    };
  }

  it(`is never followed by the old value, in ${ROUNDS} rounds of all variants`, async () => {
    const { outcomes, counters } = await tally(ROUNDS, VARIANTS);
    expect(outcomes).toEqual({ '1 | 2 2 2': ROUNDS });
    for (const of of counters) expect(of['Mutation.write']?.failedInvalidations).toBe(0);
  });

  const ofField = (...fields: RowField[]): typeof VARIANTS =>
    VARIANTS.filter(({ field }) => fields.includes(field));

  it.each(ROW_FIELDS)('would be, if a late fill were stored as new: %s', async (field) => {
    const { outcomes } = await tally(AT_ONCE, ofField(field), withBlindFill);
    expect(Object.keys(outcomes)).toContainEqual(expect.stringMatching(/\| 2 .*1/));
  });

  it('would be, by a tag, if hits did not compare generations', async () => {
    const { outcomes } = await tally(AT_ONCE, ofField('aside', 'fetched'), withBlindHits);
    expect(Object.keys(outcomes)).toContainEqual(expect.stringMatching(/\| .*1/));
  });

  /** The same between two processes, with loads that take their time instead of waiting at a gate. */
  async function racedProcesses(plant?: RowProcessSettings['plant']) {
    const settings: RowProcessSettings = { url: server.url, ...(plant && { plant }) };
    const [loads, other] = await Promise.all([rowProcess(settings), rowProcess(settings)]);
    const rows = rowsInRedis(redis);
    const race = async (field: RowField) => {
      const id = `${(made += 1)}`;
      const slow = loads.read({ field, id, times: 1, loadMs: LOAD_MS });
      await expect.poll(() => rows.loadsOf(id), { interval: 5 }).toBe(1);
      await other.write(id);
      const during = await other.read({ field, id, times: 20, loadMs: 0 });
      const first = await slow;
      const seen = [...during.versions];
      for (const reader of [other, loads, other, loads]) {
        seen.push(...(await reader.read({ field, id, times: 20, loadMs: 0 })).versions);
      }
      return { first: first.versions, since: [...new Set(seen)] };
    };
    const outcomes: Awaited<ReturnType<typeof race>>[] = [];
    for (const field of ROW_FIELDS) outcomes.push(await race(field));
    return outcomes;
  }

  it('is never followed by the old value between processes, however the row is read', async () => {
    expect(await racedProcesses()).toEqual(ROW_FIELDS.map(() => ({ first: [0], since: [1] })));
  });

  it('would be between processes, if a late fill were stored as new', async () => {
    const outcomes = await racedProcesses('blind-fill');
    expect(outcomes.flatMap(({ since }) => since)).toContain(0);
  });
});
