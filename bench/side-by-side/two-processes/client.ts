import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

const TIME_OUT_MS = 10_000;

/** A client of one process, over connections that stay open. */
export interface Client {
  /** Resolves with the answer to a body, sent with these headers besides its own. @throws Error where there is none, or one that is not a good one. */
  ask(body: string, more?: Readonly<Record<string, string>>): Promise<string>;
  close(): void;
}

export function openClient(url: string, connections: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const ask: Client['ask'] = (body, more) =>
    new Promise((resolve, reject) => {
      const length = Buffer.byteLength(body);
      const headers = { 'content-type': 'application/json', 'content-length': length, ...more };
      const sent = request(url, { method: 'POST', agent, headers, timeout: TIME_OUT_MS }, (response) => {
        text(response).then((answer) => {
          if (response.statusCode === 200 && !answer.includes('"errors"')) resolve(answer);
          else reject(new Error(`${url} answered ${response.statusCode}: ${answer.slice(0, 200)}`));
        }, reject);
      });
      sent.on('timeout', () => sent.destroy(new Error(`${url} did not answer within ${TIME_OUT_MS} ms`)));
      sent.on('error', reject);
      sent.end(body);
    });
  return { ask, close: () => agent.destroy() };
}
