import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { pino } from 'pino';
import { createApp } from '../../src/http/create-app.js';
import { type TestApi, testApi } from '../support/worlds/test-api.js';
import { expectTime } from '../support/run/expect-time.js';

let api: TestApi;
beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api.close());

interface Reply {
  readonly head: string;
  readonly body: unknown;
  /** From the first byte that was sent to the end of the connection. */
  readonly ms: number;
}

/** Sends bytes as they are, and reads until the server ends the connection. */
async function send(url: string, text: string): Promise<Reply> {
  const { hostname, port } = new URL(url);
  const since = performance.now();
  const socket = connect(Number(port), hostname);
  socket.write(text);
  let reply = '';
  socket.on('data', (chunk: Buffer) => (reply += chunk.toString()));
  await once(socket, 'close');
  const [head = '', body = ''] = reply.split('\r\n\r\n');
  return { head, body: JSON.parse(body), ms: performance.now() - since };
}

const refused = (message: string): unknown => ({
  errors: [{ message, extensions: { code: 'BAD_REQUEST' } }],
});
const slow =
  'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{';

describe('a request that is not HTTP as it should be', () => {
  it.each([
    ['no HTTP at all', 'nonsense\r\n\r\n', 400, 'The request is not HTTP as it should be.'],
    ['a wrong header', 'GET / HTTP/1.1\r\nhost x\r\n\r\n', 400, 'The request is not HTTP as it should be.'],
    [
      'headers that are too long',
      `GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'The headers of the request are too long; send fewer of them.',
    ],
  ])('is answered as all others are: %s', async (_title, text, status, message) => {
    const { head, body } = await send(api.url, text);
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Z]`));
    expect(head.toLowerCase()).toContain('content-type: application/json');
    expect(body).toEqual(refused(message));
  });

  it.each(['/%', '/graphql%zz'])(
    'is answered as all others are where its path cannot be read: %s',
    async (path) => {
      const response = await fetch(api.url + path);
      expect([response.status, await response.json()]).toEqual([
        400,
        refused('The path of the request has a % in it that encodes no character; write a % itself as %25.'),
      ]);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  it('ends at the configured time when its body does not arrive', async () => {
    const requestMs = 600;
    const app = createApp(pino({ level: 'silent' }), { requestMs });
    onTestFinished(() => {
      app.server.closeAllConnections();
      return app.close();
    });
    app.post('/graphql', async () => ({}));
    const { head, body, ms } = await send(await app.listen({ port: 0 }), slow);
    expect(head).toMatch(/^HTTP\/1.1 408 /);
    expect(body).toEqual(refused('The request took too long to arrive; send it again.'));
    expect(ms).toBeGreaterThan(requestMs - 100);
    expectTime(ms).toBeLessThan(requestMs + 5_000);
  });
});

describe('every answer', () => {
  it.each(['/graphql', '/healthz', '/readyz', '/metrics', '/nowhere'])(
    'tells browsers not to guess its type: %s',
    async (path) => {
      const { headers } = await fetch(api.url + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  it('tells browsers not to guess the type of an answer of GraphQL either', async () => {
    const { headers } = await api.ask('{ movie(id: 1) { title } }');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
