import { createServer } from 'node:http';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addCacheMetrics } from '../../../src/cache/prometheus/index.js';
import { samplesIn } from '../../../src/cache/command/metrics/read-metrics.js';
import { freePort } from '../../support/free-port.js';
import { corral } from '../../support/run-corral.js';
import { testCache } from '../../support/test-cache.js';

/** A process that tells its metrics as Prometheus reads them, after one miss and 49 hits. */
async function started(body?: string): Promise<string> {
  const { cache, query } = testCache({
    typeDefs: 'type Query { film(id: ID): String @cached(ttl: 60) other: String @cached(ttl: 5) }',
    resolvers: { Query: { film: () => 'a', other: () => 'b' } },
  });
  for (let read = 0; read < 50; read += 1) await query('query ($id: ID) { film(id: $id) }', {}, { id: 1 });
  const registry = new Registry();
  addCacheMetrics(registry, cache);
  const server = createServer((request, response) => {
    void registry.metrics().then((text) => {
      response.statusCode = request.url === '/metrics' ? 200 : 404;
      response.end(body ?? text);
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

  it('reads labels with quotes, and numbers that are none', () => {
    expect(samplesIn('# HELP a b\na{x="1\\"2\\n",y="{}"} 3 1700000000\nb NaN\n\n')).toEqual([
      { name: 'a', labels: { x: '1"2\n', y: '{}' }, value: 3 },
      { name: 'b', labels: {}, value: NaN },
    ]);
  });
});
