import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { memoryStore } from '../../src/cache/index.js';
import { systemClock } from '../../src/cache/time/clock.js';
import { freePort } from '../support/free-port.js';
import { needsBinary } from '../support/needs.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { httpServers, type StartHttpServer } from '../support/worlds/http-servers.js';
import { askOver, httpWorld, type HttpAsked } from '../support/worlds/http-world.js';
import { expectTime } from '../support/run/expect-time.js';

/** A shared cache that does what headers say, and is told nothing else; `x-from` says whether it answered by itself. */
function configuration(port: number, upstream: string): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {}
http {
  access_log off;
  proxy_cache_path kept levels=1 keys_zone=kept:1m;
  proxy_temp_path temporary; client_body_temp_path bodies;
  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${upstream};
      proxy_cache kept;
      proxy_cache_key $request_uri;
      add_header x-from $upstream_cache_status always;
    }
  }
}`;
}

async function nginxBefore(url: string): Promise<string> {
  const port = await freePort();
  const { origin, pathname } = new URL(url);
  const folder = await temporaryFolder({ 'nginx.conf': configuration(port, origin) });
  const nginx = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' });
  onTestFinished(async () => {
    nginx.kill('SIGTERM');
    if (nginx.exitCode === null) await once(nginx, 'exit');
  });
  const before = `http://127.0.0.1:${port}${pathname}`;
  await vi.waitFor(() => askOver(before, '{ __typename }'), 10_000);
  return before;
}

async function servedBy(start: StartHttpServer, options: Parameters<typeof httpWorld>[0] = {}) {
  const world = httpWorld({ store: memoryStore(), clock: systemClock, ...options });
  await world.cache.start();
  onTestFinished(() => world.cache.close());
  const server = await start(world);
  onTestFinished(() => server.close());
  const url = await nginxBefore(server.url);
  const ask = async (query: string, asked?: HttpAsked) => {
    const { body, header } = await askOver(url, query, asked);
    return { body, isKept: header('x-from') === 'HIT' };
  };
  return { ...world, ask };
}

describe.skipIf(!needsBinary('nginx', 'nginx')).each(httpServers)(
  'behind a shared cache %s',
  (_name, start: StartHttpServer) => {
    it('has what all readers share kept there, and nothing of a reader, a variant or an error', async () => {
      const { ask } = await servedBy(start, { http: { maxAge: 'shared' } });
      for (let times = 0; times < 2; times += 1) await ask('{ film(id: 1) { title } }');
      expect(await ask('{ film(id: 1) { title } }')).toMatchObject({ isKept: true });
      for (const viewer of ['ann', 'ben', 'ann', 'ben']) {
        const headers = { 'x-viewer': viewer, 'x-tenant': `tenant of ${viewer}` };
        const mine = await ask('{ mine }', { headers });
        expect(mine).toEqual({ body: expect.stringContaining(`of ${viewer}`), isKept: false });
        const price = await ask('{ price }', { headers });
        expect(price).toEqual({ body: expect.stringContaining(`for tenant of ${viewer}`), isKept: false });
        expect(await ask('{ aside failing }', { headers })).toMatchObject({ isKept: false });
        expect(await ask('{ aside uncached }', { headers })).toMatchObject({ isKept: false });
      }
    });

    it('gives nothing older than an acknowledged write where no cache may answer by itself', async () => {
      const { ask, changeUnseen } = await servedBy(start);
      for (let write = 1; write <= 10; write += 1) {
        for (let times = 0; times < 3; times += 1) await ask('{ film(id: 1) { title } }');
        changeUnseen(`write ${write}`);
        await ask('mutation { rename(id: 1, title: "x") { id } }', { method: 'POST' });
        const { body, isKept } = await ask('{ film(id: 1) { title } }');
        expect([body, isKept]).toEqual([expect.stringContaining(`"write ${write} 1"`), false]);
      }
    });
  },
);

describe.skipIf(!needsBinary('nginx', 'nginx'))('behind a shared cache', () => {
  /** Milliseconds for which the oldest answer was old, each value being the time of its load and fresh for three seconds. */
  async function oldestOf(start: StartHttpServer): Promise<number> {
    const { ask, loads } = await servedBy(start, { http: { maxAge: 'shared' } });
    let [kept, oldestMs] = [0, 0];
    await vi.waitFor(
      async () => {
        const askedAtMs = Date.now();
        const { body, isKept } = await ask('{ brief }');
        const loadedAtMs = Number(/"brief":"(\d+)/.exec(body)?.[1]);
        if (isKept) kept += 1;
        oldestMs = Math.max(oldestMs, askedAtMs - loadedAtMs);
        expect(kept).toBeGreaterThan(0);
        expect(loads('brief')).toBeGreaterThan(2);
      },
      { timeout: 25_000, interval: 50 },
    );
    return oldestMs;
  }

  it('no server gives anything older than the schema says', async () => {
    const oldest = await Promise.all(
      httpServers.map(async ([name, start]) => ({ name, ms: await oldestOf(start) })),
    );
    // Nginx counts in whole seconds, and so adds up to one.
    for (const { name, ms } of oldest) expectTime(ms, name).toBeLessThan(4000);
  });
});
