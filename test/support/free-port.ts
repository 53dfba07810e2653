import { once } from 'node:events';
import { createServer } from 'node:net';

/** The system may name a port again before its server listens there: a cluster asks for twelve at once. */
const named = new Set<number>();

/** A loopback port that nobody listened on a moment ago, and another one each time. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  if (named.has(address.port)) return freePort();
  named.add(address.port);
  return address.port;
}
