import { describe, expect, it, onTestFinished } from 'vitest';
import { differingAnswers } from '../support/worlds/differing-answers.js';
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
      const differing = await differingAnswers(kept, executed);
      expect(differing.slice(0, 3)).toEqual([]);
      expect(kept.cache.stats.memo().hits).toBeGreaterThan(100);
      expect(executed.cache.stats.memo().hits).toBe(0);
    },
    60_000,
  );
});
