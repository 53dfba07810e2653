import { describe, expect, it, onTestFinished } from 'vitest';
import { httpServers, type StartHttpServer } from '../support/worlds/http-servers.js';
import { askOver, httpWorld, type HttpAsked } from '../support/worlds/http-world.js';

const FILM = '{ film(id: 1) { title director { name } __typename } }';

describe.each(httpServers)('over HTTP %s', (_name, start: StartHttpServer) => {
  async function served(options: Parameters<typeof httpWorld>[0] = {}) {
    const world = httpWorld(options);
    await world.cache.start();
    onTestFinished(() => world.cache.close());
    const server = await start(world);
    onTestFinished(() => server.close());
    const ask = (query: string, asked?: HttpAsked) => askOver(server.url, query, asked);
    const controlOf = async (query: string, asked?: HttpAsked) =>
      (await ask(query, asked)).header('cache-control');
    return { ...world, ask, controlOf };
  }

  it.each([
    ['public fields', FILM, 'no-cache'],
    ['nothing but names', '{ __typename }', 'no-cache'],
    ['a field that varies', '{ price }', 'private, no-cache'],
    ['a PRIVATE field among others', '{ aside mine }', 'no-store'],
    ['a PRIVATE field that is skipped', '{ aside mine @skip(if: true) }', 'no-store'],
    ['a field that is not cached', '{ aside uncached }', 'no-store'],
    ['a resolver below a cached field', '{ film(id: 1) { resolved } }', 'no-store'],
    ['an error', '{ aside failing }', 'no-store'],
    ['introspection', '{ __schema { queryType { name } } }', 'no-store'],
  ])('an answer with %s is kept as that allows, by default', async (_what, query, expected) => {
    const { controlOf } = await served();
    const headers = { 'x-viewer': 'ann', 'x-tenant': 'a' };
    expect(await controlOf(query, { headers })).toBe(expected);
    expect(await controlOf(query, { headers })).toBe(expected);
    expect(await controlOf(query, { headers, method: 'POST' })).toBe(expected);
  });

  it('a mutation is kept nowhere, nor is what is asked wrongly', async () => {
    const { controlOf } = await served();
    expect(await controlOf('mutation { rename(id: 1, title: "x") { id } }', { method: 'POST' })).toBe(
      'no-store',
    );
  });

  it('with authorize every answer is kept nowhere', async () => {
    const { controlOf } = await served({ authorize: () => true, http: { maxAge: 'all' } });
    expect(await controlOf('{ aside }')).toBe('no-store');
    expect(await controlOf('{ aside }')).toBe('no-store');
  });

  it('evidence is for the one who asked for it', async () => {
    const { ask } = await served({ http: { maxAge: 'all' } });
    const { body, header } = await ask('{ aside }', { headers: { 'x-cache-debug': '1' } });
    expect(body).toContain('MISS');
    expect(header('cache-control')).toBe('no-store');
    expect(header('etag')).toBeUndefined();
  });

  it('max-age is the smallest that is left of the entries, in whole seconds, once all are there', async () => {
    const { controlOf, clock } = await served({ http: { maxAge: 'all' } });
    expect(await controlOf(FILM)).toBe('no-cache');
    expect(await controlOf(FILM)).toBe('public, max-age=99, must-revalidate');
    clock.advance(30_500);
    expect(await controlOf('{ aside }')).toBe('no-cache');
    expect(await controlOf(FILM)).toBe('public, max-age=69, must-revalidate');
    expect(await controlOf(FILM, { method: 'POST' })).toBe('public, max-age=69, must-revalidate');
    expect(await controlOf('{ aside film(id: 1) { title } }')).toBe('public, max-age=59, must-revalidate');
    expect(await controlOf('{ person: film(id: 1) { director { name } } }')).toBe(
      'public, max-age=69, must-revalidate',
    );
    clock.advance(69_000);
    expect(await controlOf(FILM)).toBe('no-cache');
  });

  it('max-age is for shared caches only where that is said', async () => {
    const { controlOf, ask } = await served({ http: { maxAge: 'shared' } });
    await controlOf('{ aside }');
    const { header } = await ask('{ aside }');
    expect(header('cache-control')).toBe('public, max-age=0, s-maxage=59, must-revalidate');
    expect(header('age')).toBeUndefined();
  });

  it.each([
    ['stale', '{ stale }', 11_000],
    ['written behind', '{ behind(id: 1) { text } }', 1000],
    ['one variant’s', '{ price }', 1000],
  ])('what is %s has no max-age', async (_what, query, ms) => {
    const { ask, controlOf, clock } = await served({ http: { maxAge: 'all' } });
    const headers = { 'x-tenant': 'a' };
    await ask(query, { headers });
    clock.advance(ms);
    expect(await controlOf(query, { headers })).not.toMatch(/max-age/);
  });

  it('an answer that did not change is 304 without a body, with the headers of the answer', async () => {
    const { ask, changeUnseen, clock } = await served();
    const first = await ask(FILM);
    const entityTag = first.header('etag') ?? '';
    expect(entityTag).toMatch(/^W\/"[\w-]{27}"$/);
    expect(first.header('vary')).toMatch(/Accept\b/);
    for (const known of [entityTag, entityTag.slice(2), `"other", ${entityTag}`, '*']) {
      const again = await ask(FILM, { headers: { 'if-none-match': known } });
      expect([again.status, again.body]).toEqual([304, '']);
      for (const name of ['etag', 'cache-control', 'vary'])
        expect(again.header(name)).toBe(first.header(name));
    }
    const other = await ask(FILM, { headers: { 'if-none-match': '"other", W/"more"' } });
    expect([other.status, other.body]).toEqual([200, first.body]);
    changeUnseen('second');
    clock.advance(400_000);
    const changed = await ask(FILM, { headers: { 'if-none-match': entityTag } });
    expect(changed.status).toBe(200);
    expect(changed.body).toContain('second');
    expect(changed.header('etag')).not.toBe(entityTag);
  });

  it('an answer that the memo gives says what it said when it was executed', async () => {
    const tags = { header: 'Cache-Tag' };
    const { ask, controlOf, clock, cache } = await served({ memo: true, http: { maxAge: 'all', tags } });
    await ask(FILM);
    const executed = await ask(FILM);
    const entityTag = executed.header('etag') ?? '';
    expect(executed.header('cache-control')).toBe('public, max-age=99, must-revalidate');
    expect(executed.header('cache-tag')).toContain(',');
    for (let time = 0; time < 4; time += 1) {
      const again = await ask(FILM);
      expect([again.status, again.body]).toEqual([200, executed.body]);
      for (const header of ['etag', 'cache-control', 'cache-tag', 'vary'])
        expect(again.header(header)).toBe(executed.header(header));
    }
    const unmodified = await ask(FILM, { headers: { 'if-none-match': entityTag } });
    expect([unmodified.status, unmodified.body]).toEqual([304, '']);
    clock.advance(30_500);
    expect(await controlOf(FILM)).toBe('public, max-age=69, must-revalidate');
    expect(cache.stats.memo().hits).toBe(6);
  });

  it('the name of an answer that is kept for one variant is no name for another', async () => {
    const { ask, cache } = await served({ memo: true, http: { maxAge: 'all' } });
    const names = new Map<string, string>();
    for (let time = 0; time < 4; time += 1) {
      for (const tenant of ['a', 'b']) {
        const known = names.get(tenant === 'a' ? 'b' : 'a') ?? '"none"';
        const headers = { 'x-tenant': tenant, 'if-none-match': known };
        const { status, body, header } = await ask('{ price }', { headers });
        expect([status, header('cache-control')]).toEqual([200, 'private, no-cache']);
        expect(body).toContain(`for ${tenant}`);
        names.set(tenant, header('etag') ?? '');
      }
    }
    expect(new Set(names.values()).size).toBe(2);
    expect(cache.stats.memo().hits).toBe(4);
  });

  it('a POST gets its body, and no answer that is kept nowhere has a name', async () => {
    const { ask } = await served();
    const posted = await ask(FILM, { method: 'POST', headers: { 'if-none-match': '*' } });
    expect([posted.status, posted.header('etag')]).toEqual([200, undefined]);
    const mine = await ask('{ mine }', { headers: { 'x-viewer': 'ann', 'if-none-match': '*' } });
    expect([mine.status, mine.header('etag')]).toEqual([200, undefined]);
    expect(mine.body).toContain('of ann');
  });

  it('tags are named where an answer is kept, hashed, and nothing is kept beyond their bound', async () => {
    const tags = { header: 'Cache-Tag', maxBytes: 60 };
    const { ask, cache } = await served({ http: { maxAge: 'shared', tags } });
    await ask('{ aside }');
    const { header } = await ask('{ aside }');
    expect(header('cache-tag')?.split(',')).toContain(cache.http?.tagInHeader('News'));
    expect(header('cache-tag')).not.toContain('News');
    expect(header('cache-control')).toContain('s-maxage');
    await ask('{ films(ids: [1, 2, 3, 4]) { title } }');
    const many = await ask('{ films(ids: [1, 2, 3, 4]) { title } }');
    expect([many.header('cache-control'), many.header('cache-tag')]).toEqual(['no-cache', undefined]);
    await ask('{ mine }', { headers: { 'x-viewer': 'ann' } });
    expect((await ask('{ mine }', { headers: { 'x-viewer': 'ann' } })).header('cache-tag')).toBeUndefined();
  });

  it('tags can be written as they are, without blanks and commas', async () => {
    const tags = { header: 'Surrogate-Key', separator: ' ', hashed: false } as const;
    const { ask } = await served({ http: { maxAge: 'shared', tags } });
    await ask('{ film(id: "1, 2") { title } }');
    const { header } = await ask('{ film(id: "1, 2") { title } }');
    expect(header('surrogate-key')).toBe('Film:1%2c%202');
  });

  it('no-cache loads anew for all where the client may, and is ignored otherwise', async () => {
    const { ask, changeUnseen, loads, clock, cache } = await served({
      http: { maxAge: 'all', mayRefresh: ({ viewer }) => viewer?.id === 'editor' },
    });
    const noCache = { 'cache-control': 'max-age=0, No-Cache' };
    const everything = '{ film(id: 1) { title director { name } } films(ids: [1, 2]) { title } aside warm }';
    const first = await ask(everything);
    changeUnseen('second');
    clock.advance(5000);
    const others = { headers: { ...noCache, 'x-viewer': 'ann' } };
    expect((await ask(everything, others)).body).toBe(first.body);
    const before = loads('film');
    const fresh = await ask(everything, { headers: { ...noCache, 'x-viewer': 'editor' } });
    expect(fresh.body).toBe(first.body.replaceAll('first', 'second'));
    expect(fresh.header('cache-control')).toBe('no-cache');
    expect(loads('film')).toBe(before + 2);
    expect((await ask(everything)).body).toBe(fresh.body);
    expect(loads('film')).toBe(before + 2);
    expect(cache.stats.counters()['Query.aside']).toMatchObject({ refreshed: 1, misses: 1 });
    const debug = { 'x-cache-debug': '1', 'x-viewer': 'editor', ...noCache };
    clock.advance(1);
    expect((await ask('{ aside }', { headers: debug })).body).toContain('"outcome":"REFRESHED"');
  });
});
