import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheDashboard } from '../../../src/cache/dashboard/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { filmCache, servedDashboard } from '../../support/worlds/served-dashboard.js';

describe('what a dashboard serves', () => {
  it('is a page that runs and loads nothing but its own files', async () => {
    const { ask } = await servedDashboard();
    const page = await ask('/cache/');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\bstyle=|https?:/);
    const files = Array.from(page.text.matchAll(/(?:src|href)="([^"]+)"/g), ([, file]) => file);
    expect(files).toEqual(['icon.svg', 'page.css', 'page.js']);
    for (const file of files) {
      const { status, headers, text } = await ask(`/cache/${file}`);
      expect([file, status, text.length > 100]).toEqual([file, 200, true]);
      const again = await ask(`/cache/${file}`, { headers: { 'if-none-match': String(headers['etag']) } });
      expect([again.status, again.text]).toEqual([304, '']);
    }
    expect((await ask('/cache/page.js')).text).toMatch(/^\/\*\nuplot:\nThe MIT License/);
  });

  it('is found wherever a proxy puts it, and nothing else is there', async () => {
    const { ask } = await servedDashboard({ path: '/admin/cache' });
    const { status, headers } = await ask('/admin/cache?from=bookmark');
    expect([status, headers['location']]).toEqual([308, './cache/']);
    expect((await ask('/admin/cache/')).status).toBe(200);
    for (const path of ['/', '/cache/', '/admin/cacher', '/admin/cache/../page.js', '/admin/cache/nothing']) {
      expect([path, (await ask(path)).status]).toEqual([path, 404]);
    }
    for (const method of ['GET', 'DELETE', 'OPTIONS']) {
      expect((await ask('/admin/cache/purge', { method })).status).toBe(404);
    }
  });

  it('refuses bodies that are too long or no JSON object', async () => {
    const { ask } = await servedDashboard();
    const purge = (body: string) => ask('/cache/purge', { method: 'POST', body });
    expect((await purge('{')).status).toBe(400);
    expect((await purge('7')).status).toBe(400);
    expect((await purge('')).status).toBe(400);
    expect((await purge(JSON.stringify({ tags: ['x'.repeat(65_000)] }))).status).toBe(400);
    const long = await purge(JSON.stringify({ tags: ['x'.repeat(70_000)] }));
    expect([long.status, JSON.parse(long.text)]).toEqual([
      413,
      { message: 'Send no more than 65536 bytes.' },
    ]);
  });

  it('say nothing in the log where a client leaves in the middle of them', async () => {
    const log = cacheLog();
    const signIn = (): { refusal: string } => ({ refusal: 'No.' });
    const { ask, port, server } = await servedDashboard({ log, signIn, authorize: () => false });
    const socket = connect(port, '127.0.0.1');
    const asked = once(server, 'request') as Promise<[IncomingMessage]>;
    socket.write(
      'POST /cache/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    );
    const [request] = await asked;
    const left = new Promise((resolve) => void request.on('close', resolve));
    socket.destroy();
    await left;
    expect((await ask('/cache/sign-in', { method: 'POST', body: {} })).status).toBe(400);
    expect(log.lines).toEqual([]);
  });

  it('purges what a tag names, everything only when it is asked twice, and nothing by a wrong name', async () => {
    const { ask, query } = await servedDashboard();
    const outcome = async (): Promise<string[]> => (await query('{ film(id: 1) }')).outcomes;
    const purge = async (body: object): Promise<unknown> =>
      JSON.parse((await ask('/cache/purge', { method: 'POST', body })).text);
    await outcome();
    expect(await purge({ tags: ['*'] })).toMatchObject({ isDone: false });
    expect(await purge({ tags: ['*'], confirm: 'yes' })).toMatchObject({ isDone: false });
    expect(await purge({ tags: ['Query.flim:1'] })).toEqual({
      message: expect.stringContaining('did you mean "Query.film"') as string,
    });
    expect(await purge({})).toEqual({ message: expect.stringContaining('Name at least one tag') as string });
    expect(await outcome()).toEqual(['Query.film HIT']);
    expect(await purge({ tags: ['*'], confirm: 'everything' })).toMatchObject({ isDone: true });
    expect(await outcome()).toEqual(['Query.film MISS']);
  });

  it('tells what fails as a sentence, and the reason to the log only', async () => {
    const log = cacheLog();
    const { cache } = filmCache();
    const writes = { ...cache.writes, deadLetters: () => Promise.reject(new Error('password in here')) };
    const dashboard = cacheDashboard({ ...cache, writes }, { log, authorize: () => true });
    const app = express().use(dashboard.handle);
    const url = await listening(app.listen(0, '127.0.0.1'));
    const response = await fetch(`${url}/cache/dead-letters`);
    expect([response.status, await response.json()]).toEqual([
      500,
      { message: 'It could not be done; the log says why.' },
    ]);
    expect(log.lines).toEqual([
      'error cacheDashboard: a request failed {"reason":"Error: password in here"}',
    ]);
  });
});

describe('a dashboard works', () => {
  const made = () => {
    const { cache } = filmCache();
    return cacheDashboard(cache, { authorize: () => true });
  };
  const works = async (url: string): Promise<void> => {
    const page = await fetch(`${url}/cache`);
    expect([page.url, await page.text()]).toEqual([`${url}/cache/`, expect.stringContaining('page.js')]);
    const headers = { 'content-type': 'application/json' };
    const purge = await fetch(`${url}/cache/purge`, { method: 'POST', headers, body: '{"tags":["*"]}' });
    expect(await purge.json()).toMatchObject({ isDone: false });
  };

  it('in Express, mounted or not, with a reader of bodies in front or without', async () => {
    const { handle } = made();
    await works(await listening(express().use('/cache', handle).listen(0, '127.0.0.1')));
    await works(await listening(express().use(express.json()).use(handle).listen(0, '127.0.0.1')));
  });

  it('in Fastify, by a hook that runs before the body is read', async () => {
    const { handle } = made();
    const app = Fastify();
    app.all('/cache*', {
      onRequest: async (request, reply) => {
        reply.hijack();
        await handle(request.raw, reply.raw);
      },
      handler: () => undefined,
    });
    onTestFinished(() => app.close());
    await works(await app.listen({ port: 0, host: '127.0.0.1' }));
  });
});

async function listening(server: Server): Promise<string> {
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
