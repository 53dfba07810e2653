import type * as Hooks from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import { arithmetic } from '../../bench/at-scale/arithmetic.js';
import { usualInputs } from '../../bench/at-scale/inputs.js';
import { NO_COSTS } from '../bench/at-scale-costs.js';
import type { Figures } from './figures.js';
import { simulate, type Simulation, type SimulationOptions } from './simulate.js';
import { told } from './told.js';

vi.mock('ioredis', async () => {
  const { SimulatedCluster, SimulatedRedis } = await import('./simulated-client.js');
  return { Redis: SimulatedRedis, Cluster: SimulatedCluster };
});

vi.mock('node:async_hooks', async (original) => {
  const real = await original<typeof Hooks>();
  const { onOneStorage } = await import('./one-storage.js');
  return { ...real, AsyncLocalStorage: onOneStorage(real.AsyncLocalStorage) };
});

/**
 * The engine in many processes over simulated servers, a network and a clock. Each world is made of its seed. One again:
 *   SIMULATION_SEED=123 npx vitest run test/simulation/simulation.test.ts -t 'a cluster'
 */
const SEED = Number(process.env['SIMULATION_SEED'] ?? Date.now() % 1_000_000);
const isLong = process.env['ATTACKS'] === 'long';
const WITHIN = { timeout: isLong ? 3_600_000 : 90_000 };

const SMALL: SimulationOptions = {
  ...{ seed: SEED, processes: 10, nodes: 1, operations: 1500, eachPerSecond: 20, rows: 40, writeShare: 0.1 },
  troublesPerSecond: 0,
};
const LARGE: Partial<SimulationOptions> = {
  ...{ processes: 1000, eachPerSecond: 50, rows: 2000, writeShare: 0.005 },
};
const ONE_SERVER: Partial<SimulationOptions> = {
  ...{ strictCopies: true, troublesPerSecond: 0.5 },
  ...(isLong ? { ...LARGE, operations: 400_000 } : {}),
};
const CLUSTER: Partial<SimulationOptions> = {
  ...{ nodes: 20, troublesPerSecond: 3 },
  ...(isLong ? { ...LARGE, nodes: 30, operations: 550_000 } : {}),
};
const MANY_NODES: Partial<SimulationOptions> = {
  ...{ nodes: 60, troublesPerSecond: 10, operations: 500, processes: 5 },
  ...(isLong ? { ...LARGE, processes: 100, nodes: 100, operations: 50_000 } : {}),
};

async function world(what: string, options: Partial<SimulationOptions>): Promise<Simulation> {
  const all = { ...SMALL, ...options };
  const simulation = await simulate(all);
  process.stdout.write(told(what, all, simulation));
  return simulation;
}

describe('whatever goes wrong between processes and servers', () => {
  it.each([
    ['one server that restarts, with strict copies', ONE_SERVER],
    ['a cluster whose primaries are lost', CLUSTER],
    ['a cluster of many nodes', MANY_NODES],
  ])('no read is older than what was acknowledged before it: %s', WITHIN, async (what, options) => {
    const { violations, figures } = await world(what, options);
    expect(violations.join('\n')).toBe('');
    expect(figures.hits).toBeGreaterThan(figures.reads / 10);
  });

  it.each([
    ['one server', {}],
    ['a cluster', { nodes: 20 }],
  ])('nothing is loaded twice where half of the wake-ups are lost: %s', WITHIN, async (what, options) => {
    const { violations, figures } = await world(`wake-ups lost, ${what}`, {
      ...options,
      losesWakeUps: true,
    });
    expect(violations.join('\n')).toBe('');
    expect(figures.lost).toBeGreaterThan(0);
    expect(figures.doubled).toBe(0);
  });
});

it('processes that start wake no others, though they try out whether they may', WITHIN, async () => {
  const { atStart } = await simulate({ ...SMALL, nodes: 3, operations: 0 });
  expect(atStart.published).toBe(SMALL.processes * 3);
  expect(atStart.delivered).toBe(0);
});

it('it counts what the arithmetic of the page comes to', WITHIN, async () => {
  const options = { nodes: 20, seed: 3 };
  const { figures } = await world('a quiet cluster', options);
  const { processes, eachPerSecond } = SMALL;
  const seconds = figures.tookMs / 1000;
  const inputs = { ...usualInputs, processes, ...options, reads: eachPerSecond };
  const lines = arithmetic(inputs, NO_COSTS).flatMap((one) => one.lines);
  const reckoned = (what: string): number => lines.find((line) => line.what === what)?.value ?? NaN;
  const counted = (name: string): number => (figures.commands[name] ?? 0) / seconds / options.nodes;
  expect(counted('INFO') / reckoned('looks of the processes')).toBeCloseTo(1, 1);
  expect(counted('CLUSTER') / reckoned('CLUSTER SLOTS and INFO')).toBeCloseTo(1, 1);
  expect(counted('MGET')).toBeLessThan(reckoned('MGET of reads'));
  expect(figures.connections / options.nodes).toBe(reckoned('connections'));
  expect(figures.delivered).toBe(figures.published * processes);
});

it('the same seed makes the same world again', WITHIN, async () => {
  const options = { ...CLUSTER, processes: 6, nodes: 10, operations: 400, seed: 7 };
  const figures = async (): Promise<Figures> => (await simulate({ ...SMALL, ...options })).figures;
  expect(await figures()).toEqual(await figures());
});

describe('it is found', () => {
  const restarts = { troublesPerSecond: 2, onlyTroubles: ['serverRestarts'] } as const;
  const plants: [string, RegExp, Partial<SimulationOptions>][] = [
    [
      'an invalidation were not told to those who keep copies',
      /read version/,
      { plants: ['silent-log'], strictCopies: true },
    ],
    ['a fill ignored its generation', /read version/, { plants: ['fills-blindly'] }],
    ['a restarted server counted as the same, alone', /read version/, { plants: ['same-run'], ...restarts }],
    [
      'a restarted server counted as the same, in a cluster',
      /read version/,
      { plants: ['same-run'], ...restarts, nodes: 10 },
    ],
    ['a lease were given to each process that asks', /was loaded twice/, { plants: ['leases-to-all'] }],
  ];
  it.each(plants)('if %s', WITHIN, async (_, words, options) => {
    const { violations } = await simulate({ ...SMALL, operations: 20_000, ...options, seed: 1 });
    expect(violations[0]).toMatch(words);
    expect(violations[0]).toMatch(/^seed 1: /);
  });
});
