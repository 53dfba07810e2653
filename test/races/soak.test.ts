import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { redisStore, type Store } from '../../src/cache/index.js';
import { needsRedis } from '../support/needs.js';
import { withBlindFill } from '../support/planted-stores.js';
import { privateRedis, type PrivateRedis } from '../support/private-redis.js';
import { rowCache, type Row, type RowCache, type RowField } from '../support/row-cache.js';

/** The full soak: `SOAK_READS=40000 npx vitest run test/races/soak.test.ts`. Without it, as much as fits its time. */
const FULL_READS = Number(process.env['SOAK_READS'] ?? 0);
const TIME_BOX_MS = 12_000;
/** What even a busy machine reaches in that time. */
const FEWEST_READS = 5_000;
const PLANTED_BOX_MS = 8_000;

const CACHES = 3;
const READERS = 20;
const WRITERS = 4;
const EVICTION_EVERY_MS = 10;
/** Two rows under their own keys, two under a tag. */
const ROWS: readonly { readonly field: RowField; readonly id: string }[] = [
  { field: 'through', id: '1' },
  { field: 'through', id: '2' },
  { field: 'aside', id: '3' },
  { field: 'fetched', id: '4' },
];

const oneOf = <T>(items: readonly T[]): T => {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
};

/** Versioned rows, and what has been acknowledged of them. Loads take 0 to 30 ms, and one in a hundred 400 ms. */
class Register {
  readonly acknowledged = new Map<string, number>();
  readonly #versions = new Map<string, number>();

  async load(id: string): Promise<Row> {
    const snapshot = { id, version: this.#versions.get(id) ?? 0 };
    await passes(Math.random() < 0.01 ? 400 : Math.random() * 30);
    return snapshot;
  }

  write(id: string): Promise<number> {
    const version = (this.#versions.get(id) ?? 0) + 1;
    this.#versions.set(id, version);
    return Promise.resolve(version);
  }

  atLeast(id: string): number {
    return this.acknowledged.get(id) ?? 0;
  }

  acknowledge(id: string, version: number): void {
    this.acknowledged.set(id, Math.max(this.atLeast(id), version));
  }
}

/** `e` for entries, `l` for leases, `g` for generations, or the epoch. */
const kindOf = (key: string): string => /:([elg]):\{/.exec(key)?.[1] ?? key.replace('soak:', '');

interface Soaked {
  readonly reads: number;
  readonly writes: number;
  readonly evictions: number;
  /** What kinds of keys were taken away. */
  readonly evicted: ReadonlySet<string>;
  readonly hitRatio: number;
  readonly readsPerSecond: number;
  /** Reads that returned less than was acknowledged when they began. */
  readonly stale: readonly string[];
  readonly failedInvalidations: number;
  readonly undecodable: number;
}

describe.skipIf(!needsRedis())('readers, writers and an evictor on one Redis', () => {
  let server: PrivateRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await privateRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  async function startCaches(database: Register, plant: (store: Store) => Store): Promise<RowCache[]> {
    const caches = Array.from({ length: CACHES }, () => {
      const store = redisStore(new Redis(server.url, { lazyConnect: true }), { prefix: 'soak' });
      return rowCache({ store: plant(store), database });
    });
    await Promise.all(caches.map(({ cache }) => cache.start()));
    onTestFinished(async () => void (await Promise.all(caches.map(({ cache }) => cache.close()))));
    return caches;
  }

  /** Reads and writes until `isOver`, while keys of every kind are taken away. */
  async function soak(
    isOver: (so: { reads: number; stale: number; forMs: number }) => boolean,
    plant: (store: Store) => Store = (store) => store,
  ): Promise<Soaked> {
    const register = new Register();
    const caches = await startCaches(register, plant);
    const stale: string[] = [];
    const startedAtMs = performance.now();
    let [reads, writes, evictions] = [0, 0, 0];
    const goesOn = (): boolean =>
      !isOver({ reads, stale: stale.length, forMs: performance.now() - startedAtMs });

    const reader = async (): Promise<void> => {
      while (goesOn()) {
        const { field, id } = oneOf(ROWS);
        const atLeast = register.atLeast(id);
        const version = await oneOf(caches).read(field, id);
        reads += 1;
        if (version < atLeast) stale.push(`${field} ${id}: read ${version}, acknowledged ${atLeast}`);
      }
    };
    const writer = async (): Promise<void> => {
      while (goesOn()) {
        const { id } = oneOf(ROWS);
        register.acknowledge(id, await oneOf(caches).write(id));
        writes += 1;
        await passes(Math.random() * 150);
      }
    };
    const evicted = new Set<string>();
    const evictor = async (): Promise<void> => {
      while (goesOn()) {
        const keys = await redis.keys('soak:*');
        if (keys.length > 0) {
          const key = oneOf(keys);
          evictions += await redis.unlink(key);
          evicted.add(kindOf(key));
        }
        await passes(EVICTION_EVERY_MS);
      }
    };
    const actors = [
      ...Array.from({ length: READERS }, reader),
      ...Array.from({ length: WRITERS }, writer),
      evictor(),
    ];
    await Promise.all(actors);

    const counters = caches.flatMap(({ cache }) => Object.values(cache.counters()));
    const sum = (count: (of: (typeof counters)[number]) => number): number =>
      counters.reduce((total, of) => total + count(of), 0);
    return {
      reads,
      writes,
      evictions,
      evicted,
      stale,
      hitRatio: sum(({ hits }) => hits) / reads,
      readsPerSecond: Math.round((reads * 1000) / (performance.now() - startedAtMs)),
      failedInvalidations: sum((of) => of.failedInvalidations),
      undecodable: sum((of) => of.undecodable),
    };
  }

  it(
    'never shows a reader less than was acknowledged before he began',
    async () => {
      const soaked = await soak(({ reads, forMs }) =>
        FULL_READS > 0 ? reads >= FULL_READS : forMs >= TIME_BOX_MS,
      );
      expect(soaked).toMatchObject({ stale: [], failedInvalidations: 0, undecodable: 0 });
      expect(soaked.reads).toBeGreaterThanOrEqual(FULL_READS > 0 ? FULL_READS : FEWEST_READS);
      expect(soaked.writes).toBeGreaterThan(soaked.reads / 1000);
      expect(soaked.evictions).toBeGreaterThan(soaked.reads / 1000);
      expect([...soaked.evicted].sort()).toEqual(['e', 'epoch', 'g', 'l']);
      expect(soaked.hitRatio).toBeGreaterThan(0.1);
      if (FULL_READS > 0) process.stdout.write(`soak ${JSON.stringify(soaked)}\n`);
    },
    FULL_READS > 0 ? 60_000 + FULL_READS * 10 : 60_000,
  );

  it('would, within seconds, if a late fill were stored as new', async () => {
    const { stale } = await soak((so) => so.stale >= 100 || so.forMs >= PLANTED_BOX_MS, withBlindFill);
    expect(stale.length).toBeGreaterThanOrEqual(100);
  });
});
