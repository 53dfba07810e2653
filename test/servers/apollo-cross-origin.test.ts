import { describe, expect, it, onTestFinished } from 'vitest';
import { apolloWays } from '../support/worlds/http-servers.js';
import { askOver, httpWorld } from '../support/worlds/http-world.js';

const ways = apolloWays.filter(([way]) => way !== 'standalone');

// The integrations of Apollo Server replace the `Vary` that code in front of it has set.
describe.each(ways)(
  'Apollo Server %s, behind code that lets each site read what it asked for',
  (_way, start) => {
    it.each([
      ['inside', false],
      ['in front', true],
    ])(
      'answers %s with what a cache has to tell apart: another site is another answer',
      async (_place, isInFront) => {
        const world = httpWorld({ memo: true, http: { maxAge: 'all' } });
        await world.cache.start();
        onTestFinished(() => world.cache.close());
        const server = await start(world, { isInFront, reflectsOrigin: true });
        onTestFinished(() => server.close());
        const ask = (headers: Readonly<Record<string, string>> = {}, query = '{ aside }') =>
          askOver(server.url, query, { headers: { origin: 'https://a.example', ...headers } });
        const names = (vary: string | undefined) => vary?.toLowerCase().split(/, */).toSorted();

        for (let time = 0; time < 5; time += 1) {
          const { header } = await ask();
          expect(header('access-control-allow-origin')).toBe('https://a.example');
          expect(header('cache-control')).toMatch(time === 0 ? 'no-cache' : 'public, max-age=');
          expect(names(header('vary'))).toEqual(['accept', 'origin']);
          const unmodified = await ask({ 'if-none-match': header('etag') ?? '' });
          expect(unmodified.status).toBe(304);
          expect(names(unmodified.header('vary'))).toEqual(['accept', 'origin']);
        }
        expect(world.cache.stats.memo().inFront > 0).toBe(isInFront);
        const { header } = await ask({}, '{ mine }');
        expect([header('cache-control'), names(header('vary'))]).toEqual(['no-store', ['origin']]);
      },
    );
  },
);
