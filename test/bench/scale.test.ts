import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filled } from '../../bench/published/page.js';
import { axisPlots } from '../../bench/scale/axis-plots.js';
import { verdictsReport } from '../../bench/scale/axis-report.js';
import type { AxisName } from '../../bench/scale/axes.js';
import { figuresOf, roundTripsVerdict, shapeVerdict, type Figure } from '../../bench/scale/judge.js';
import { operationsOf, type MeasuredAxis } from '../../bench/scale/measured-axis.js';
import type { Cost } from '../../bench/scale/measured-turns.js';
import { openMeasured, type Measured } from '../../bench/scale/open-measured.js';
import type { OperationName } from '../../bench/scale/subjects/subject.js';
import type { Store } from '../../src/cache/index.js';
import { needsRedis } from '../support/needs.js';
import { privateRedis, type PrivateRedis } from '../support/private-redis.js';

const costing = (us: number): Cost => ({
  elapsedUs: us,
  cpuUs: us,
  roundTrips: 1,
  redisCommands: undefined,
  loads: 0,
});

const growing = (costOf: (size: number) => number): readonly Figure[] =>
  figuresOf(
    [1, 10, 100, 1000].map((size) => ({
      size,
      // Another program slows one of the rounds down, for all sizes.
      costs: [1, 5, 1].map((slower) => costing(slower * costOf(size))),
    })),
    false,
  );

describe('the judgement of a growing cost', () => {
  it('calls a cost flat that stays within 1.5 times, and one that grows with the size not', () => {
    expect(
      shapeVerdict(
        'flat',
        growing((size) => 50 + size / 100),
      ),
    ).toMatchObject({ isReached: true });
    const linear = shapeVerdict(
      'flat',
      growing((size) => 50 + size),
    );
    expect(linear.isReached).toBe(false);
    expect(linear.says).toBe(
      'not flat: at most 20.59 times (20.59 to 20.59) of the smallest size, at 1,000; asked: 1.5',
    );
  });

  it('calls a cost linear whose slope is small, and neither one with a steep slope nor one that grows with the square', () => {
    expect(
      shapeVerdict(
        'linear',
        growing((size) => 50 + size),
      ),
    ).toMatchObject({ isReached: true });
    expect(
      shapeVerdict(
        'linear',
        growing((size) => size),
      ).says,
    ).toContain('costs 100 % of the first');
    const steep = shapeVerdict(
      'linear',
      growing((size) => 1e4 + size ** 2),
    );
    expect(steep).toMatchObject({ isReached: false });
    expect(steep.says).toContain('not linear: 5.05 times steeper than the size at the end');
  });

  it('takes the worse of time and CPU, or CPU alone', () => {
    const sizes = [1, 2].map((size) => ({ size, costs: [{ ...costing(10), elapsedUs: 10 * size }] }));
    expect(figuresOf(sizes, false)[1]?.ratio.median).toBe(2);
    expect(figuresOf(sizes, true)[1]?.ratio.median).toBe(1);
  });
});

/** A store whose invalidations do something for each member as well. */
const costlyFor =
  (members: number) =>
  (store: Store): Store => ({
    ...store,
    invalidate: async (tags, versions) => {
      for (let member = 0; member < members; member += 1) await store.invalidate([`Group:planted-${member}`]);
      await store.invalidate(tags, versions);
    },
  });

describe.skipIf(!needsRedis())('a cache that grows', () => {
  let redis: PrivateRedis;
  beforeAll(async () => {
    redis = await privateRedis();
  });
  afterAll(() => redis.stop());

  /** Few turns of two sizes, which take turns. */
  const measured = async (
    axis: AxisName,
    sizes: readonly number[],
    { redisUrl, around }: { redisUrl?: string; around?: (size: number) => (store: Store) => Store } = {},
  ): Promise<MeasuredAxis> => {
    const opened: (Measured & { readonly size: number })[] = [];
    for (const size of sizes)
      opened.push({
        size,
        ...(await openMeasured({ axis, size, redisUrl, prefix: `${axis}-${size}` }, around?.(size))),
      });
    const turns = new Map(sizes.map((size) => [size, [] as Awaited<ReturnType<Measured['turn']>>[]]));
    for (let round = 0; round < 3; round += 1)
      for (const { size, turn } of opened) turns.get(size)?.push(await turn());
    for (const { close } of opened) await close();
    return {
      axis,
      store: redisUrl === undefined ? 'memory' : 'redis',
      sizes: opened.map(({ size, entries, memoryBytes }) => ({
        size,
        entries,
        memoryBytes,
        turns: turns.get(size) ?? [],
      })),
    };
  };

  const figuresFor = (axis: MeasuredAxis, name: OperationName): readonly Figure[] =>
    operationsOf(axis).find(({ operation }) => operation === name)?.figures ?? [];

  it('asks Redis the same for the invalidation of a tag, however many members it has', async () => {
    const figures = figuresFor(await measured('members', [1, 500], { redisUrl: redis.url }), 'invalidate');
    expect(roundTripsVerdict(figures)).toEqual({
      isReached: true,
      says: '1.0 store round trips at every size',
    });
    expect(figures[1]?.redisCommands).toBe(figures[0]?.redisCommands);
  });

  it('reads a level of parents in one round trip, and loads it in three', async () => {
    const parents = await measured('parents', [1, 100], { redisUrl: redis.url });
    expect(figuresFor(parents, 'read hit').map(({ roundTrips }) => roundTrips)).toEqual([1, 1]);
    expect(figuresFor(parents, 'read hit').map(({ redisCommands }) => redisCommands)).toEqual([1, 1]);
    expect(figuresFor(parents, 'invalidate').map(({ roundTrips }) => roundTrips)).toEqual([1, 1]);
    expect(figuresFor(parents, 'miss and fill').map(({ roundTrips }) => roundTrips)).toEqual([3, 3]);
    expect(figuresFor(parents, 'miss and fill').map(({ loads }) => loads)).toEqual([1, 1]);
  });

  it('has the same round trips for every viewer and every number of entries', async () => {
    for (const axis of ['entries', 'viewers'] as const) {
      const grown = await measured(axis, [50, 500], { redisUrl: redis.url });
      for (const { operation, figures } of operationsOf(grown))
        expect([operation, roundTripsVerdict(figures).isReached]).toEqual([operation, true]);
    }
  });

  it('is told to be not flat where an invalidation costs something for each member', async () => {
    const inMemory = await measured('members', [1, 500], { around: costlyFor });
    expect(shapeVerdict('flat', figuresFor(inMemory, 'invalidate')).says).toMatch(/^not flat: at most \d+/);
    expect(verdictsReport([inMemory])).toContain(
      '| Members of an invalidated tag | invalidate | memory | **MISSED** | not flat',
    );
    expect(
      axisPlots([inMemory]).map(({ file, svg }) => [file, svg.includes('>invalidate, memory</text>')]),
    ).toEqual([['members.svg', true]]);
    const inRedis = await measured('members', [1, 200], { redisUrl: redis.url, around: costlyFor });
    expect(roundTripsVerdict(figuresFor(inRedis, 'invalidate'))).toEqual({
      isReached: false,
      says: '2.0 to 201.0 store round trips',
    });
  });
});

it('the page of the figures is in the form that a run would give it', async () => {
  const page = readFileSync('docs/scale.md', 'utf8');
  const form = await resolveConfig('docs/scale.md');
  const middle = /<!-- begin: [^>]*-->\n([\s\S]*)\n<!-- end: /.exec(page)?.[1] ?? '';
  expect(await format(filled(page, middle, 'bench -- scale'), { ...form, parser: 'markdown' })).toBe(page);
});
