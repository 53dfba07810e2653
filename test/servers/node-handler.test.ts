import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { DocumentNode } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeHandler, type AnsweringServer, type NodeHandlerOptions } from '../../src/cache/apollo/index.js';
import { frontWorld, type FrontContext } from '../cache/memo/front-world.js';
import { createGate } from '../support/gate.js';
import { requests, seenOf, type Seen } from '../support/worlds/front-requests.js';
import { apolloWays, type StartApollo } from '../support/worlds/http-servers.js';
import { httpWorld, wholeAnswer } from '../support/worlds/http-world.js';

setFlagsFromString('--expose-gc');
const gc: unknown = runInNewContext('gc');

const FILM = '{ film { title } }';
const STALKER = '{"data":{"film":{"title":"Stalker"}}}\n';
const JSON_TYPE = { 'content-type': 'application/json' };

async function listening(answer: RequestListener): Promise<string> {
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
}

interface Posted {
  readonly body?: string | Buffer | readonly Buffer[];
  readonly headers?: Readonly<Record<string, string>>;
}

async function post(url: string, { body, headers = {} }: Posted) {
  const asked = send(url, { method: 'POST', headers: { ...JSON_TYPE, ...headers } });
  const parts = Array.isArray(body) ? body : [body ?? JSON.stringify({ query: FILM })];
  for (const part of parts.slice(0, -1)) {
    asked.write(part);
    // The next one comes in an event of its own.
    await new Promise((resolve) => setImmediate(resolve));
  }
  asked.end(parts.at(-1));
  const { response, body: text } = await wholeAnswer(asked);
  return { status: response.statusCode, text, headers: response.headers };
}

/** Apollo Server with a memo in front, by the handler. */
async function served(options: NodeHandlerOptions<FrontContext> = {}) {
  const world = await frontWorld();
  const { context = () => Promise.resolve({}), ...others } = options;
  const url = await listening(nodeHandler(world.server, { ...others, context }));
  return { ...world, url, inFront: () => world.cache.stats.memo().inFront };
}

/** Asks until an answer is given in front. */
async function settled({ url, inFront }: { url: string; inFront: () => number }): Promise<void> {
  for (let times = 0; times < 10 && inFront() === 0; times += 1) await post(url, {});
  expect(inFront()).toBe(1);
}

function startOf(way: string): StartApollo {
  const start = apolloWays.find(([name]) => name === way)?.[1];
  if (start === undefined) throw new Error(`there is no way ${way}`);
  return start;
}

it('the handler answers as Apollo Server does standalone, but for headers of its own and bodies that are not taken', async () => {
  async function urlOf(way: string): Promise<string> {
    const world = httpWorld({ memo: true });
    await world.cache.start();
    onTestFinished(() => world.cache.close());
    const server = await startOf(way)(world, { isInFront: false });
    onTestFinished(() => server.close());
    return server.url;
  }
  const [ours, apollos] = [await urlOf('by nodeHandler'), await urlOf('standalone')];
  // What code of Apollo's own says of a body that it does not take is a page for people.
  const isPage = ({ status = 200, body }: Seen): boolean => status >= 400 && body === 'the landing page';
  const plain = ({ status, headers, body }: Seen): unknown => ({
    ...{ status, body },
    headers: headers.filter((line) => !/^(access-control-allow-origin|vary): /i.test(line)),
  });
  const isSame = (seen: Seen, expected: Seen): boolean =>
    isPage(expected)
      ? seen.status === expected.status
      : JSON.stringify(plain(seen)) === JSON.stringify(plain(expected));
  const differing: unknown[] = [];
  for (const sent of requests.filter(({ method }) => method !== 'OPTIONS')) {
    const [seen, expected] = [await seenOf(ours, sent), await seenOf(apollos, sent)];
    if (!isSame(seen, expected)) differing.push({ sent, seen, expected });
  }
  expect(differing.slice(0, 3)).toEqual([]);
});

describe('the body of a request', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('may be compressed with %s', async (encoding, compress) => {
    const { url } = await served();
    const body = compress(JSON.stringify({ query: FILM }));
    const headers = { 'content-encoding': encoding };
    expect(await post(url, { body, headers })).toMatchObject({ status: 200, text: STALKER });
    // What was sent ends in the middle of it.
    const cut = await post(url, { body: body.subarray(0, 12), headers });
    expect(cut.status).toBe(400);
    expect(cut.text).toContain('The body cannot be read');
  });

  it('may come in pieces, in the middle of a letter, and begin with a byte order mark', async () => {
    const { url } = await served();
    const body = Buffer.from(`\ufeff${JSON.stringify({ query: '{ film { title } } # naïve ☃' })}`);
    const pieces = Array.from(body, (_, at) => body.subarray(at, at + 1));
    expect(await post(url, { body: pieces })).toMatchObject({ status: 200, text: STALKER });
  });

  it.each([
    ['parsed', express.json()],
    ['read as a text', express.text({ type: '*/*' })],
    ['read as bytes', express.raw({ type: '*/*' })],
  ])('may have been %s already', async (_how, read) => {
    const { server } = await frontWorld();
    const app = express().use('/', read, nodeHandler(server));
    const url = await listening((request, response) => void app(request, response));
    expect(await post(url, {})).toMatchObject({ status: 200, text: STALKER });
  });

  it('is there for what makes the context, as in other integrations', async () => {
    const bodies: unknown[] = [];
    const { url } = await served({
      context: ({ req }) => {
        bodies.push('body' in req ? req.body : undefined);
        return {};
      },
    });
    await post(url, {});
    expect(bodies).toEqual([{ query: FILM }]);
  });

  it.each<[string, RequestHandler]>([
    ['read', (request, _response, next) => void request.on('end', next).resume()],
    [
      'begun to be read as text',
      (request, _response, next) => void next(request.setEncoding('utf8') && undefined),
    ],
  ])('that other code has %s is an error of the server', async (_how, code) => {
    const { server } = await frontWorld();
    const told: unknown[] = [];
    const handler: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
      told.push(error);
      response.status(500).send('it failed');
    };
    const app = express().use('/', code, nodeHandler(server), handler);
    const url = await listening((request, response) => void app(request, response));
    const body = [Buffer.from('{"query":'), Buffer.from('"{ film { title } }"}')];
    expect(await post(url, { body })).toMatchObject({ status: 500, text: 'it failed' });
    expect(String(told[0])).toContain('the body was read before the handler; set req.body to it');
  });

  it('that comes byte by byte takes no more memory than its bytes', async () => {
    const { server } = await frontWorld();
    const taken: Socket[] = [];
    const handle = nodeHandler(server);
    const url = await listening((request, response) => {
      taken.push(request.socket);
      handle(request, response);
    });
    const pieces = 200_000;
    const used = (): number => {
      if (typeof gc === 'function') Reflect.apply(gc, undefined, []);
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    const before = used();
    socket.write(
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    const part = Buffer.from('1\r\n \r\n'.repeat(1000));
    for (let sent = 0; sent < pieces; sent += 1000) if (!socket.write(part)) await once(socket, 'drain');
    // What follows is answered once all of it has come.
    const text = JSON.stringify({ query: FILM });
    socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
    await expect.poll(() => taken[0]?.bytesRead ?? 0).toBeGreaterThan(6 * pieces + text.length);
    const held = used() - before;
    socket.write('0\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toContain('Stalker');
    socket.destroy();
    expect(held / pieces).toBeLessThan(40);
  });

  const long = JSON.stringify({ query: `${FILM} # ${'x'.repeat(1000)}` });
  it.each<[string, number, string, Posted]>([
    ['is too long', 413, 'more than 500 bytes', { body: long }],
    [
      'is too long, and does not say so',
      413,
      'more than 500 bytes',
      { body: long, headers: { 'transfer-encoding': 'chunked' } },
    ],
    [
      'is too long once it is decompressed',
      413,
      'more than 500 bytes',
      { body: gzipSync(long), headers: { 'content-encoding': 'gzip' } },
    ],
    [
      'is too long as it comes, though nothing is in it',
      413,
      'more than 500 bytes',
      {
        body: Buffer.concat(Array.from({ length: 100 }, () => gzipSync(''))),
        headers: { 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' },
      },
    ],
    ['is no JSON', 400, 'The body is no JSON', { body: '{"query": ' }],
    [
      'is in another charset',
      415,
      'send UTF-8',
      { headers: { 'content-type': 'application/json; charset=latin1' } },
    ],
    ['is in an unknown encoding', 415, 'send gzip', { headers: { 'content-encoding': 'zstd' } }],
  ])('is refused where it %s', async (_what, status, says, posted) => {
    const { url } = await served({ maxBodyBytes: 500 });
    const refused = await post(url, posted);
    expect(refused.status).toBe(status);
    expect(JSON.parse(refused.text)).toMatchObject({
      errors: [{ message: expect.stringContaining(says), extensions: { code: 'BAD_REQUEST' } }],
    });
    expect(refused.headers).toMatchObject({ connection: 'close' });
    // The next one is answered.
    expect(await post(url, {})).toMatchObject({ status: 200, text: STALKER });
  });

  it('of one that goes away before it is whole keeps nothing', async () => {
    const { url } = await served();
    const asked = send(url, { method: 'POST', headers: { ...JSON_TYPE, 'content-length': '1000' } });
    const gone = new Promise((resolve) => asked.on('close', resolve));
    asked.on('error', () => undefined);
    asked.write('{"query":');
    await new Promise((resolve) => setImmediate(resolve));
    asked.destroy();
    await gone;
    expect(await post(url, {})).toMatchObject({ status: 200, text: STALKER });
  });
});

describe('an answer in front', () => {
  it('is given without the server, in the same bytes, and to those of its manner only', async () => {
    const world = await served();
    const before = await post(world.url, {});
    await settled(world);
    const after = await post(world.url, {});
    expect(world.inFront()).toBe(2);
    expect(after.text).toBe(before.text);
    for (const { headers } of [before, after]) delete headers.date;
    expect(after.headers).toEqual(before.headers);
    for (const accept of ['text/html', 'image/png', '*/*']) {
      await post(world.url, { headers: { accept } });
      expect(world.inFront()).toBe(2);
    }
  });

  it('is not given to what a page of another site can send without asking', async () => {
    const world = await served();
    await settled(world);
    const query = `?query=${encodeURIComponent(FILM)}`;
    const get = async (headers: Readonly<Record<string, string>>) => {
      const asked = send(`${world.url}${query}`, { headers: { ...headers } });
      asked.end();
      return (await wholeAnswer(asked)).response.statusCode;
    };
    for (let times = 0; times < 5; times += 1)
      expect(await get({ 'apollo-require-preflight': '1', accept: '*/*' })).toBe(200);
    const before = world.inFront();
    expect(await get({ accept: '*/*' })).toBe(400);
    const headers = { 'content-type': 'text/plain', accept: '*/*' };
    expect((await post(world.url, { headers })).status).toBe(400);
    expect(world.inFront()).toBe(before);
  });

  it('has its context made once, and is refused where that refuses', async () => {
    let made = 0;
    let refuses = false;
    const world = await served({
      context: ({ req, res }) => {
        made += 1;
        expect([req.method, res.headersSent]).toEqual(['POST', false]);
        if (refuses) throw new Error('no session');
        return {};
      },
    });
    await settled(world);
    const before = { made, inFront: world.inFront() };
    await post(world.url, {});
    expect({ made, inFront: world.inFront() }).toEqual({
      made: before.made + 1,
      inFront: before.inFront + 1,
    });
    refuses = true;
    const refused = await post(world.url, {});
    expect(refused.status).toBe(500);
    expect(refused.text).toContain('no session');
    expect(refused.text).not.toContain('Stalker');
    expect({ made, inFront: world.inFront() }).toEqual({
      made: before.made + 2,
      inFront: before.inFront + 1,
    });
  });

  it('is of what was written while its context was made', async () => {
    let gate = createGate();
    gate.open();
    const world = await served({
      context: async () => {
        await gate.wait();
        return {};
      },
    });
    await settled(world);
    gate = createGate();
    const asked = post(world.url, {});
    await gate.arrived();
    await world.ask({ query: 'mutation { rename(id: 1, title: "new") { title } }' });
    gate.open();
    expect((await asked).text).toContain('"new"');
    const before = world.inFront();
    // It was kept as soon as it was loaded.
    expect((await post(world.url, {})).text).toContain('"new"');
    expect(world.inFront()).toBe(before + 1);
  });

  it('is the same in front, byte for byte, where it is long', async () => {
    const world = await served();
    const title = 'Ścigany '.repeat(1000);
    await world.ask({
      query: 'mutation ($title: String!) { rename(id: 1, title: $title) { id } }',
      variables: { title },
    });
    const [first, ...others] = [
      await post(world.url, {}),
      await post(world.url, {}),
      await post(world.url, {}),
    ];
    await settled(world);
    others.push(await post(world.url, {}));
    expect(world.inFront()).toBeGreaterThan(1);
    expect(first?.text).toBe(`{"data":{"film":{"title":"${title}"}}}\n`);
    expect(first?.headers['content-length']).toBe(String(Buffer.byteLength(first?.text ?? '')));
    for (const { text, headers } of others) {
      expect(text).toBe(first?.text);
      expect({ ...headers, date: '' }).toEqual({ ...first?.headers, date: '' });
    }
  });

  it('is a text to code that others have put around the server, or around the end of an answer', async () => {
    const world = await served();
    await world.ask({
      query: 'mutation ($title: String!) { rename(id: 1, title: $title) { id } }',
      variables: { title: 'long '.repeat(1000) },
    });
    const answer = nodeHandler(world.server, { context: () => Promise.resolve({}) });
    const ended: string[] = [];
    const around = await listening((req, res) => {
      const end = res.end.bind(res);
      res.end = (chunk?: unknown, ...others: unknown[]) => {
        ended.push(typeof chunk);
        Reflect.apply(end, undefined, [String(chunk).replace('long', 'LONG'), ...others]);
        return res;
      };
      answer(req, res);
    });
    const inner = world.server.executeHTTPGraphQLRequest.bind(world.server);
    let isSigning = false;
    world.server.executeHTTPGraphQLRequest = async (execution) => {
      const given = await inner(execution);
      if (!isSigning || given.body.kind !== 'complete') return given;
      return { ...given, body: { ...given.body, string: given.body.string.replace('{', '{"signed":true,') } };
    };
    isSigning = true;
    for (let times = 0; times < 6; times += 1)
      expect((await post(world.url, {})).text).toMatch(/^\{"signed":true,"data"/);
    isSigning = false;
    for (let times = 0; times < 6; times += 1) expect((await post(around, {})).text).toContain('"LONG long');
    expect(ended).toEqual(Array.from({ length: 6 }, () => 'string'));
    expect(world.inFront()).toBeGreaterThan(6);
  });

  it('is not given past code that others have put around the server', async () => {
    const world = await served();
    await settled(world);
    const { server } = world;
    const seen: unknown[] = [];
    const before = server.executeHTTPGraphQLRequest.bind(server);
    server.executeHTTPGraphQLRequest = (execution) => {
      seen.push(execution.httpGraphQLRequest.body);
      return before(execution);
    };
    expect((await post(world.url, {})).text).toBe(STALKER);
    expect(seen).toEqual([{ query: FILM }]);
  });

  it('is not given past the server of a class that has code of its own there', async () => {
    let seen = 0;
    class Guarded extends ApolloServer<FrontContext> {
      override executeHTTPGraphQLRequest: ApolloServer<FrontContext>['executeHTTPGraphQLRequest'] = (
        execution,
      ) => {
        seen += 1;
        return super.executeHTTPGraphQLRequest(execution);
      };
    }
    const made = await frontWorld({ make: (options) => new Guarded(options) });
    const url = await listening(nodeHandler(made.server, { context: () => Promise.resolve({}) }));
    for (let times = 0; times < 6; times += 1) expect((await post(url, {})).text).toBe(STALKER);
    expect(seen).toBe(6);
  });

  it('comes back after the server has parsed the document anew', async () => {
    const documents = new Map<string, DocumentNode>();
    const documentStore = {
      get: (key: string) => Promise.resolve(documents.get(key)),
      set: (key: string, document: DocumentNode) => Promise.resolve(void documents.set(key, document)),
      delete: (key: string) => Promise.resolve(documents.delete(key)),
    };
    const { ask, settled: settle } = await frontWorld({
      server: (options) => ({ ...options, documentStore }),
    });
    expect((await settle({ query: FILM })).isInFront).toBe(true);
    documents.clear();
    await ask({ query: 'mutation { rename(id: 1, title: "new") { title } }' });
    expect((await settle({ query: FILM })).isInFront).toBe(true);
  });

  it('ends where the server cannot be stopped in order', async () => {
    const failing: ApolloServerPlugin<FrontContext> = {
      serverWillStart: async () => ({ drainServer: () => Promise.reject(new Error('it hangs')) }),
    };
    const world = await frontWorld({ plugins: [failing] });
    const url = await listening(nodeHandler(world.server, { context: () => Promise.resolve({}) }));
    const inFront = (): number => world.cache.stats.memo().inFront;
    await settled({ url, inFront });
    await expect(world.server.stop()).rejects.toThrow('it hangs');
    await post(url, {});
    expect(inFront()).toBe(1);
  });

  it('is for one server: another one with the same plugin is refused', async () => {
    const { plugin, schema } = await frontWorld();
    const other = new ApolloServer<FrontContext>({ schema, plugins: [plugin] });
    await expect(other.start()).rejects.toThrow('make a plugin for each');
  });

  it('ends when the server stops', async () => {
    const world = await served();
    await settled(world);
    await world.server.stop();
    const { status, text } = await post(world.url, {});
    expect([status, text.includes('Stalker')]).toEqual([500, false]);
    expect(world.inFront()).toBe(1);
  });
});

describe('a server that answers in parts', () => {
  const inParts = (parts: AsyncIterable<string>): AnsweringServer => ({
    executeHTTPGraphQLRequest: () =>
      Promise.resolve({
        headers: new Map([['content-type', 'multipart/mixed']]),
        body: { kind: 'chunked', asyncIterator: parts },
      }),
  });
  const chunksOf = async (response: IncomingMessage): Promise<string[]> => {
    const chunks: string[] = [];
    for await (const chunk of response) chunks.push(String(chunk));
    return chunks;
  };
  const asking = (url: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) =>
      send(url, { headers: {} }).on('response', resolve).on('error', reject).end(),
    );

  it('has each sent as soon as it is there', async () => {
    const gate = createGate();
    async function* parts() {
      yield 'first ';
      await gate.wait();
      yield 'second';
    }
    const url = await listening(nodeHandler(inParts(parts())));
    const response = await asking(url);
    await gate.arrived();
    const chunks = chunksOf(response);
    gate.open();
    expect((await chunks).join('')).toBe('first second');
  });

  it('has its answer broken off, and not ended, where it fails in the middle', async () => {
    const gate = createGate();
    async function* parts() {
      yield 'first ';
      await gate.wait();
      throw new Error('it failed');
    }
    const url = await listening(nodeHandler(inParts(parts())));
    const chunks = chunksOf(await asking(url));
    gate.open();
    await expect(chunks).rejects.toThrow('aborted');
  });
});

it('a server that fails as a whole is an error that tells its log what, and its client nothing', async () => {
  const lines: string[] = [];
  const server: AnsweringServer = {
    logger: { error: (line) => void lines.push(line) },
    executeHTTPGraphQLRequest: () => Promise.reject(new Error('a secret')),
  };
  const { status, text } = await post(await listening(nodeHandler(server)), {});
  expect([status, JSON.parse(text)]).toEqual([
    500,
    { errors: [{ message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
  ]);
  expect(lines.join()).toContain('nodeHandler: Error: a secret');
});

it('tells all options that cannot be', async () => {
  const { server } = await frontWorld();
  expect(() => nodeHandler(server, JSON.parse('{"context": 1, "maxBodyBytes": 0, "path": "/"}'))).toThrow(
    'nodeHandler: there is no option "path" (there are context and maxBodyBytes); context must be a function; maxBodyBytes must be a whole number of bytes from 1 to 536870888, but got 0',
  );
  expect(() => nodeHandler(JSON.parse('{}'))).toThrow(
    'nodeHandler: the server must be an Apollo Server 4 or 5',
  );
});
