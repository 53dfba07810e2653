import { connect, type Socket } from 'node:net';
import { setTimeout as passes } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../src/http/create-app.js';

const LONG = 30_000_000;

/** A server whose clients may take nothing for so long. */
async function servedWith(unreadMs: number) {
  const app = createApp(pino({ level: 'silent' }), { unreadMs });
  app.get('/long', async () => 'x'.repeat(LONG));
  app.get('/slow', async () => {
    await passes(unreadMs * 4);
    return 'here';
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  const arrived = new Promise<Socket>((resolve) => app.server.once('connection', resolve));
  return { url, arrived };
}

/** A client that has asked for these, and reads nothing yet. */
function clientOf(url: string, ...paths: readonly string[]): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).pause();
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`).join(''));
  return socket;
}

it('a client that reads nothing of its answers is cut off', async () => {
  const { url, arrived } = await servedWith(200);
  clientOf(url, '/long', '/long', '/long');
  const served = await arrived;
  await expect.poll(() => served.destroyed, { timeout: 10_000 }).toBe(true);
});

it('a client that reads slowly gets all of its answer', { timeout: 60_000 }, async () => {
  const unreadMs = 1_500;
  const { url } = await servedWith(unreadMs);
  const sinceMs = performance.now();
  const socket = clientOf(url, '/long');
  let read = 0;
  // Some 64 kB at a time.
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length;
    socket.pause();
    setTimeout(() => socket.resume(), 10);
  });
  socket.resume();
  await expect.poll(() => read, { timeout: 50_000 }).toBeGreaterThan(LONG);
  expect(performance.now() - sinceMs).toBeGreaterThan(unreadMs * 1.5);
});

it('a request that takes longer is answered, also after others on its connection', async () => {
  const { url } = await servedWith(200);
  expect((await (await fetch(`${url}/long`)).text()).length).toBe(LONG);
  expect(await (await fetch(`${url}/slow`)).text()).toBe('here');
});
