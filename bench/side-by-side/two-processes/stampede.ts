import { percentile } from '../../../test/support/load/percentile.js';
import { peerNames, sharedLibraries } from '../contestants.js';
import { openClient } from './client.js';
import { read } from './exchange.js';
import type { MeasuringPair, Scenario } from './scenario.js';

const AT_ONCE = 200;
/** No other scenario asks for these. */
const FIRST_FILM = 10_000;

/** All want what no process has. */
export const stampede: Scenario = {
  title: 'Cold stampede',
  what: `${AT_ONCE} requests to each of two processes at once, for a film that was never asked for; a load takes 300 ms.`,
  settings: { loadMs: 300, ttlSeconds: 60, staleSeconds: 0 },
  contestants: ['no-cache', ...sharedLibraries, ...peerNames],
  columns: [
    { title: 'p99 ms', over: 'median', digits: 0 },
    { title: 'loads', over: 'median', digits: 0 },
    { title: 'errors', over: 'sum', digits: 0 },
  ],
  targets: [
    { column: 'loads', atMost: 1 },
    { column: 'p99 ms', atMost: 450 },
  ],
  measure: measureStampede,
};

async function measureStampede({ pair, round }: MeasuringPair): Promise<readonly number[]> {
  const clients = pair.servers.map(({ url }) => openClient(url, AT_ONCE));
  const askAll = async (id: string) => {
    const startedAtMs = performance.now();
    return Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: AT_ONCE }, async () => {
          const outcome = await read(client, pair.acknowledged, id);
          return { outcome, latencyMs: performance.now() - startedAtMs };
        }),
      ),
    );
  };
  // The connections are open and the query is known before it begins.
  await askAll(String(FIRST_FILM));
  const before = await pair.usage();
  const asked = await askAll(String(FIRST_FILM + 1 + round));
  const { loads } = await pair.usage();
  for (const client of clients) client.close();
  const p99 = percentile(
    asked.map(({ latencyMs }) => latencyMs),
    0.99,
  );
  return [p99, loads - before.loads, asked.filter(({ outcome }) => outcome === 'error').length];
}
