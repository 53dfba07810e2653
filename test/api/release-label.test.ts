import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localeOf } from '../../src/schema/locales.js';
import { testApi, type TestApi } from '../support/worlds/test-api.js';

describe('Movie.releaseLabel', () => {
  let api: TestApi;
  let token: string;

  beforeAll(async () => {
    api = await testApi();
    token = await api.signIn('editor@example.com');
  });
  afterAll(() => api.close());

  /** Intl writes spaces of several kinds. */
  const labelIn = async (language: string | undefined): Promise<unknown> => {
    const headers: Record<string, string> = language === undefined ? {} : { 'accept-language': language };
    const { data } = await api.ask('{ movie(id: 1) { releaseLabel } }', { headers });
    return JSON.parse(JSON.stringify(data).replaceAll(/\s/gu, ' '));
  };

  it('is in the language of each reader, also where another has asked before, and after a write', async () => {
    const set = (day: string) =>
      api.ask(
        `mutation { updateMovie(id: 1, input: { releaseDate: "${day}", runningTimeMinutes: 152 }) { id } }`,
        { token },
      );
    await set('2008-07-15');
    for (let round = 0; round < 2; round += 1) {
      expect(await labelIn('de-DE,de;q=0.9,en;q=0.8')).toEqual({
        movie: { releaseLabel: '15. Juli 2008 · 2 Std. 32 Min.' },
      });
      expect(await labelIn('fr')).toEqual({ movie: { releaseLabel: '15 juillet 2008 · 2 h 32 min' } });
      expect(await labelIn(undefined)).toEqual({ movie: { releaseLabel: 'July 15, 2008 · 2 hr 32 min' } });
    }
    expect(api.cache.stats.counters()['Movie.releaseLabel']).toMatchObject({ hits: 3, misses: 3 });
    await set('2009-01-02');
    expect(await labelIn('de')).toEqual({ movie: { releaseLabel: '2. Januar 2009 · 2 Std. 32 Min.' } });
    expect(await labelIn('fr')).toEqual({ movie: { releaseLabel: '2 janvier 2009 · 2 h 32 min' } });
  });
});

describe('the language of a reader', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['de-AT', 'de'],
    ['it, fr;q=0.5', 'fr'],
    ['fr;q=0.5, de;q=0.9, en;q=0.1', 'de'],
    ['fr;q=0, *', 'en'],
    ['x'.repeat(5000), 'en'],
    ['de;q=x, fr;q=1.2.3', 'de'],
  ])('of %j is one of a few', (header, locale) => {
    expect(localeOf(header)).toBe(locale);
  });
});
