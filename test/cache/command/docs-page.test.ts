import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { addCacheMetrics } from '../../../src/cache/prometheus/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { packageRoot } from '../../../src/start/package-root.js';
import { pageSteps } from '../../package/page-steps.js';
import { freePort } from '../../support/free-port.js';
import { needsRedis } from '../../support/needs.js';
import { bundled } from '../../support/run/bundled.js';
import { useWorkerRedis } from '../../support/servers/worker-redis.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testCache } from '../../support/test-cache.js';

const run = promisify(execFile);
const isThere = needsRedis();
const server = useWorkerRedis(isThere);

it.skipIf(!isThere)('the page of the command line shows what its commands print', async () => {
  const { files, commands } = pageSteps(path.join(packageRoot, 'docs', 'command-line.md'));
  const folder = await temporaryFolder(files);
  const places = { 'redis://localhost:6379': server.url, 'http://localhost:4000': await metricsServer() };
  const program = bundled(path.join(packageRoot, 'src', 'cache', 'command', 'corral.ts'));
  const shop = testCache({
    typeDefs: 'type Query { charts: String @cached(ttl: 60) }',
    resolvers: { Query: { charts: () => 'a' } },
    store: redisStore(server.redis, { prefix: 'shop' }),
  });
  onTestFinished(() => shop.cache.close());
  await shop.cache.start();
  const npx = `npx() { shift; ${process.execPath} ${program} "$@"; }`;
  expect(commands.length).toBe(5);
  for (const { command, shown } of commands) {
    const here = Object.entries(places).reduce((text, [is, real]) => text.replaceAll(is, real), command);
    const { stdout } = await run('bash', ['-c', `${npx}\n${here}`], { cwd: folder });
    expect(stdout.trimEnd().split('\n'), command).toEqual(shown);
  }
});

async function metricsServer(): Promise<string> {
  const { cache } = testCache({
    typeDefs: 'type Query { charts: String @cached(ttl: 60) }',
    resolvers: { Query: { charts: () => 'a' } },
  });
  const registry = new Registry();
  addCacheMetrics(registry, cache);
  const http = createServer((_, response) => void registry.metrics().then((text) => response.end(text)));
  const port = await freePort();
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  onTestFinished(async () => {
    http.close();
    await cache.close();
  });
  return `http://127.0.0.1:${port}`;
}
