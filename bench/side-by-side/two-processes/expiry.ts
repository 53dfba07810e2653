import { Redis } from 'ioredis';
import { openLoop } from '../../../test/support/load/open-loop.js';
import { percentile } from '../../../test/support/load/percentile.js';
import { originKey } from '../../servers/versioned-films.js';
import { peerNames, sharedLibraries } from '../contestants.js';
import { openClient } from './client.js';
import { read } from './exchange.js';
import type { MeasuringPair, Scenario } from './scenario.js';

const LOAD_MS = 300;
const PER_SECOND = 100;
const FILM = '1';

/** One film that many ask for ends again and again. */
export const expiry: Scenario = {
  title: 'Expiry',
  what: `${PER_SECOND} requests per second for one film, to two processes in turn; it is fresh for 1 s, may be given for 1 s more while it is loaded, and a load takes ${LOAD_MS} ms. Loads that overlap belong to one expiry.`,
  settings: { loadMs: LOAD_MS, ttlSeconds: 1, staleSeconds: 1 },
  contestants: ['constants', ...sharedLibraries, ...peerNames],
  columns: [
    { title: 'p99 ms', over: 'median', digits: 0 },
    { title: 'slowest ms', over: 'median', digits: 0 },
    { title: 'loads an expiry', over: 'median', digits: 1 },
    { title: 'errors', over: 'sum', digits: 0 },
  ],
  targets: [
    { column: 'loads an expiry', atMost: 1 },
    { column: 'slowest ms', atMost: 20, above: 'constants' },
  ],
  measure: measureExpiry,
};

async function measureExpiry(measuring: MeasuringPair): Promise<readonly number[]> {
  const { pair, isQuick, originUrl, signal } = measuring;
  const lastsMs = isQuick ? 3000 : 6000;
  const clients = pair.servers.map(({ url }) => openClient(url, PER_SECOND));
  // It is there when the time begins.
  for (const client of clients) await read(client, pair.acknowledged, FILM);
  // What watches is another client, which it opens.
  const origin = await new Redis(originUrl, { lazyConnect: true }).monitor();
  const loadedAtMs: number[] = [];
  const key = originKey(pair.name, FILM);
  origin.on('monitor', (seconds: string, words: readonly string[]) => {
    if (words[1] === key) loadedAtMs.push(Number(seconds) * 1000);
  });
  let turn = 0;
  const asked = await openLoop({
    perSecond: PER_SECOND,
    goesOn: (atMs) => atMs < lastsMs && !signal.aborted,
    ask: async () => {
      const client = clients[(turn += 1) % clients.length];
      return client === undefined ? 'error' : read(client, pair.acknowledged, FILM);
    },
  });
  origin.disconnect();
  for (const client of clients) client.close();
  const latenciesMs = asked.map(({ latencyMs }) => latencyMs);
  const errors = asked.filter(({ answer }) => answer === 'error').length;
  return [percentile(latenciesMs, 0.99), Math.max(...latenciesMs), loadsAnExpiry(loadedAtMs), errors];
}

/** Not a number where nothing was loaded. */
export function loadsAnExpiry(loadedAtMs: readonly number[]): number {
  let [expiries, endsAtMs] = [0, -Infinity];
  for (const atMs of [...loadedAtMs].sort((a, b) => a - b)) {
    if (atMs <= endsAtMs) continue;
    expiries += 1;
    endsAtMs = atMs + LOAD_MS;
  }
  return loadedAtMs.length / expiries;
}
