import type { ServerResponse } from 'node:http';

/** What a request is answered with. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The page may run and load what this server sends, and nothing else; it may be shown in no other page. Nothing of an answer stays in a
 * cache on the way unless the answer says otherwise.
 */
const SECURITY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
} as const;

export function json(body: object, status = 200, headers: Reply['headers'] = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}

/** Thrown where a request cannot be done as it stands; the message is a sentence for the person at the page. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** A sentence for the person at the page. */
export function refusal(status: number, message: string, headers: Reply['headers'] = {}): Reply {
  return json({ message }, status, headers);
}

export function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...SECURITY, ...headers }).end(body);
}

/** Begins an answer that goes on: events, as EventSource reads them. */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, {
    ...SECURITY,
    'content-type': 'text/event-stream',
    // Proxies such as nginx would keep it back until it is long.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
}
