import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askOver } from '../support/worlds/http-world.js';
import { quiet, testApi, type TestApi } from '../support/worlds/test-api.js';

const MOVIE = '{ movie(id: 1) { title director { name } } }';

describe('what answers of the film API say over HTTP', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await testApi({ settings: { ...quiet, CACHE_MEMO: 'on' } });
  });
  afterAll(() => api.close());

  const ask = (query: string, headers: Readonly<Record<string, string>> = {}) =>
    askOver(`${api.url}/graphql`, query, { headers });

  it('a film is asked for each time, and is 304 where nothing changed, executed or not', async () => {
    for (let times = 0; times < 4; times += 1) {
      const { header, status } = await ask(MOVIE);
      expect([status, header('cache-control')]).toEqual([200, 'no-cache']);
      const again = await ask(MOVIE, { 'if-none-match': header('etag') ?? '' });
      expect([again.status, again.body, again.header('etag')]).toEqual([304, '', header('etag')]);
    }
  });

  it('a film is answered in front of Apollo Server, and whoever brings a session that has ended is refused all the same', async () => {
    const inFront = (): number => api.cache.stats.memo().inFront;
    const film = '{ movie(id: 2) { title director { name } } }';
    const token = await api.signIn('member@example.com');
    const signedIn = { authorization: `Bearer ${token}` };
    for (let times = 0; times < 4; times += 1) expect((await ask(film, signedIn)).status).toBe(200);
    const before = inFront();
    const [guests, members] = [await ask(film), await ask(film, signedIn)];
    expect([members.status, members.body]).toEqual([200, guests.body]);
    expect(inFront()).toBe(before + 2);
    await api.ask('mutation { signOut }', { token });
    const refused = await ask(film, signedIn);
    expect([refused.status, refused.body.includes('data')]).toEqual([401, false]);
    expect((await ask(film)).body).toBe(guests.body);
  });

  it('what is written in the language of its reader is private', async () => {
    const { header } = await ask('{ movie(id: 1) { releaseLabel } }');
    expect(header('cache-control')).toBe('private, no-cache');
  });

  it('editors and admins may have values loaded anew, members and guests may not', async () => {
    const outcomeFor = async (email?: string): Promise<unknown> => {
      const token = email === undefined ? undefined : await api.signIn(email);
      const headers = { 'cache-control': 'no-cache', 'x-cache-debug': '1' };
      await api.ask('{ movie(id: 1) { title } }');
      const { extensions } = await api.ask('{ movie(id: 1) { title } }', { token, headers });
      return extensions;
    };
    for (const email of ['editor@example.com', 'admin@example.com'])
      expect(await outcomeFor(email)).toMatchObject({ cache: { fields: [{ outcome: 'REFRESHED' }] } });
    for (const email of [undefined, 'member@example.com'])
      expect(await outcomeFor(email)).toMatchObject({ cache: { fields: [{ outcome: 'HIT' }] } });
  });
});
