import { openLoop } from '../../../test/support/load/open-loop.js';
import { percentile } from '../../../test/support/load/percentile.js';
import { zipf } from '../../overhead/workloads.js';
import { peerNames, sharedLibraries } from '../contestants.js';
import { openClient } from './client.js';
import { read, write } from './exchange.js';
import { WRITES } from './mixed.js';
import type { PausableRedis } from './pair.js';
import type { MeasuringPair, Scenario } from './scenario.js';

const PER_SECOND = 150;
const FILMS = 300;
const BEFORE_MS = 1500;
const AWAY_MS = 3000;
const AFTER_MS = 2000;

export const killed = outage(
  { title: 'Redis killed for 3 s', p99Ms: 20 },
  { begin: (redis) => redis.kill(), end: (redis) => redis.startAgain() },
);
export const hung = outage(
  { title: 'Redis hung for 3 s', p99Ms: 40 },
  { begin: (redis) => redis.hang(), end: (redis) => redis.goOn() },
);

interface Away {
  begin(redis: PausableRedis): Promise<void> | void;
  end(redis: PausableRedis): Promise<void> | void;
}

function outage({ title, p99Ms }: { readonly title: string; readonly p99Ms: number }, away: Away): Scenario {
  return {
    title,
    what: `${PER_SECOND} requests per second to two processes in turn, 5 in 100 of them writes, of ${FILMS} films by popularity, 3 ms a load. p99 is that of the requests that were sent during the outage; errors and stale answers are all until two seconds after it.`,
    settings: { loadMs: 3, ttlSeconds: 60, staleSeconds: 0 },
    contestants: ['no-cache', ...sharedLibraries, ...peerNames],
    columns: [
      { title: 'p99 ms', over: 'median', digits: 0 },
      { title: 'errors', over: 'sum', digits: 0 },
      { title: 'stale answers', over: 'sum', digits: 0 },
    ],
    targets: [
      { column: 'p99 ms', atMost: p99Ms },
      { column: 'errors', atMost: 0 },
      { column: 'stale answers', atMost: 0 },
    ],
    measure: (measuring) => measureOutage(measuring, away),
  };
}

async function measureOutage({ pair, round, signal }: MeasuringPair, away: Away): Promise<readonly number[]> {
  const clients = pair.servers.map(({ url }) => openClient(url, PER_SECOND));
  const draw = zipf(FILMS, round + 1);
  for (let id = 1; id <= FILMS; id += 1) {
    await Promise.all(clients.map((client) => read(client, pair.acknowledged, String(id))));
  }
  let turn = 0;
  let outcome: Promise<void> = Promise.resolve();
  let [hasBegun, hasEnded] = [false, false];
  const asked = await openLoop({
    perSecond: PER_SECOND,
    goesOn: (atMs) => {
      if (atMs >= BEFORE_MS && !hasBegun) {
        hasBegun = true;
        outcome = outcome.then(() => away.begin(pair.redis));
      }
      if ((atMs >= BEFORE_MS + AWAY_MS || signal.aborted) && hasBegun && !hasEnded) {
        hasEnded = true;
        outcome = outcome.then(() => away.end(pair.redis));
      }
      return atMs < BEFORE_MS + AWAY_MS + AFTER_MS && !signal.aborted;
    },
    ask: async () => {
      const client = clients[(turn += 1) % clients.length];
      const ask = Math.random() < WRITES ? write : read;
      return client === undefined ? 'error' : ask(client, pair.acknowledged, draw());
    },
  });
  await outcome;
  for (const client of clients) client.close();
  const during = asked.filter(({ dueMs }) => dueMs >= BEFORE_MS && dueMs < BEFORE_MS + AWAY_MS);
  const p99 = percentile(
    during.map(({ latencyMs }) => latencyMs),
    0.99,
  );
  const counted = (of: string): number => asked.filter(({ answer }) => answer === of).length;
  return [p99, counted('error'), counted('stale')];
}
