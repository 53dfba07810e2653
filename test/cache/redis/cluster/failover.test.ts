import { spawnSync } from 'node:child_process';
import { setImmediate as nextTurn, setTimeout as passes } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, type Cache } from '../../../../src/cache/index.js';
import { clusterNames } from '../../../../src/cache/redis/cluster/cluster-names.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { expectTime } from '../../../support/run/expect-time.js';
import { privateCluster, told, type PrivateCluster } from '../../../support/servers/private-cluster.js';

const isLong = process.env['ATTACKS'] === 'long';
/** Checked reads after each disaster. */
const READS = isLong ? 20_000 : 2000;
const WITHIN = { timeout: isLong ? 900_000 : 60_000 };
const KEYS = 90;
const PAUSE_MS = 10;
const TOGETHER = 3;
/** Every entry depends on one of these as well. */
const TAGS = 9;

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

interface Seen {
  reads: number;
  stale: number;
  errors: number;
  /** Reads that were answered without a load, by the node of their row. */
  readonly hits: number[];
}

/** Reads and writes through two caches; counts what was older than an acknowledged write when the read began. */
class Load {
  readonly seen: Seen = { reads: 0, stale: 0, errors: 0, hits: [0, 0, 0] };
  readonly #caches: readonly Cache<unknown>[];
  readonly #rows = Array.from({ length: KEYS }, () => 1);
  readonly #acknowledged = Array.from({ length: KEYS }, () => 1);
  #turn = 0;
  #isOver = false;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(caches: readonly Cache<unknown>[]) {
    this.#caches = caches;
  }

  async read(row: number, cache: number): Promise<void> {
    const since = this.#acknowledged[row] ?? 0;
    let isLoaded = false;
    const load = (): number => {
      isLoaded = true;
      return this.#rows[row] ?? 0;
    };
    const tags = [`Tag:${row % TAGS}`];
    try {
      const value = await this.#caches[cache]?.fetch(`Row:${row}`, { ttl: 600, tags }, load);
      this.seen.reads += 1;
      if (Number(value) < since) this.seen.stale += 1;
      const node = nodeOf(`Row:${row}`);
      if (!isLoaded) this.seen.hits[node] = (this.seen.hits[node] ?? 0) + 1;
    } catch {
      this.seen.errors += 1;
    }
  }

  /** Every second write names the row, the others a tag: they end all rows that depend on it. */
  async write(row: number, cache: number): Promise<void> {
    const ended = row % 2 === 0 ? [row] : rowsOf(row % TAGS);
    for (const each of ended) this.#rows[each] = (this.#rows[each] ?? 0) + 1;
    const written = ended.map((each) => [each, this.#rows[each] ?? 0] as const);
    await this.#caches[cache]?.invalidate([row % 2 === 0 ? `Row:${row}` : `Tag:${row % TAGS}`]);
    for (const [each, version] of written) {
      this.#acknowledged[each] = Math.max(this.#acknowledged[each] ?? 0, version);
    }
  }

  begin(): void {
    const readOn = async (): Promise<void> => {
      while (!this.#isOver) {
        this.#turn += 1;
        const turn = this.#turn;
        // One that could not be applied is not acknowledged.
        if (turn % 20 === 0) await this.write((turn * 7) % KEYS, turn % 2).catch(() => undefined);
        await Promise.all([this.read(turn % KEYS, turn % 2), passes(PAUSE_MS)]);
      }
    };
    this.#reading = Promise.all(Array.from({ length: TOGETHER }, readOn));
  }

  async readAll(): Promise<void> {
    for (let row = 0; row < KEYS; row += 1) await Promise.all([this.read(row, 0), this.read(row, 1)]);
  }

  async more(): Promise<void> {
    const before = this.seen.reads;
    await expect.poll(() => this.seen.reads - before, { timeout: READS * 40 }).toBeGreaterThan(READS);
  }

  async end(): Promise<Seen> {
    this.#isOver = true;
    await this.#reading;
    return this.seen;
  }
}

const names = clusterNames('films', 'none');

/** Of three that own a third of the slots each. */
function nodeOf(row: string): number {
  return Math.floor((names.slotOf(row) * 3) / 16_384);
}

function rowsOf(tag: number): readonly number[] {
  return Array.from({ length: KEYS / TAGS }, (_, index) => index * TAGS + tag);
}

describe.skipIf(!needsRedis())('two processes on a Redis Cluster', () => {
  async function start(): Promise<{ cluster: PrivateCluster; load: Load }> {
    const cluster = await privateCluster();
    onTestFinished(() => cluster.stop());
    const load = new Load([await cacheOn(cluster), await cacheOn(cluster)]);
    await load.readAll();
    return { cluster, load };
  }

  it('are served nothing stale while they read and write', WITHIN, async () => {
    const { load } = await start();
    load.begin();
    await load.more();
    const { stale, errors, hits } = await load.end();
    expect({ stale, errors }).toEqual({ stale: 0, errors: 0 });
    expect(Math.min(...hits)).toBeGreaterThan(100);
  });

  it('are served nothing stale when a replica that lags takes over', WITHIN, async () => {
    const { cluster, load } = await start();
    const [dead] = cluster.primaries;
    await cluster.cutReplica(0);
    // The replica has the entries and the generations, and never hears that they have ended.
    for (let row = 0; row < KEYS; row += 1) await load.write(row, row % 2);
    load.begin();
    const hitsBefore = [...load.seen.hits];
    await dead?.stop();
    const diedAtMs = performance.now();
    const role = (): Promise<string> => told(cluster.replicas[0]?.port ?? 0, 'INFO', 'replication');
    await expect.poll(role, { timeout: 30_000 }).toContain('role:master');
    const elsewhere = load.seen.hits.map((hits, node) => hits - (hitsBefore[node] ?? 0)).slice(1);
    const [hitsThen = 0] = load.seen.hits;
    await expect.poll(() => load.seen.hits[0], { timeout: 20_000 }).toBeGreaterThan(hitsThen + 20);
    const usedAfterMs = performance.now() - diedAtMs;
    await load.more();
    const { stale, errors } = await load.end();
    expect({ stale, errors }).toEqual({ stale: 0, errors: 0 });
    // What lives on the other nodes was served meanwhile.
    expect(Math.min(...elsewhere)).toBeGreaterThan(0);
    expectTime(usedAfterMs).toBeLessThan(10_000);
  });

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
