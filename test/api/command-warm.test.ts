import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.js';
import { corral } from '../support/run-corral.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { type TestApi, testApi } from '../support/worlds/test-api.js';

const WARM = 'Query.topCharts';
const LOADED = `What was missing at ${WARM} was loaded, here or in another process.`;

describe('corral warm, beside a running server', () => {
  let api: TestApi;
  let tokens: Readonly<Record<'admin' | 'editor', string>>;
  beforeAll(async () => {
    api = await testApi({ settings: { CACHE_PREFETCH: 'on' } });
    tokens = {
      admin: await api.signIn('admin@example.com'),
      editor: await api.signIn('editor@example.com'),
    };
  });
  afterAll(() => api.close());

  const warm = (coordinate: string, token?: string, ...more: string[]) =>
    corral(['warm', coordinate, '--server', api.url, ...more], {
      environment: token === undefined ? {} : { CORRAL_TOKEN: token },
    });

  it('loads what is missing, with a token from a variable or a file', async () => {
    expect(await warm(WARM, tokens.admin)).toEqual({ code: 0, out: LOADED, err: '' });
    const file = path.join(await temporaryFolder(), 'token.txt');
    await writeFile(file, `${tokens.admin}\n`);
    const { code, out } = await warm(WARM, undefined, '--token-file', file, '--json');
    expect([code, JSON.parse(out)]).toEqual([0, { coordinate: WARM, message: LOADED }]);
  });

  it('says in a sentence what is not warmed, and why', async () => {
    expect(await warm('Query.movie', tokens.admin)).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing is kept warm at Query.movie'),
    });
    expect(await warm(WARM)).toMatchObject({
      code: 1,
      err: `${api.url}/graphql refuses: pass a token in CORRAL_TOKEN, or --token-file.`,
    });
    expect(await warm(WARM, tokens.editor)).toMatchObject({
      code: 1,
      err: `${api.url}/graphql refuses: the token is not that of a person who may look after the cache.`,
    });
    expect(await warm(WARM, undefined, '--token-file', '/nothing/here')).toMatchObject({
      code: 2,
      err: 'The file /nothing/here cannot be read.',
    });
    const nothing = `http://127.0.0.1:${await freePort()}`;
    expect(await corral(['warm', WARM, '--server', nothing])).toMatchObject({
      code: 1,
      err: `${nothing}/graphql does not answer; is the server running there?`,
    });
    expect(await corral(['warm', WARM, '--server', 'localhost'])).toMatchObject({ code: 2 });
  });

  it('repeats no password, and takes it or a token', async () => {
    const named = (url: string): string => url.replace('//', '//ops:s3cret@');
    const nothing = `http://127.0.0.1:${await freePort()}`;
    expect(await corral(['warm', WARM, '--server', named(nothing)])).toMatchObject({
      code: 1,
      err: `${nothing}/graphql does not answer; is the server running there?`,
    });
    const both = { environment: { CORRAL_TOKEN: tokens.admin } };
    expect(await corral(['warm', WARM, '--server', named(api.url)], both)).toMatchObject({
      code: 2,
      err: expect.stringContaining('leave out the user of --server, or the token'),
    });
    const asked: (string | undefined)[] = [];
    const server = createServer(({ headers }, response) => {
      asked.push(headers.authorization);
      response.end('{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}');
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    expect(await corral(['warm', WARM, '--server', `http://ops:s3cret@127.0.0.1:${port}`])).toMatchObject({
      code: 1,
      err: `http://127.0.0.1:${port}/graphql refuses: the user of --server is not that of a person who may look after the cache.`,
    });
    expect(asked).toEqual([`Basic ${Buffer.from('ops:s3cret').toString('base64')}`]);
  });

  it('tells a server without the schema part, and one that is none', async () => {
    const answers = [
      '{"errors":[{"message":"Cannot query","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}',
      '<html>',
    ];
    const server = createServer((_, response) => response.end(answers.shift()));
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${port}/graphql`;
    expect(await corral(['warm', WARM, '--server', url])).toMatchObject({
      code: 1,
      err: `${url} does not know this; add the schema part of graphql-corral/admin to the schema.`,
    });
    expect(await corral(['warm', WARM, '--server', url])).toMatchObject({
      code: 1,
      err: `${url} does not answer as a GraphQL server does.`,
    });
  });
});
