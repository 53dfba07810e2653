import { describe, expect, it, onTestFinished } from 'vitest';
import { differingAnswers } from '../support/worlds/differing-answers.js';
import { apolloWays, type ApolloKind } from '../support/worlds/http-servers.js';
import { httpWorld } from '../support/worlds/http-world.js';

describe.each(apolloWays)('Apollo Server %s', (_name, start) => {
  it.each([
    ['', { http: undefined }, {}],
    [' and writes its own Cache-Control', { http: undefined }, { hasOwnHeader: true }],
    [' and http is told', { http: { maxAge: 'all', tags: { header: 'Cache-Tag' } } }, {}],
    [' and clients may refresh', { http: { mayRefresh: () => true } }, {}],
  ] as const)(
    'answers every request in front as it does inside, byte for byte, where a memo is kept%s',
    async (_what, { http }, kind: Partial<ApolloKind>) => {
      async function served(isInFront: boolean) {
        const world = httpWorld({ memo: true, http: http ?? false });
        await world.cache.start();
        onTestFinished(() => world.cache.close());
        const server = await start(world, { isInFront, ...kind });
        onTestFinished(() => server.close());
        return { ...world, url: server.url };
      }
      const [front, inside] = [await served(true), await served(false)];
      const differing = await differingAnswers(front, inside);
      expect(differing.slice(0, 3)).toEqual([]);
      const { hits, inFront } = front.cache.stats.memo();
      expect(inFront).toBeGreaterThan(100);
      expect({ hits, kept: front.cache.stats.memo().kept }).toEqual({
        hits: inside.cache.stats.memo().hits,
        kept: inside.cache.stats.memo().kept,
      });
      expect(front.cache.stats.counters()).toEqual(inside.cache.stats.counters());
      expect(inside.cache.stats.memo().inFront).toBe(0);
    },
    60_000,
  );
});
