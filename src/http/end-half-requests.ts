import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** So long after a stop has begun a request must have arrived. Milliseconds. */
const ARRIVED_WITHIN_MS = 2_000;
/** So long after that one must be answered, which leaves time to close what is behind the server. Milliseconds. */
const ANSWERED_WITHIN_MS = 7_000;
const LOOKED_AT_EACH_MS = 250;

/**
 * Returns what a server calls when it stops: connections whose request does not arrive are ended soon, as a client that
 * goes silent would otherwise hold up the stop. Requests that have arrived are answered, unless that takes too long.
 */
export function endHalfRequests(server: Server): () => void {
  const latest = new Map<Socket, ServerResponse | undefined>();
  server.on('connection', (socket) => {
    latest.set(socket, undefined);
    socket.once('close', () => latest.delete(socket));
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    latest.set(request.socket, response);
  });
  return () => {
    // It will not tell that it is closed then.
    if (!server.listening) return;
    const sinceMs = performance.now();
    const timer = setInterval(() => {
      const forMs = performance.now() - sinceMs;
      if (forMs >= ANSWERED_WITHIN_MS) server.closeAllConnections();
      else if (forMs >= ARRIVED_WITHIN_MS) {
        for (const [socket, response] of latest) if (!isAnswering(response)) socket.destroy();
      }
    }, LOOKED_AT_EACH_MS);
    server.once('close', () => clearInterval(timer));
  };
}

function isAnswering(response: ServerResponse | undefined): boolean {
  return response?.req.complete === true && !response.writableFinished;
}
