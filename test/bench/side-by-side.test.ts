import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { peerNames } from '../../bench/side-by-side/contestants.js';
import { worseRatioOf } from '../../bench/side-by-side/ratios.js';
import { peersTable } from '../../bench/side-by-side/table.js';
import type { Slice } from '../../bench/overhead/slices.js';
import { createWorkloads } from '../../bench/overhead/workloads.js';

const slice = (round: number, server: string, requestsPerSecond: number, cpuPerRequestUs: number): Slice => ({
  round,
  server,
  workload: 'one',
  requestsPerSecond,
  cpuPerRequestUs,
  redisPerEntryReadUs: undefined,
  redisPerEntryAskedUs: 0,
  loads: 0,
});

const slices = [
  ...[0, 1, 2, 3].map((round) => slice(round, 'constants', 1000, 100)),
  slice(0, 'library-memo', 90_000, 1),
  slice(1, 'library-memo', 4000, 50),
  slice(2, 'library-memo', 2500, 20),
  slice(3, 'library-memo', 3000, 25),
  slice(0, 'mercurius-cache', 1, 1),
  ...[1, 2, 3].map((round) => slice(round, 'mercurius-cache', 3500, 20)),
];

it('of requests and CPU the worse counts in each round, and the first round does not', () => {
  expect(worseRatioOf(slices, 'library-memo', 'one')).toEqual({ median: 2.5, lower: 2.25, upper: 2.75 });
});

it('the best comes first, with its spread, and a target that is missed is named so', () => {
  const rows = peersTable(slices, createWorkloads(100)).split('\n').slice(2);
  expect(rows.map((row) => row.split('|').slice(5).join('|').trim())).toEqual([
    '**3.50** | 3.50 to 3.50 |  |',
    '**2.50** | 2.25 to 2.75 | 3, MISSED |',
    '**1.00** | 1.00 to 1.00 |  |',
  ]);
});

it('each peer that can be asked for is one that the program of the peers starts', () => {
  const program = readFileSync('bench/peers/program.ts', 'utf8');
  const started = [...program.matchAll(/^ {2}\['([^']+)', { start/gm)].map(([, name]) => name);
  expect(started).toEqual(peerNames);
});
