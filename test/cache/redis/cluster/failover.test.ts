import { spawnSync } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type Cache } from '../../../../src/cache/index.js';
import { clusterNames } from '../../../../src/cache/redis/cluster/cluster-names.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { CheckedLoad } from '../../../support/load/checked-load.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { checkedProcess, type CheckedRow } from '../../../support/processes/checked-process.js';
import { expectTime } from '../../../support/run/expect-time.js';
import { privateCluster, told, type PrivateCluster } from '../../../support/servers/private-cluster.js';

const isLong = process.env['ATTACKS'] === 'long';
/** Checked reads after each disaster. */
const READS = isLong ? 20_000 : 300;
/** Reads before it. */
const BEFORE = isLong ? 2000 : 100;
const WITHIN = { timeout: isLong ? 900_000 : 60_000 };
/** So long from the disaster on what lives elsewhere is compared with before, milliseconds. */
const JUDGED_MS = 10_000;
const SLOTS = 16_384;
const ROWS_OF_EACH = 30;
const TAGS_OF_EACH = 6;
/** That move from the first node to others. */
const MOVED = Array.from({ length: 500 }, (_, slot) => slot);
const KEYS = 90;

const names = clusterNames('films', 'none');

/** Of three nodes that own a third of the slots each. */
function nodeOf(row: string): number {
  return Math.floor((names.slotOf(row) * 3) / SLOTS);
}

/** A cache of one process on the cluster. It has applied all of its outbox: only the nodes say what they have missed. */
async function cacheOn(cluster: PrivateCluster): Promise<Cache<unknown>> {
  const client = new Cluster([...cluster.addresses], { lazyConnect: true });
  const store = redisStore(client, { prefix: 'films' });
  const cache = createCache({
    store: {
      ...store,
      open: async (options) => store.open?.({ ...options, caughtUp: () => Promise.resolve('yes') }),
    },
    ...{ log: cacheLog(), environment: 'test' },
  });
  onTestFinished(async () => {
    await cache.close();
    client.disconnect();
  });
  await cache.start();
  return cache;
}

/** A third of the rows lies on each node; what ends a row together with others lies there too, or on another node, or there is none. */
const rows: readonly CheckedRow[] = [0, 1, 2].flatMap((node) => {
  const tagOn = (place: number): readonly string[] => named('Tag', place).slice(0, TAGS_OF_EACH);
  const kinds = [tagOn(node), tagOn((node + 1) % 3), [undefined]];
  return named('Row', node)
    .slice(0, ROWS_OF_EACH)
    .map((key, index) => {
      const tags = kinds[index % kinds.length] ?? [];
      const tag = tags[Math.floor(index / kinds.length) % tags.length];
      return { key, tags: tag === undefined ? [] : [tag] };
    });
});

const slotsOf = ({ key, tags }: CheckedRow): readonly number[] => [key, ...tags].map(names.slotOf);

/** Names that lie on a node, in its first slots at first. */
function named(kind: string, node: number): readonly string[] {
  return Array.from({ length: 1000 }, (_, index) => `${kind}:${index}`)
    .filter((one) => nodeOf(one) === node)
    .sort((one, other) => names.slotOf(one) - names.slotOf(other));
}

/** A cluster, and a server that stands for the database; they end with the test. */
async function started(...settings: string[]): Promise<[cluster: PrivateCluster, database: PrivateRedis]> {
  const cluster = await privateCluster({ settings });
  onTestFinished(() => cluster.stop());
  const database = await privateRedis();
  onTestFinished(() => database.stop());
  return [cluster, database];
}

interface Disaster {
  /** Resolves once everything should be used again. */
  readonly comes: (cluster: PrivateCluster) => Promise<unknown>;
  /** What it is about: rows that depend on one of these slots. */
  readonly touches: (slot: number) => boolean;
  /** A replica that gets nothing any more, and does not hear what is ended. */
  readonly lagsOn?: number;
}

/** Reads and writes through two processes while something happens to the cluster, and checks every answer. */
async function underLoad(name: string, { comes, touches, lagsOn }: Disaster): Promise<void> {
  const [cluster, database] = await started('--cluster-require-full-coverage', 'no');
  const settings = { cacheUrl: cluster.url, rowsUrl: database.url };
  const processes = await Promise.all([checkedProcess(settings), checkedProcess(settings)]);
  const load = new CheckedLoad({ processes, rows });
  await load.readAll();
  if (lagsOn !== undefined) await cluster.cutReplica(lagsOn);
  // Such a replica has the entries and the generations, and never hears that they have ended.
  await load.writeAll();
  const [isTouched, isElsewhere] = [
    (row: CheckedRow): boolean => slotsOf(row).some(touches),
    (row: CheckedRow): boolean => !slotsOf(row).some(touches),
  ];
  const beganAtMs = performance.now();
  load.begin();
  await load.more(BEFORE);
  const cameAtMs = performance.now();
  await comes(cluster);
  const overAtMs = performance.now();
  const usedAfterMs = await load.usedAgain(isTouched, overAtMs);
  const usedAtMs = overAtMs + usedAfterMs;
  await load.more(READS);
  await load.end();
  const p99Ms = load.p99Ms(isElsewhere, beganAtMs, cameAtMs);
  // A window of some seconds: of a few reads it would be the slowest.
  const p99MeanwhileMs = load.p99Ms(isElsewhere, cameAtMs, Math.max(usedAtMs, cameAtMs + JUDGED_MS));
  const elsewhere = load.hits(isElsewhere, cameAtMs, usedAtMs);
  const times = [
    `took ${(overAtMs - cameAtMs).toFixed()} ms, used ${usedAfterMs.toFixed()} ms later`,
    `${elsewhere} hits elsewhere meanwhile, their p99 ${p99MeanwhileMs.toFixed(1)} ms, before ${p99Ms.toFixed(1)} ms`,
  ];
  process.stdout.write(`cluster, ${name}: ${times.join(', ')}, ${JSON.stringify(load.counts)}\n`);
  expect({ ...load.counts, evidence: load.evidence }).toMatchObject({ stale: 0, errors: 0, evidence: [] });
  expect(load.hits(isElsewhere, beganAtMs, cameAtMs)).toBeGreaterThan(0);
  expect(elsewhere).toBeGreaterThan(0);
  expectTime(usedAfterMs).toBeLessThan(10_000);
  if (isLong) expectTime(p99MeanwhileMs - p99Ms).toBeLessThan(5);
}

const isMoved = (slot: number): boolean => slot < MOVED.length;
const isOn =
  (node: number) =>
  (slot: number): boolean =>
    Math.floor((slot * 3) / SLOTS) === node;

/** Resolves once this replica is a primary. */
async function isPromoted(replica: PrivateRedis | undefined): Promise<void> {
  const role = (): Promise<string> => told(replica?.port ?? 0, 'INFO', 'replication');
  await expect.poll(role, { timeout: 30_000, interval: 20 }).toContain('role:master');
}

/** Makes the replica of a primary take over, without what it has not got. */
async function failOver({ replicas }: PrivateCluster, index: number): Promise<void> {
  const replica = replicas[index];
  await told(replica?.port ?? 0, 'CLUSTER', 'FAILOVER', 'FORCE');
  await isPromoted(replica);
}

describe.skipIf(!needsRedis())('two processes on a Redis Cluster are served nothing stale', () => {
  it('when a primary is killed and a replica that lags takes over', WITHIN, () =>
    underLoad('a primary is killed', {
      lagsOn: 0,
      comes: async ({ primaries: [primary], replicas: [replica] }) => {
        await primary?.stop();
        await isPromoted(replica);
      },
      touches: isOn(0),
    }),
  );

  if (isLong)
    it('when a replica that lags is made to take over', WITHIN, () =>
      underLoad('a failover is forced', {
        lagsOn: 1,
        comes: (cluster) => failOver(cluster, 1),
        touches: isOn(1),
      }),
    );

  if (isLong)
    it('when slots are moved to another node', WITHIN, () =>
      underLoad('500 slots move', {
        comes: ({ primaries: [first, second], moveSlots }) => moveSlots(MOVED, first, second),
        touches: isMoved,
      }),
    );

  if (isLong)
    it('when a node joins, takes slots, gives them back and leaves', WITHIN, () =>
      underLoad('a node joins and leaves', {
        comes: async ({ primaries: [first], moveSlots, addNode, removeNode }) => {
          const node = await addNode();
          await moveSlots(MOVED, first, node);
          await moveSlots(MOVED, node, first);
          await removeNode(node);
        },
        touches: isMoved,
      }),
    );
});

if (isLong)
  describe.skipIf(!needsRedis())(
    'processes that start on a Redis Cluster after a replica that lags took over',
    () => {
      async function startedAnew(plant?: 'one-history') {
        const [cluster, database] = await started();
        const settings = { cacheUrl: cluster.url, rowsUrl: database.url, plant };
        const processes = await Promise.all([checkedProcess(settings), checkedProcess(settings)]);
        const load = new CheckedLoad({ processes, rows });
        await load.readAll();
        await cluster.cutReplica(1);
        await load.writeAll();
        await Promise.all(processes.map((process) => process.kill()));
        await failOver(cluster, 1);
        load.switchTo(await Promise.all([checkedProcess(settings), checkedProcess(settings)]));
        await load.readAll();
        return { ...load.counts, evidence: load.evidence };
      }

      it('are served nothing stale', WITHIN, async () => {
        expect(await startedAnew()).toMatchObject({ stale: 0, errors: 0, evidence: [] });
      });

      it('would be, if the history of nodes were not looked at', WITHIN, async () => {
        expect((await startedAnew('one-history')).stale).toBeGreaterThan(0);
      });
    },
  );

describe.skipIf(!needsRedis())('a process on a Redis Cluster', () => {
  it(
    'believes no primary that slept while its replica took over, and this process slept too',
    WITHIN,
    async () => {
      const cluster = await privateCluster();
      onTestFinished(() => cluster.stop());
      const cache = await cacheOn(cluster);
      const [slept, replica] = [cluster.primaries[0], cluster.replicas[0]];
      if (slept === undefined || replica === undefined) throw new Error('there is no primary');
      const rows = Array.from({ length: KEYS }, (_, row) => `Row:${row}`).filter((row) => nodeOf(row) === 0);
      const read = (value: string): Promise<string[]> =>
        Promise.all(rows.map((row) => cache.fetch(row, { ttl: 600 }, () => value)));
      await expect
        .poll(async () => [await read('old'), new Set(await read('new'))].at(-1))
        .toEqual(new Set(['old']));
      process.kill(slept.pid, 'SIGSTOP');
      onTestFinished(() => void process.kill(slept.pid, 'SIGCONT'));
      // Meanwhile another process invalidates all rows, on the node that has taken over. This one stands still.
      const generations = rows.map((row) => names.generation(row));
      const other = spawnSync(process.execPath, ['-e', INVALIDATES, `${replica.port}`, ...generations], {
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect(other.stdout).toBe(`${rows.length}`);
      const answers = read('new');
      // It wakes up with these reads before it, and has not heard yet that it is no primary any more.
      for (let turn = 0; turn < 5; turn += 1) await nextTurn();
      process.kill(slept.pid, 'SIGCONT');
      expect(new Set(await answers)).toEqual(new Set(['new']));
    },
  );
});

/** Waits until a replica is the primary, and deletes keys there, as an invalidation does. */
const INVALIDATES = `
  const { Redis } = require('ioredis');
  const [port, ...keys] = process.argv.slice(1);
  const redis = new Redis(Number(port));
  const look = async () => {
    if (!(await redis.info('replication')).includes('role:master')) return setTimeout(look, 50);
    let ended = 0;
    for (const key of keys) ended += await redis.del(key).catch(() => -1000);
    if (ended < 0) return setTimeout(look, 50);
    process.stdout.write(String(ended));
    redis.disconnect();
  };
  look();
`;
