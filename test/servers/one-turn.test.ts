import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpServers } from '../support/worlds/http-servers.js';
import { httpWorld } from '../support/worlds/http-world.js';

const CLIENTS = 4;
const REQUEST_BEGINS = 'http.server.request.start';

/** What happens at the servers of this process from now on, in its order. */
function watched(): string[] {
  const happened: string[] = [];
  const listener = (message: unknown): void => {
    const { response } = message as { response: ServerResponse };
    happened.push('asked');
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
    response.end = (...args: unknown[]) => {
      happened.push('answered');
      return end(...args);
    };
  };
  subscribe(REQUEST_BEGINS, listener);
  onTestFinished(() => void unsubscribe(REQUEST_BEGINS, listener));
  return happened;
}

async function opened(url: URL): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** Resolves with the answer, which comes in one piece. */
function asked(socket: Socket, url: URL): Promise<string> {
  const body = JSON.stringify({ query: '{ film(id: 1) { title director { name } } }' });
  const head = `POST ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\n`;
  const answer = new Promise<string>((resolve) =>
    socket.once('data', (bytes: Buffer) => resolve(`${bytes}`)),
  );
  socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
  return answer;
}

describe.each(httpServers)('%s', (_name, start) => {
  it.each([true, false])(
    'answers what arrives in one turn of the event loop in one go: memo %s',
    async (memo) => {
      const world = httpWorld({ memo });
      await world.cache.start();
      onTestFinished(() => world.cache.close());
      const server = await start(world);
      onTestFinished(() => server.close());
      const url = new URL(server.url);
      const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => opened(url)));
      for (let seen = 0; seen < 3; seen += 1)
        for (const socket of sockets) expect(await asked(socket, url)).toContain('"title":"first 1"');
      const happened = watched();
      // All of them are written before the servers of this process can read.
      await Promise.all(sockets.map((socket) => asked(socket, url)));
      const all = (what: string) => Array.from({ length: CLIENTS }, () => what);
      expect(happened).toEqual([...all('asked'), ...all('answered')]);
    },
  );
});
