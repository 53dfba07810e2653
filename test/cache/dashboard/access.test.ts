import { describe, expect, it } from 'vitest';
import { cacheDashboard } from '../../../src/cache/dashboard/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { type Asked, filmCache, servedDashboard } from '../../support/worlds/served-dashboard.js';

const closedRoutes: readonly (readonly [path: string, asked: Asked])[] = [
  ['/cache/figures', {}],
  ['/cache/dead-letters', {}],
  ['/cache/purge', { method: 'POST', body: { tags: ['*'], confirm: 'everything' } }],
  ['/cache/dead-letters/replay', { method: 'POST', body: { keys: ['a'] } }],
  ['/cache/dead-letters/discard', { method: 'POST', body: { keys: ['a'] } }],
  ['/cache/sign-out', { method: 'POST', body: {} }],
];
const admin = { authorization: 'Bearer admin' };
const authorize = ({ headers }: { headers: { authorization?: string | undefined } }): boolean =>
  headers.authorization === 'Bearer admin';

describe('the options of a dashboard', () => {
  it('must say in production who may look after the cache', () => {
    const { cache } = filmCache({ environment: 'production' });
    expect(() => cacheDashboard(cache)).toThrow(
      'cacheDashboard: authorize must be given in production: it says who may look after the cache',
    );
    expect(() => cacheDashboard(cache, { authorize: () => false })).not.toThrow();
  });

  it('are refused together where they cannot be', () => {
    const { cache } = filmCache();
    const options = { authorise: () => true, path: 'cache/', signIn: 7 };
    expect(() => Reflect.apply(cacheDashboard, undefined, [cache, options])).toThrow(
      'cacheDashboard: there is no option "authorise" (did you mean "authorize"?); ' +
        'signIn must be a function of the request, but got 7; ' +
        'path must be like /cache, without a slash at its end, but got "cache/"',
    );
  });
});

describe('a dashboard', () => {
  it('shows and changes nothing for a viewer who may not', async () => {
    const { ask, query, outcomes } = await filled({ authorize });
    for (const [path, asked] of closedRoutes) {
      expect([path, (await ask(path, asked)).status]).toEqual([path, 401]);
      const member = await ask(path, { ...asked, headers: { authorization: 'Bearer member' } });
      expect([path, member.status]).toEqual([path, 403]);
      expect(member.text).not.toContain('Query.film');
    }
    expect(await outcomes(query)).toEqual(['Query.film HIT']);
    const session = async (headers: Asked['headers'] = {}): Promise<unknown> =>
      JSON.parse((await ask('/cache/session', { headers })).text);
    expect(await session()).toEqual({ access: 'unknown', message: 'Sign in to see this.' });
    expect(await session({ cookie: 'session=member' })).toMatchObject({ access: 'forbidden' });
    expect(await session(admin)).toEqual({ access: 'allowed', message: '' });
  });

  it('takes nothing but true for a yes, and an error for a no', async () => {
    const log = cacheLog();
    const answers: (() => unknown)[] = [
      () => 1,
      () => Promise.resolve('true'),
      () => Promise.reject(new Error('no database')),
    ];
    for (const answer of answers) {
      const { ask } = await servedDashboard({ authorize: answer as () => boolean, log });
      expect((await ask('/cache/dead-letters')).status).toBe(401);
    }
    expect(log.lines).toEqual([
      'error cacheDashboard: authorize failed, so the request was refused {"reason":"Error: no database"}',
    ]);
  });

  it('is open in development to programs on the same machine only', async () => {
    const { ask, port } = await servedDashboard();
    expect((await ask('/cache/dead-letters')).status).toBe(200);
    const hosts = [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, 'localhost'];
    for (const host of hosts)
      expect((await ask('/cache/dead-letters', { headers: { host } })).status).toBe(200);
    const others: Asked['headers'][] = [
      { host: `rebound.example:${port}` },
      { host: 'localhost.example' },
      { 'x-forwarded-for': '192.0.2.1' },
      { forwarded: 'for=192.0.2.1' },
      { 'x-forwarded-host': 'films.example' },
      { 'x-forwarded-proto': 'https' },
      { 'x-real-ip': '192.0.2.1' },
      { via: '1.1 proxy' },
    ];
    for (const headers of others) {
      const { status, text } = await ask('/cache/dead-letters', headers === undefined ? {} : { headers });
      expect([headers, status]).toEqual([headers, 401]);
      expect(text).toContain(
        'Without the option authorize, this page is open on the machine of the server only.',
      );
    }
  });

  it('does nothing that a page of another site asks for, even with the cookies of an admin', async () => {
    const { ask, query, outcomes, port } = await filled({ authorize: () => true });
    const cookie = { cookie: 'session=admin' };
    const foreign: Asked['headers'][] = [
      { ...cookie, 'sec-fetch-site': 'cross-site' },
      { ...cookie, 'sec-fetch-site': 'same-site' },
      { ...cookie, origin: 'https://elsewhere.example' },
      { ...cookie, origin: 'null' },
    ];
    for (const headers of foreign) {
      for (const [path, asked] of [
        ...closedRoutes,
        ['/cache/sign-in', { method: 'POST', body: {} }] as const,
      ]) {
        expect([path, (await ask(path, { ...asked, ...(headers && { headers }) })).status]).toEqual([
          path,
          403,
        ]);
      }
    }
    // What a form can send without being asked for permission.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const headers = { ...cookie, 'content-type': type };
      const body = '{"tags":["*"],"confirm":"everything"}';
      expect((await ask('/cache/purge', { method: 'POST', headers, body })).status).toBe(415);
    }
    expect(await outcomes(query)).toEqual(['Query.film HIT']);
    const own: Asked['headers'][] = [
      { ...cookie, 'sec-fetch-site': 'same-origin' },
      { ...cookie, origin: `http://127.0.0.1:${port}` },
      { ...cookie, origin: 'https://films.example', 'x-forwarded-host': 'films.example' },
    ];
    for (const headers of own) {
      const body = { tags: ['Query.film:1'] };
      const asked = { method: 'POST', body, ...(headers && { headers }) };
      expect((await ask('/cache/purge', asked)).status).not.toBe(403);
    }
  });

  it('hands what a person types to signIn, and answers with a token or a sentence', async () => {
    const { ask } = await servedDashboard({
      authorize,
      signIn: ({ name, password }) =>
        name === 'ada' && password === 'right' ? { token: 'admin' } : { refusal: 'The password is wrong.' },
    });
    const signIn = (body: object) => ask('/cache/sign-in', { method: 'POST', body });
    expect(JSON.parse((await signIn({ name: 'ada', password: 'right' })).text)).toEqual({ token: 'admin' });
    const wrong = await signIn({ name: 'ada', password: 'wrong' });
    expect([wrong.status, JSON.parse(wrong.text)]).toEqual([401, { message: 'The password is wrong.' }]);
    expect((await signIn({ name: 'ada' })).status).toBe(400);
    expect((await ask('/cache/')).text).toContain('content="password"');
    const without = await servedDashboard({ authorize });
    expect((await without.ask('/cache/sign-in', { method: 'POST', body: {} })).status).toBe(404);
    expect((await without.ask('/cache/')).text).toContain('content="token"');
  });
});

/** With one entry. */
async function filled(options: Parameters<typeof servedDashboard>[0]) {
  const served = await servedDashboard(options);
  await served.query('{ film(id: 1) }');
  const outcomes = async (query: typeof served.query): Promise<string[]> =>
    (await query('{ film(id: 1) }')).outcomes;
  return { ...served, outcomes };
}
