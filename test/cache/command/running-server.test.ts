import { createServer } from 'node:http';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addCacheMetrics } from '../../../src/cache/prometheus/index.js';
import { samplesIn } from '../../../src/cache/command/metrics/read-metrics.js';
import { freePort } from '../../support/free-port.js';
import { corral } from '../../support/run-corral.js';
import { testCache } from '../../support/test-cache.js';

/** A process that tells its metrics as Prometheus reads them, after one miss and 49 hits. */
async function started(body?: string, authorization?: string): Promise<string> {
  const { cache, query } = testCache({
    typeDefs: 'type Query { film(id: ID): String @cached(ttl: 60) other: String @cached(ttl: 5) }',
    resolvers: { Query: { film: () => 'a', other: () => 'b' } },
  });
  for (let read = 0; read < 50; read += 1) await query('query ($id: ID) { film(id: $id) }', {}, { id: 1 });
  const registry = new Registry();
  addCacheMetrics(registry, cache);
  const server = createServer((request, response) => {
    void registry.metrics().then((text) => {
      const isRefused = request.headers.authorization !== authorization;
      response.statusCode = isRefused ? 401 : request.url === '/metrics' ? 200 : 404;
      response.end(isRefused ? '' : (body ?? text));
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.close();
    await cache.close();
  });
  return `http://127.0.0.1:${port}`;
}

describe('the command line beside a running server', () => {
  it('report adds up what its processes counted', async () => {
    const [one, two] = await Promise.all([started(), started()]);
    const { code, out } = await corral(['report', one, `${two}/metrics`]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Query\.film +CACHE_ASIDE +60 s +100 +98 % +2 /m);
    expect(out).toContain('dead letters: 0');
    const report = JSON.parse((await corral(['report', one, '--json'])).out) as { fields: unknown[] };
    expect(report).toMatchObject({ states: { cache_store_away: 0 } });
    expect(report.fields).toContainEqual(
      expect.objectContaining({ coordinate: 'Query.film', hits: 49, misses: 1 }),
    );
  });

  it('advise says so where too little has happened, and nothing else', async () => {
    const { code, out } = await corral(['advise', await started()]);
    expect([code, out]).toEqual([
      0,
      'Too little has happened since the start to say anything; ask again after some traffic.',
    ]);
  });

  it('says in a sentence what it cannot read', async () => {
    const nothing = `http://127.0.0.1:${await freePort()}`;
    expect(await corral(['report', nothing])).toMatchObject({
      code: 1,
      err: `${nothing}/metrics does not answer; is the server running there?`,
    });
    expect(await corral(['advise', `${await started()}/else`])).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not exist'),
    });
    expect(await corral(['advise', await started('up 1')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('addCacheMetrics of graphql-corral/prometheus'),
    });
    expect(await corral(['report', 'localhost'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('is not a URL'),
    });
  });

  it('sends the user and the password of a URL as basic authentication', async () => {
    const url = await started(undefined, `Basic ${Buffer.from('ops:s3cret/ü').toString('base64')}`);
    const as = (user: string): string => url.replace('//', `//${user}@`);
    expect(await corral(['report', as('ops:s3cret%2F%C3%BC')])).toMatchObject({ code: 0, err: '' });
    expect(await corral(['report', as('ops:wrong')])).toMatchObject({
      code: 1,
      err: `${url}/metrics refuses the user and the password of the URL.`,
    });
    expect(await corral(['report', url])).toMatchObject({
      code: 1,
      err: `${url}/metrics refuses; put user and password into the URL, https://user:password@host.`,
    });
  });

  it.each([
    ['http://ops:s3cret@127.0.0.1:PORT', 1, 'http://127.0.0.1:PORT/metrics does not answer'],
    ['http://127.0.0.1:PORT/metrics?token=s3cret', 1, 'http://127.0.0.1:PORT/metrics does not answer'],
    ['http://ops:s3cret', 2, 'The URL of the process is not a URL; write for example http://localhost:4000.'],
    ['http://ops:12/s3cret@host', 2, 'The URL of the process has an @ behind its host; percent-encode'],
    ['http://ops:s3cret%@host', 2, 'The URL of the process has a % in its user or password'],
    ['ops:s3cret@host', 2, 'The URL of the process must begin with http:// or https://'],
  ])('repeats no password of %s', async (given, code, says) => {
    const port = `${await freePort()}`;
    const ran = await corral(['report', given.replace('PORT', port)]);
    expect(ran).toMatchObject({ code, err: expect.stringContaining(says.replace('PORT', port)) });
    expect(ran.err).not.toContain('s3cret');
  });

  it('names which of several URLs is none', async () => {
    expect(await corral(['report', 'http://localhost:1', 'localhost'])).toMatchObject({
      code: 2,
      err: 'URL 2 of 2 is not a URL; write for example http://localhost:4000.',
    });
  });

  it.each([
    '//ops:s3cret@host/shop',
    'ops:s3cret@host',
    'postgresql://ops:s3/cret@host/shop',
    'postgres://ops:12/s3cret@host/shop',
  ])('outbox repeats no password of %s', async (url) => {
    const ran = await corral(['outbox', 'check', '--namespaces', 'Film', '--url', url]);
    expect(ran).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^--url .*postgresql:\/\/user:password@host/),
    });
    expect(ran.err).not.toMatch(/s3|cret/);
  });

  it('reads labels with quotes, and numbers that are none', () => {
    expect(samplesIn('# HELP a b\na{x="1\\"2\\n",y="{}"} 3 1700000000\nb NaN\n\n')).toEqual([
      { name: 'a', labels: { x: '1"2\n', y: '{}' }, value: 3 },
      { name: 'b', labels: {}, value: NaN },
    ]);
  });
});
