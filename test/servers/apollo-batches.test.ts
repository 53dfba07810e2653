import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HttpOptions } from '../../src/cache/types/index.js';
import { httpWorld, type HttpContext } from '../support/worlds/http-world.js';

/** What Apollo Server answers to several operations in one request: they share one head. */
async function batches(http: HttpOptions, { hasOwnHeader = false } = {}) {
  const { schema, cache } = httpWorld({ memo: true, http });
  const plugins = hasOwnHeader ? [] : [ApolloServerPluginCacheControlDisabled()];
  const server = new ApolloServer<HttpContext>({
    schema,
    allowBatchedHttpRequests: true,
    plugins: [...plugins, cache.apolloPlugin()],
  });
  await server.start();
  onTestFinished(() => server.stop());
  await cache.start();
  onTestFinished(() => cache.close());
  return async (...queries: string[]) => {
    const { headers, body } = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        headers: new HeaderMap([['content-type', 'application/json']]),
        search: '',
        body: queries.map((query) => ({ query })),
      },
      context: () => Promise.resolve({ viewer: { id: 'ann' } }),
    });
    if (body.kind !== 'complete') throw new Error('the answer comes in parts');
    return { headers: Object.fromEntries(headers), text: body.string };
  };
}

const ASIDE = '{ aside }';
const MINE = '{ mine }';

describe('several operations in one request to Apollo Server', () => {
  it.each<[string, HttpOptions, { hasOwnHeader?: boolean }]>([
    ['', { maxAge: 'all' }, {}],
    ['with tags', { maxAge: 'all', tags: { header: 'Cache-Tag' } }, {}],
    ['beside its own header', { maxAge: 'all' }, { hasOwnHeader: true }],
  ])('are kept nowhere, whichever ends last, %s', async (_what, http, options) => {
    const ask = await batches(http, options);
    for (const queries of [[MINE, ASIDE], [ASIDE, MINE], [ASIDE, ASIDE], [ASIDE]]) {
      for (let time = 0; time < 4; time += 1) {
        const { headers, text } = await ask(...queries);
        if (queries.includes(MINE)) expect(text).toContain('of ann');
        expect(headers).toEqual({ 'cache-control': 'no-store', 'content-type': expect.any(String) });
      }
    }
  });
});
