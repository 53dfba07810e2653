import { describe, expect, it, onTestFinished } from 'vitest';
import { requests, seenOf, type Seen, type Sent } from '../support/worlds/front-requests.js';
import { httpServers } from '../support/worlds/http-servers.js';
import { httpWorld } from '../support/worlds/http-world.js';

const [, start] = httpServers.find(([name]) => name === 'Mercurius') ?? [];

describe('Mercurius', () => {
  it.each([
    ['', undefined],
    [', and http is told', { maxAge: 'all', tags: { header: 'Cache-Tag' } }],
    [', and clients may refresh', { mayRefresh: () => true }],
  ] as const)(
    'answers every request from the memo as without it, byte for byte%s',
    async (_what, http) => {
      async function served(memo: boolean) {
        const world = httpWorld({ memo, http: http ?? false });
        await world.cache.start();
        onTestFinished(() => world.cache.close());
        if (start === undefined) throw new Error('Mercurius is not among the servers');
        const server = await start(world);
        onTestFinished(() => server.close());
        return { ...world, url: server.url };
      }
      const [kept, executed] = [await served(true), await served(false)];
      const differing: unknown[] = [];
      const askBoth = async (sent: Sent): Promise<Seen> => {
        const [seen, expected] = [await seenOf(kept.url, sent), await seenOf(executed.url, sent)];
        if (JSON.stringify(seen) !== JSON.stringify(expected)) differing.push({ sent, seen, expected });
        return seen;
      };
      for (let round = 0; round < 5; round += 1) {
        for (const sent of requests) {
          const { headers } = await askBoth(sent);
          const entityTag = headers.find((line) => line.toLowerCase().startsWith('etag: '))?.slice(6);
          if (entityTag !== undefined)
            await askBoth({ ...sent, headers: { ...sent.headers, 'if-none-match': entityTag } });
        }
        for (const { cache, clock, changeUnseen } of [kept, executed]) {
          clock.advance(1500);
          // In some rounds everything is new.
          if (round === 2) changeUnseen('second');
          if (round === 2) await cache.invalidate(['Film:1', 'News']);
        }
      }
      expect(differing.slice(0, 3)).toEqual([]);
      expect(kept.cache.stats.memo().hits).toBeGreaterThan(100);
      expect(executed.cache.stats.memo().hits).toBe(0);
    },
    60_000,
  );
});
