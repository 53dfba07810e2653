import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createYoga, type Plugin } from 'graphql-yoga';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../src/cache/index.js';
import { cachePlugin } from '../../src/cache/yoga/index.js';
import { createGate } from '../support/gate.js';

const typeDefs = `
  type Query { news: String @cached(ttl: 60) }
  type Subscription { ticks: String }
`;

async function* silent() {
  // No event comes.
}

/** Yoga over HTTP with the option `http`, and plugins before that of the cache. */
async function served(plugins: Plugin[] = [], subscribe: () => AsyncIterable<unknown> = silent) {
  const cache = createCache({ store: memoryStore(), environment: 'test', http: { maxAge: 'all' } });
  const resolvers = { Query: { news: () => 'news' }, Subscription: { ticks: { subscribe } } };
  const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
  await cache.start();
  const yoga = createYoga({ schema, plugins: [...plugins, cachePlugin(cache)], logging: false });
  const server = createServer((request, response) => void yoga(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await cache.close();
  });
  const { port } = server.address() as AddressInfo;
  return { yoga, port };
}

const NEWS = 'http://localhost/graphql?query={news}';

describe('the plugin for Yoga with http', () => {
  it('leaves it to Yoga to end a subscription whose client has left', async () => {
    const left = createGate();
    let isOver = false;
    onTestFinished(() => void (isOver = true));
    const ticks = async function* () {
      try {
        for (let count = 0; !isOver; count += 1) {
          yield { ticks: String(count) };
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        left.open();
      }
    };
    const { port } = await served([], ticks);
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const asked = send({ port, path: '/graphql', method: 'POST', headers });
    asked.on('error', () => undefined);
    const control = new Promise((resolve) => {
      asked.on('response', (response) => {
        response.on('error', () => undefined);
        response.once('data', () => {
          resolve(response.headers['cache-control']);
          asked.destroy();
        });
      });
    });
    asked.end(JSON.stringify({ query: 'subscription { ticks }' }));
    expect(await control).toBe('no-store');
    await left.wait();
  });

  it('says what it says of a response whose headers cannot be changed, too', async () => {
    const redirecting: Plugin = {
      onResponse: ({ setResponse }) => setResponse(Response.redirect('http://localhost/elsewhere')),
    };
    const { yoga } = await served([redirecting]);
    const { status, headers } = await yoga.fetch(NEWS);
    expect([status, headers.get('location'), headers.get('cache-control')]).toEqual([
      302,
      'http://localhost/elsewhere',
      'no-store',
    ]);
  });

  it('changes no object that headers of several responses are made of, and sees a cookie there', async () => {
    const shared = { 'content-type': 'application/json', 'x-shared': 'yes' };
    const cookie = { 'set-cookie': 'session=1' };
    const remaking: Plugin = {
      onResponse: ({ request, setResponse, fetchAPI }) => {
        const headers = request.headers.has('x-cookie') ? cookie : shared;
        setResponse(new fetchAPI.Response('{"data":{"news":"news"}}', { headers }));
      },
    };
    const { yoga } = await served([remaking]);
    await yoga.fetch(NEWS);
    const { headers } = await yoga.fetch(NEWS);
    expect([headers.get('x-shared'), headers.get('etag')]).toEqual(['yes', expect.stringMatching(/^W/)]);
    for (const name of ['cache-control', 'etag', 'vary']) expect(shared).not.toHaveProperty(name);
    const special = await yoga.fetch(NEWS, { headers: { 'x-cookie': '1', 'if-none-match': '*' } });
    expect([special.status, special.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });

  it('adds to what other plugins have set', async () => {
    const varying: Plugin = { onResponse: ({ response }) => response.headers.set('vary', 'Origin') };
    const { yoga } = await served([varying]);
    await yoga.fetch(NEWS);
    const { headers } = await yoga.fetch(NEWS);
    expect(headers.get('vary')).toBe('Origin, Accept');
    expect(headers.get('cache-control')).toMatch(/^public, max-age=\d+/);
    const again = await yoga.fetch(NEWS, { headers: { 'if-none-match': String(headers.get('etag')) } });
    expect([again.status, again.headers.get('vary'), await again.text()]).toEqual([
      304,
      'Origin, Accept',
      '',
    ]);
  });
});
