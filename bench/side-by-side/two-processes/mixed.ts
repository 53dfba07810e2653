import { zipf } from '../../overhead/workloads.js';
import { peerNames, sharedLibraries } from '../contestants.js';
import type { Acknowledged } from './acknowledged.js';
import { openClient, type Client } from './client.js';
import { read, write } from './exchange.js';
import type { MeasuringPair, Scenario } from './scenario.js';

const FILMS = 3200;
const CONNECTIONS = 32;
export const WRITES = 0.05;
/** The round that is dropped lasts so much longer: what is measured is a server that has run for a while. */
const WARM_UP_TIMES = 4;

/** Reads and writes by 64 clients, each of which asks again as soon as it is answered. */
export const mixed: Scenario = {
  title: '95 reads to 5 writes',
  what: `Films by popularity, ${2 * CONNECTIONS} connections to two processes, 3 ms a load. The ratio is the worse of requests per second and CPU to those without a cache. A stale answer is one that is older than a write that was acknowledged before it was asked for. Redis commands count those inside scripts too.`,
  // Longer than all rounds: what ends while the others have their turn would be loaded in each slice.
  settings: { loadMs: 3, ttlSeconds: 600, staleSeconds: 0 },
  contestants: ['no-cache', ...sharedLibraries, ...peerNames],
  columns: [
    { title: 'req/s', over: 'median', digits: 0 },
    { title: 'CPU µs a request', over: 'median', digits: 0 },
    { title: 'stale answers', over: 'sum', digits: 0 },
    { title: 'errors', over: 'sum', digits: 0 },
    { title: 'Redis commands a request', over: 'median', digits: 2 },
  ],
  ratio: { to: 'no-cache', more: 0, less: 1 },
  targets: [
    { column: 'stale answers', atMost: 0 },
    { column: 'Redis commands a request', atMost: 0.6 },
  ],
  measure: measureMixed,
};

async function measureMixed({ pair, round, isQuick, signal }: MeasuringPair): Promise<readonly number[]> {
  const seconds = (isQuick ? 1 : 3) * (round === 0 ? WARM_UP_TIMES : 1);
  // The same for all in one round.
  const draw = zipf(FILMS, round + 1);
  let [asked, stale, errors] = [0, 0, 0];
  const clients = pair.servers.map(({ url }) => openClient(url, CONNECTIONS));
  if (round === 0) await readAll(clients, pair.acknowledged);
  const before = await pair.usage();
  const commandsBefore = await pair.redis.commands();
  const startedAtMs = performance.now();
  const untilMs = startedAtMs + seconds * 1000;
  const connections = clients.flatMap((client) =>
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < untilMs && !signal.aborted) {
        const ask = Math.random() < WRITES ? write : read;
        const outcome = await ask(client, pair.acknowledged, draw());
        asked += 1;
        if (outcome === 'stale') stale += 1;
        if (outcome === 'error') errors += 1;
      }
    }),
  );
  await Promise.all(connections);
  const lasted = (performance.now() - startedAtMs) / 1000;
  for (const client of clients) client.close();
  const commands = (await pair.redis.commands()) - commandsBefore;
  const { cpuMs } = await pair.usage();
  return [asked / lasted, ((cpuMs - before.cpuMs) * 1000) / asked, stale, errors, commands / asked];
}

/** So that the rounds that count meet a cache that is warm, as far as writes leave it so. */
async function readAll(clients: readonly Client[], acknowledged: Acknowledged): Promise<void> {
  const ids = Array.from({ length: FILMS }, (_, index) => String(index + 1)).values();
  const readers = clients.flatMap((client) =>
    Array.from({ length: CONNECTIONS }, async () => {
      for (const id of ids) await read(client, acknowledged, id);
    }),
  );
  await Promise.all(readers);
}
