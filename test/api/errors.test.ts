import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INTERNAL_SENTENCE } from '../../src/api-errors/format-error.js';
import { type TestApi, testApi } from '../support/worlds/test-api.js';

let api: TestApi;
beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api.close());

/** Breaks the database in earnest for as long as `work` takes. */
async function without(table: string, work: () => Promise<void>): Promise<void> {
  await api.database.pool.query(`ALTER TABLE "${table}" RENAME TO "Gone"`);
  try {
    await work();
  } finally {
    await api.database.pool.query(`ALTER TABLE "Gone" RENAME TO "${table}"`);
  }
}

describe('an error that is not the client’s', () => {
  it('says nothing but the id under which the log has all of it, and leaves other fields alone', async () => {
    await without('Person', async () => {
      const { data, errors, status } = await api.ask('{ movie(id: 1) { title director { name } } }');
      expect(status).toBe(200);
      expect(data).toEqual({ movie: { title: 'The Long Night', director: null } });
      const requestId = errors[0]?.extensions['requestId'];
      expect(requestId).toEqual(expect.stringMatching(/^[0-9a-f-]{36}$/));
      expect(errors).toEqual([
        {
          message: INTERNAL_SENTENCE,
          path: ['movie', 'director'],
          locations: expect.anything(),
          extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
        },
      ]);
      const line = api.logged.find((text) => text.includes(String(requestId)));
      expect(line).toContain('Person');
      expect(line).toContain('"stack"');
    });
  });

  it('is not kept: the next request is answered', async () => {
    const { data, errors } = await api.ask('{ movie(id: 1) { director { name } } }');
    expect([data, errors]).toEqual([{ movie: { director: { name: 'Anna Alpha' } } }, []]);
  });

  it('says as little where the session of a request cannot be read', async () => {
    const token = await api.signIn('member@example.com');
    await without('Session', async () => {
      const { status, errors } = await api.ask('{ me { id } }', { token });
      const requestId = errors[0]?.extensions['requestId'];
      expect(status).toBe(500);
      expect(errors).toEqual([
        { message: INTERNAL_SENTENCE, extensions: { code: 'INTERNAL_SERVER_ERROR', requestId } },
      ]);
      expect(api.logged.some((line) => line.includes(String(requestId)) && line.includes('Session'))).toBe(
        true,
      );
    });
  });
});

describe('the log', () => {
  it('names each request, without its query and its variables', async () => {
    const url = `${api.url}/graphql?query=${encodeURIComponent('{ movie(id: 4) { title } }')}`;
    await fetch(url, { headers: { 'apollo-require-preflight': '1' } });
    const line = api.logged.findLast((text) => text.includes('a request was answered')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ method: 'GET', path: '/graphql', status: 200 });
    expect(line).not.toContain('movie');
  });
});

describe('requests that are not GraphQL', () => {
  const json = { 'content-type': 'application/json' };
  const query = JSON.stringify({ query: '{ movie(id: 1) { title } }' });

  it.each<[title: string, path: string, init: RequestInit, status: number, code: string]>([
    ['broken JSON', '/graphql', { method: 'POST', headers: json, body: '{' }, 400, 'BAD_REQUEST'],
    ['no query', '/graphql', { method: 'POST', headers: json, body: '{}' }, 400, 'BAD_REQUEST'],
    [
      'a batch',
      '/graphql',
      { method: 'POST', headers: json, body: `[${query},${query}]` },
      400,
      'BAD_REQUEST',
    ],
    [
      'a form of another site',
      '/graphql',
      { method: 'POST', headers: { 'content-type': 'text/plain' }, body: query },
      400,
      'BAD_REQUEST',
    ],
    ['an image of another site', '/graphql?query={movie(id:1){title}}', {}, 400, 'BAD_REQUEST'],
    [
      'an unknown type',
      '/graphql',
      { method: 'POST', headers: { 'content-type': 'application/x' }, body: query },
      415,
      'BAD_REQUEST',
    ],
    [
      'a mutation by GET',
      '/graphql?query=mutation{signOut}',
      { headers: { 'apollo-require-preflight': '1' } },
      405,
      'BAD_REQUEST',
    ],
    ['an unknown address', '/admin', {}, 404, 'NOT_FOUND'],
    [
      'wrong syntax',
      '/graphql',
      { method: 'POST', headers: json, body: JSON.stringify({ query: '{' }) },
      400,
      'GRAPHQL_PARSE_FAILED',
    ],
    ...['subscription { x }', 'subscription S { me { id } }'].map(
      (text): [string, string, RequestInit, number, string] => [
        text,
        '/graphql',
        { method: 'POST', headers: json, body: JSON.stringify({ query: text }) },
        400,
        'GRAPHQL_VALIDATION_FAILED',
      ],
    ),
    [
      'an unknown field',
      '/graphql',
      { method: 'POST', headers: json, body: JSON.stringify({ query: '{ x }' }) },
      400,
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('%s is refused, with a code', async (_title, path, init, status, code) => {
    const response = await fetch(api.url + path, init);
    const body: unknown = await response.json();
    expect(response.status).toBe(status);
    expect(body).toMatchObject({ errors: [{ message: expect.any(String), extensions: { code } }] });
    expect(JSON.stringify(body)).not.toMatch(/node_modules|stacktrace| {4}at /);
  });
});

describe('a subscription', () => {
  it('is refused in a sentence, and leaves no error in the log', async () => {
    const before = api.logged.length;
    const { errors } = await api.ask('subscription { x }');
    expect(errors[0]?.message).toBe('This API has no subscriptions; send a query or a mutation.');
    expect(api.logged.slice(before).filter((line) => line.includes('"level":50'))).toEqual([]);
  });
});

describe('health', () => {
  it('is told by /healthz and /readyz', async () => {
    const health = await fetch(`${api.url}/healthz`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    const ready = await fetch(`${api.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', database: 'ok', cache: 'ok' },
    ]);
  });

  it('tells that the disk of the database is full, and goes on to answer', async () => {
    const full = `DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`;
    await expect(api.database.pool.query(full)).rejects.toThrow('could not extend file');
    const ready = await fetch(`${api.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', database: 'disk full', cache: 'ok' },
    ]);
  });

  it('asks the database once for all who want to know at the same moment', async () => {
    const before = api.database.statements();
    const all = await Promise.all(Array.from({ length: 30 }, () => fetch(`${api.url}/readyz`)));
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
    expect(api.database.statements() - before).toBeLessThan(15);
  });

  it('is not ready without its database', async () => {
    const other = await testApi();
    await other.database.close();
    const ready = await fetch(`${other.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'unavailable', database: 'does not answer' },
    ]);
    expect((await fetch(`${other.url}/healthz`)).status).toBe(200);
    await other.close();
  });
});
