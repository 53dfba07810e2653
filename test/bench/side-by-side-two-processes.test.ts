import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { startSharedLibrary } from '../../bench/servers/shared.js';
import { acknowledgedWrites } from '../../bench/side-by-side/two-processes/acknowledged.js';
import { openClient } from '../../bench/side-by-side/two-processes/client.js';
import { read, write, type Outcome } from '../../bench/side-by-side/two-processes/exchange.js';
import { expiry, loadsAnExpiry } from '../../bench/side-by-side/two-processes/expiry.js';
import { mixed } from '../../bench/side-by-side/two-processes/mixed.js';
import { resultsOf } from '../../bench/side-by-side/two-processes/results.js';
import { scenarioReport, standingsOf } from '../../bench/side-by-side/two-processes/scenario-report.js';
import { whereOthersLead } from '../../bench/side-by-side/standing.js';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { needsBinary } from '../support/needs.js';
import { privateRedis } from '../support/private-redis.js';

const closers: Closer[] = [];
afterAll(() => closeAll(closers));

/** Reads and writes one film by two servers in turn, as the clients of the bench do. */
async function outcomesOf(urls: readonly string[]): Promise<readonly Outcome[]> {
  const acknowledged = acknowledgedWrites();
  const clients = urls.map((url) => openClient(url, 4));
  closers.push(...clients.map(({ close }) => ({ what: 'a client', close: () => Promise.resolve(close()) })));
  const outcomes: Outcome[] = [];
  for (let round = 0; round < 20; round += 1) {
    for (const client of clients) outcomes.push(await read(client, acknowledged, '7'));
    const writer = clients[round % clients.length];
    if (writer !== undefined) outcomes.push(await write(writer, acknowledged, '7'));
  }
  return outcomes;
}

/** A server of films; what it answers to a read and to a write is given. */
async function serverWith(versions: { read(): number; write(): number }): Promise<string> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const version = body.includes('mutation') ? versions.write() : versions.read();
      response.end(version < 0 ? '{"errors":[]}' : JSON.stringify({ data: { movie: { version } } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push({ what: 'a server', close: async () => void server.close() });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

describe('stale answers', () => {
  it('are counted of a cache that no write ends', async () => {
    let version = 0;
    const url = await serverWith({ read: () => 0, write: () => (version += 1) });
    const outcomes = await outcomesOf([url]);
    expect(outcomes.filter((outcome) => outcome === 'stale')).toHaveLength(19);
  });

  it('are not those of a write that was not acknowledged', async () => {
    const url = await serverWith({ read: () => 0, write: () => -1 });
    const outcomes = await outcomesOf([url]);
    expect(outcomes.filter((outcome) => outcome === 'stale')).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 'error')).toHaveLength(20);
  });

  it.skipIf(!needsBinary('redis-server', 'redis-server'))(
    'are none of two servers of the library that share a Redis',
    async () => {
      const [redis, origin] = [await privateRedis(), await privateRedis()];
      closers.push({ what: 'Redis', close: redis.stop }, { what: 'the origin', close: origin.stop });
      const settings = {
        redisUrl: redis.url,
        originUrl: origin.url,
        owner: 'library',
        loadMs: 1,
        ttlSeconds: 60,
        staleSeconds: 0,
      };
      for (const kind of [
        { strictCopies: false, memo: false },
        { strictCopies: true, memo: false },
        { strictCopies: false, memo: true },
      ]) {
        const servers = [
          await startSharedLibrary(settings, kind),
          await startSharedLibrary(settings, kind),
        ] as const;
        closers.push(...servers.map(({ close }) => ({ what: 'a server', close })));
        const outcomes = await outcomesOf(servers.map(({ url }) => url));
        expect(outcomes.filter((outcome) => outcome !== 'right')).toEqual([]);
        expect(servers[0].loads() + servers[1].loads()).toBeLessThan(41);
      }
    },
  );
});

it('loads that overlap belong to one expiry, and nothing is told where nothing was loaded', () => {
  expect(loadsAnExpiry([1000, 1010, 1290, 2300, 3600, 3601])).toBe(2);
  expect(loadsAnExpiry([])).toBeNaN();
});

const samples = [1, 2, 3].flatMap((round) => [
  { name: 'no-cache', round, figures: [1000, 500, 0, 0, 0] },
  { name: 'library-strict', round, figures: [2000 * round, 250, 0, 0, 0.5] },
  { name: 'bentocache', round, figures: round === 3 ? undefined : [3000, 100, 4, 0, 1.25] },
]);

describe('a scenario with a ratio', () => {
  it('takes the worse of both in each round, and sums what must not happen', () => {
    const [first, second] = resultsOf(mixed, samples);
    expect([first?.name, first?.deaths, ...(first?.figures.values() ?? [])]).toEqual([
      ...['bentocache', 1, 3],
      ...[3000, 100, 8, 0, 1.25],
    ]);
    expect([second?.name, ...(second?.figures.values() ?? [])]).toEqual([
      ...['library-strict', 2],
      ...[4000, 250, 0, 0, 0.5],
    ]);
  });

  it('is told with its targets, and with those that ended by themselves', () => {
    const lines = scenarioReport(mixed, samples).split('\n');
    expect(lines).toContain('| BentoCache | 3.00 | 3,000 | 100 | 8 | 0 | 1.25 |');
    expect(lines.filter((line) => line.startsWith('- '))).toEqual([
      '- first in this run: MISSED',
      '- stale answers, at most 0: reached',
      '- Redis commands a request, at most 0.6: reached',
      '- A process of BentoCache ended by itself in 1 of 3 rounds.',
    ]);
  });

  it('names a peer that is ahead, and what its figure comes with', () => {
    expect(whereOthersLead(standingsOf(mixed, samples))).toBe(
      '- 95 reads to 5 writes, ratio to no-cache: BentoCache has 3.00, with 8 stale answers; the best of the library has 2.00 (Corral, strict copies).',
    );
  });
});

it('of a figure of which less is better, the least is ahead; where it is missing, nothing is', () => {
  const figures = (slowest: number) => [5, slowest, 1, 0];
  const two = [
    { name: 'library-memo', round: 1, figures: [9, 9, 1, 0] },
    { name: 'mercurius-cache', round: 1, figures: [5, 9, 20, 0] },
    { name: 'bentocache', round: 1, figures: undefined },
  ];
  expect(whereOthersLead(standingsOf(expiry, two))).toContain(
    'mercurius-cache has 5, with 20 loads an expiry',
  );
  expect(
    whereOthersLead(standingsOf(expiry, [{ name: 'library-memo', round: 1, figures: figures(5) }])),
  ).toBe('No other was ahead of the best of the library in this run.');
});
