import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApi, testApi } from '../support/worlds/test-api.js';

const introspection = '{ __schema { queryType { name } } }';
const evidence = { 'x-cache-debug': '1' };
const browser = { accept: 'text/html' };
const sandbox = { origin: 'https://studio.apollographql.com' };

describe('in production', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await testApi({ config: { environment: 'production', host: '127.0.0.1' } });
  });
  afterAll(() => api.close());

  it('there is no introspection', async () => {
    const { errors, data } = await api.ask(introspection);
    expect(data).toBeUndefined();
    expect(errors[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('wrong names get no suggestions', async () => {
    const { errors } = await api.ask('{ movi(id: 1) { title } movie(id: 1) { titel } me { emial } }');
    const messages = errors.map(({ message }) => message);
    expect(messages).toHaveLength(3);
    const variables = { input: { titel: 'x' } };
    const byVariable = await api.ask(
      'mutation ($input: UpdateMovieInput!) { updateMovie(id: 1, input: $input) { id } }',
      { variables },
    );
    messages.push(...byVariable.errors.map(({ message }) => message));
    expect(messages.join(' ')).toContain('"titel"');
    expect(messages.join(' ')).not.toMatch(/Did you mean|"movie"|"title"|"email"/);
  });

  it.each(['/graphql', '/graphiql', '/'])('a browser finds no page at %s', async (path) => {
    const response = await fetch(api.url + path, { headers: browser, redirect: 'manual' });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('no other site may call the API from a browser', async () => {
    const { headers } = await api.ask('{ me { id } }', { headers: sandbox });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('evidence is for admins only', async () => {
    const ask = async (email?: string): Promise<unknown> => {
      const token = email === undefined ? undefined : await api.signIn(email);
      return (await api.ask('{ movie(id: 1) { id } }', { token, headers: evidence })).extensions;
    };
    expect(await ask()).toBeUndefined();
    expect(await ask('editor@example.com')).toBeUndefined();
    expect(await ask('admin@example.com')).toMatchObject({ cache: { summary: { hits: 1 } } });
  });

  it('answers are not kept by anybody on their way', async () => {
    expect((await api.ask('{ me { id } }')).headers.get('cache-control')).toBe('no-store');
  });
});

describe('in development', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await testApi();
  });
  afterAll(() => api.close());

  it('the schema can be read', async () => {
    expect((await api.ask(introspection)).data).toEqual({ __schema: { queryType: { name: 'Query' } } });
  });

  it('whoever asks for evidence gets it', async () => {
    const { extensions } = await api.ask('{ movie(id: 1) { id } }', { headers: evidence });
    expect(extensions).toMatchObject({
      cache: { fields: [{ path: ['movie'], coordinate: 'Query.movie', key: 'Movie:1', outcome: 'MISS' }] },
    });
    expect((await api.ask('{ movie(id: 1) { id } }')).extensions).toBeUndefined();
  });

  it('the hosted Sandbox may call the API, and no other site', async () => {
    const preflight = async (origin: string): Promise<string | null> => {
      const headers = { origin, 'access-control-request-method': 'POST' };
      const response = await fetch(`${api.url}/graphql`, { method: 'OPTIONS', headers });
      return response.headers.get('access-control-allow-origin');
    };
    expect(await preflight(sandbox.origin)).toBe(sandbox.origin);
    expect(await preflight('https://example.com')).not.toBe('https://example.com');
  });

  it('the root leads to the explorer', async () => {
    const response = await fetch(api.url, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/graphql']);
  });
});
