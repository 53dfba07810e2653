import { setTimeout as passes } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisStore } from '../../src/cache/redis/index.js';
import { type Store } from '../../src/cache/index.js';
import type { MemoCounters } from '../../src/cache/types/index.js';
import { needsRedis } from '../support/needs.js';
import { withBlindFill, withSilentLog } from '../support/stores/planted-stores.js';
import { everyServer, keysOf, redisClient } from '../support/servers/redis-client.js';
import { privateTestedRedis, useTestedRedis } from '../support/servers/tested-redis.js';
import { rowCache, type RowCache, type RowField, type RowsAnsweredBy } from '../support/worlds/row-cache.js';
import { VersionRegister } from '../support/worlds/version-register.js';

/** The full soak: `SOAK_READS=40000 npx vitest run test/races/soak.test.ts`. Without it, as much as fits its time. */
const FULL_READS = Number(process.env['SOAK_READS'] ?? 0);
const TIME_BOX_MS = 6_000;
const TROUBLED_BOX_MS = 3000;
/** A busy machine has more time for these. */
const FEWEST_READS = 3_000;
const MOST_MS = 60_000;
/** Where whole answers are kept: of the same reads, a busy machine, on which writes come closer together, gives fewer. */
const FEWEST_WHOLE = 150;
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

/** In the short form no write may fail on a machine so busy that Redis is held up for longer than the 100 ms a command has else. */
const PATIENT_MS = 5_000;

/** After `boxMs`, so many reads, and so many whole answers; where there is a log, once it was taken away. */
const isSoaked =
  (boxMs: number, fewestReads: number, { hasLog = false, fewestWhole = 0 } = {}): SoakOptions['isOver'] =>
  ({ reads, whole, forMs, evicted }) => {
    const isEnough = reads >= fewestReads && whole >= fewestWhole && (!hasLog || evicted.has('log'));
    return forMs >= (isEnough ? boxMs : MOST_MS);
  };

const oneOf = <T>(items: readonly T[]): T => {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
};

/** `e` for entries, `l` for leases, `g` for generations, or the epoch. */
const kindOf = (key: string): string => /:([elg]):\{/.exec(key)?.[1] ?? key.split(':')[1] ?? key;

function wholeOf(caches: readonly RowCache[], count: (counters: MemoCounters) => number): number {
  return caches.reduce((total, { cache }) => total + count(cache.stats.memo()), 0);
}

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
  /** Writes whose invalidation failed: they were never acknowledged. */
  readonly refused: number;
  readonly undecodable: number;
  /** Answers that were given without an execution, and those of them in front of the server. */
  readonly whole: number;
  readonly inFront: number;
}

const faultsOf = ({ stale, refused, undecodable }: Soaked) => ({ stale, refused, undecodable });

interface SoakOptions {
  readonly isOver: (so: {
    reads: number;
    whole: number;
    stale: number;
    forMs: number;
    evicted: ReadonlySet<string>;
  }) => boolean;
  readonly plant?: (store: Store) => Store;
  readonly strictCopies?: boolean;
  readonly answeredBy?: RowsAnsweredBy;
  /** Comes over the server again and again. */
  readonly trouble?: () => Promise<unknown>;
}

describe.skipIf(!needsRedis())('readers, writers and an evictor on one Redis', () => {
  const used = useTestedRedis(true, privateTestedRedis);

  async function startCaches(
    register: VersionRegister,
    { plant = (store) => store, strictCopies = false, answeredBy, trouble }: SoakOptions,
  ): Promise<RowCache[]> {
    const patience = trouble === undefined && FULL_READS === 0 ? { commandTimeoutMs: PATIENT_MS } : {};
    const caches = Array.from({ length: CACHES }, () => {
      const client = redisClient(used.url);
      const store = redisStore(client, { prefix: 'soak', ...patience });
      return rowCache({ store: plant(store), database: register, strictCopies, answeredBy });
    });
    await Promise.all(caches.map(({ cache }) => cache.start()));
    onTestFinished(async () => void (await Promise.all(caches.map(({ cache }) => cache.close()))));
    return caches;
  }

  /** Reads and writes until `isOver`, while keys of every kind are taken away. */
  async function soak(options: SoakOptions): Promise<Soaked> {
    const { isOver, trouble } = options;
    const register = new VersionRegister();
    const caches = await startCaches(register, options);
    const stale: string[] = [];
    const startedAtMs = performance.now();
    let [reads, writes, refused, evictions] = [0, 0, 0, 0];
    const evicted = new Set<string>();
    const whole = (): number => wholeOf(caches, ({ hits }) => hits);
    const goesOn = (): boolean =>
      !isOver({
        reads,
        whole: whole(),
        stale: stale.length,
        forMs: performance.now() - startedAtMs,
        evicted,
      });

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
        const version = await register.write(id);
        try {
          await oneOf(caches).cache.invalidate([`Row:${id}`]);
          register.acknowledge(id, version);
          writes += 1;
        } catch {
          // The store could not be reached, and says so: nobody was promised anything.
          refused += 1;
        }
        await passes(Math.random() * 150);
      }
    };
    const evictor = async (): Promise<void> => {
      while (goesOn()) {
        const keys = await keysOf(used.redis, 'soak:*');
        if (keys.length > 0) {
          const key = oneOf(keys);
          evictions += await used.redis.unlink(key);
          evicted.add(kindOf(key));
        }
        await passes(EVICTION_EVERY_MS);
      }
    };
    const troublemaker = async (): Promise<void> => {
      while (trouble !== undefined && goesOn()) await trouble();
    };
    const actors = [
      ...Array.from({ length: READERS }, reader),
      ...Array.from({ length: WRITERS }, writer),
      evictor(),
      troublemaker(),
    ];
    await Promise.all(actors);

    const counters = caches.flatMap(({ cache }) => Object.values(cache.stats.counters()));
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
      refused,
      undecodable: sum((of) => of.undecodable),
      whole: whole(),
      inFront: wholeOf(caches, ({ inFront }) => inFront),
    };
  }

  it(
    'never shows a reader less than was acknowledged before he began',
    async () => {
      const soaked = await soak({
        isOver: FULL_READS > 0 ? ({ reads }) => reads >= FULL_READS : isSoaked(TIME_BOX_MS, FEWEST_READS),
      });
      expect(faultsOf(soaked)).toEqual({ stale: [], refused: 0, undecodable: 0 });
      expect(soaked.reads).toBeGreaterThanOrEqual(FULL_READS > 0 ? FULL_READS : FEWEST_READS);
      expect(soaked.writes).toBeGreaterThan(soaked.reads / 1000);
      expect(soaked.evictions).toBeGreaterThan(soaked.reads / 1000);
      expect([...soaked.evicted]).toEqual(expect.arrayContaining(['e', 'l', 'g', 'epoch']));
      expect(soaked.hitRatio).toBeGreaterThan(0.1);
      if (FULL_READS > 0) process.stdout.write(`soak ${JSON.stringify(soaked)}\n`);
    },
    FULL_READS > 0 ? 60_000 + FULL_READS * 10 : 120_000,
  );

  const troubles: readonly (readonly [string, () => Promise<unknown>])[] = [
    [
      'hangs for a moment',
      async () => {
        await passes(200 + Math.random() * 400);
        const { pid } = oneOf(used.servers);
        process.kill(pid, 'SIGSTOP');
        await passes(Math.random() * 300);
        process.kill(pid, 'SIGCONT');
      },
    ],
    [
      'forgets everything and drops its subscribers',
      async () => {
        await passes(150);
        const all = (await everyServer(used.redis)).map((server) => [
          server.flushall(),
          server.script('FLUSH'),
          server.call('CLIENT', 'KILL', 'TYPE', 'pubsub'),
        ]);
        await Promise.all(all.flat());
      },
    ],
  ];

  const kinds: readonly (readonly [string, Pick<SoakOptions, 'strictCopies' | 'answeredBy'>])[] = [
    ['', {}],
    [' and copies are strict', { strictCopies: true }],
    [' and whole answers are kept', { answeredBy: 'memo' }],
    [' and they are given in front of Apollo Server', { answeredBy: 'front' }],
  ];
  const troubled = kinds.flatMap(([kind, options]) =>
    troubles.map(([name, trouble]) => [name, kind, trouble, options] as const),
  );

  it.each(troubled)('nor does it while Redis %s, again and again%s', async (_, _kind, trouble, options) => {
    const soaked = await soak({ isOver: isSoaked(TROUBLED_BOX_MS, FEWEST_READS / 4), trouble, ...options });
    expect({ stale: soaked.stale, undecodable: soaked.undecodable }).toEqual({ stale: [], undecodable: 0 });
    expect(soaked.reads).toBeGreaterThanOrEqual(FEWEST_READS / 4);
    expect(soaked.writes).toBeGreaterThan(soaked.reads / 1000);
    expect(soaked.hitRatio).toBeGreaterThan(0.1);
  });

  it.each<[string, Pick<SoakOptions, 'strictCopies' | 'answeredBy'>]>([
    ['copies that are proven unchanged first', { strictCopies: true }],
    ['whole answers that are proven unchanged first', { answeredBy: 'memo' }],
    ['both', { strictCopies: true, answeredBy: 'memo' }],
    ['whole answers in front of Apollo Server', { answeredBy: 'front' }],
  ])(
    'nor does it from %s',
    async (name, options) => {
      const fewestWhole = options.answeredBy === 'memo' || options.answeredBy === 'front' ? FEWEST_WHOLE : 0;
      const soaked = await soak({
        isOver:
          FULL_READS > 0
            ? ({ reads }) => reads >= FULL_READS
            : isSoaked(TROUBLED_BOX_MS, FEWEST_READS / 4, { hasLog: true, fewestWhole }),
        ...options,
      });
      expect(faultsOf(soaked)).toEqual({ stale: [], refused: 0, undecodable: 0 });
      expect(soaked.reads).toBeGreaterThanOrEqual(FULL_READS > 0 ? FULL_READS : FEWEST_READS / 4);
      expect([...soaked.evicted]).toContain('log');
      expect(soaked.whole).toBeGreaterThanOrEqual(fewestWhole);
      if (options.answeredBy === 'front') expect(soaked.inFront).toBeGreaterThan(0);
      if (FULL_READS > 0) process.stdout.write(`soak of ${name} ${JSON.stringify(soaked)}\n`);
    },
    FULL_READS > 0 ? 60_000 + FULL_READS * 10 : 120_000,
  );

  it.each<[string, Pick<SoakOptions, 'strictCopies' | 'answeredBy'>]>([
    ['copies', { strictCopies: true }],
    ['whole answers', { answeredBy: 'memo' }],
    ['answers in front of Apollo Server', { answeredBy: 'front' }],
  ])('would, within seconds, if %s did not hear of invalidations', async (_, options) => {
    const { stale } = await soak({
      isOver: (so) => so.stale >= 100 || so.forMs >= PLANTED_BOX_MS,
      plant: withSilentLog,
      ...options,
    });
    expect(stale.length).toBeGreaterThanOrEqual(100);
  });

  it('would, within seconds, if a late fill were stored as new', async () => {
    const { stale } = await soak({
      isOver: (so) => so.stale >= 100 || so.forMs >= PLANTED_BOX_MS,
      plant: withBlindFill,
    });
    expect(stale.length).toBeGreaterThanOrEqual(100);
  });
});
