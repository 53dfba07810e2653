import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Flood, type Measured, floodProcess } from '../support/processes/memory-process.js';
import { needsRedis } from '../support/needs.js';
import { type WorkerRedis, workerRedis } from '../support/servers/worker-redis.js';

const isLong = process.env['ATTACKS'] === 'long';
const MIB = 1024 * 1024;
/** What is compiled, and what the heap keeps for itself. */
const NOISE = 2 * MIB;
/** What is not collected yet, of a heap of 512 MB. */
const GARBAGE = 128 * MIB;
/** What a process remembers of keys beside its entries, as docs/memory.md says. */
const MEMOS = (isLong ? 8 : 2) * MIB;

const answers = isLong ? 30_000 : 500;
const answersMaxBytes = (isLong ? 128 : 1) * MIB;
const keys = isLong ? 1_000_000 : 1200;
const keysMaxBytes = (isLong ? 32 : 1) * MIB;

const some: readonly Flood['kind'][] = [
  'keys of cache.fetch',
  'namespaces of cache.fetch',
  'ids and locales',
  'operations',
  'argument sets of what is kept warm',
  'writes behind that the database refuses',
];
const others: readonly Flood['kind'][] = [
  'ids of films',
  'locales',
  'viewers',
  'tags that are invalidated',
  'loads that fail',
];
const small = isLong ? [...some, ...others] : some;

describe('what a process holds, with a heap of 512 MB', () => {
  let measured: Measured;
  beforeAll(async () => {
    const floods: Flood[] = [
      { kind: 'large answers', keys: answers, maxBytes: answersMaxBytes },
      ...small.map((kind) => ({
        ...{ kind, keys: countOf(kind), maxBytes: keysMaxBytes },
        idles: isLong && kind === 'operations',
      })),
    ];
    measured = await floodProcess({ floods, values: true }, 512);
    if (isLong) print(measured);
    process.stdout.write(JSON.stringify(measured.values));
  }, 3_600_000);

  it.each<Flood['kind']>(['large answers', ...small])(
    'stays within its bound and a half in a flood of %s',
    (kind) => {
      const flooded = measured.floods.get(kind);
      const [maxBytes, memos] = kind === 'large answers' ? [answersMaxBytes, 0] : [keysMaxBytes, MEMOS];
      expect(flooded?.held).toBeLessThan(1.5 * maxBytes + memos + NOISE);
      expect(flooded?.rss).toBeLessThan(1.5 * maxBytes + memos + GARBAGE);
      expect(flooded?.counters).toBeLessThan(250);
      if (isLong && kind === 'operations') expect(flooded?.idleCpuMs).toBeLessThan(100);
      // Each dead letter is told.
      if (kind !== 'writes behind that the database refuses') expect(flooded?.lines).toBeLessThan(1100);
    },
  );

  it('counts decoded values as what they take', () => {
    const shares = Object.values(measured.values);
    expect(shares).toHaveLength(9);
    for (const share of shares) expect(share).toBeLessThan(1.35);
    for (const share of shares) expect(share).toBeGreaterThan(0.5);
  });
});

describe.skipIf(!needsRedis())('what a process holds in front of Redis', () => {
  let server: WorkerRedis;
  let measured: Measured;
  const kinds: readonly Flood['kind'][] = [
    'strict copies',
    'ids of films',
    ...(isLong ? (['large answers, asked for twice', 'copies for some seconds'] as const) : []),
  ];
  beforeAll(async () => {
    server = await workerRedis();
    const floods = kinds.map((kind) => ({
      ...{ kind, maxBytes: answersMaxBytes / 2, redisUrl: server.url },
      keys: isLong && kind === 'ids of films' ? 200_000 : answers / 2,
    }));
    measured = await floodProcess({ floods }, 512);
    if (isLong) print(measured);
  }, 3_600_000);
  afterAll(async () => server.stop());

  it.each(kinds)('stays within its bound and a half in a flood of %s', (kind) => {
    const memos = kind === 'ids of films' ? MEMOS : 0;
    expect(measured.floods.get(kind)?.held).toBeLessThan(0.75 * answersMaxBytes + memos + NOISE);
  });

  it('leaves nothing in Redis that stays for ever', () => {
    const { immortal, redisKeys = 0 } = measured.floods.get('ids of films') ?? {};
    expect(redisKeys).toBeGreaterThan(answers / 2);
    expect(immortal).toEqual([]);
  });
});

function print({ floods }: Measured): void {
  for (const [kind, { held, rss, ms, idleCpuMs }] of floods) {
    const idle = idleCpuMs === undefined ? '' : `, then ${Math.round(idleCpuMs)} ms of CPU in 5 s`;
    process.stdout.write(
      `${kind}: held ${inMib(held)} MiB, RSS +${inMib(rss)} MiB, ${Math.round(ms)} ms${idle}\n`,
    );
  }
}

function inMib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

function countOf(kind: Flood['kind']): number {
  // Each is 20 kB long.
  return kind === 'argument sets of what is kept warm' ? (isLong ? 100_000 : 400) : keys;
}
