import { textOf } from '../errors.js';
import type { IncomingMessage } from 'node:http';
import type { CacheLog } from '../log.js';
import type { CacheDashboardOptions } from './dashboard-options.js';

/** `unknown` has shown nothing by which it could be known; `forbidden` has, and may not. */
export type Access = 'allowed' | 'unknown' | 'forbidden';

/** Who may see figures and change anything. */
export type AccessCheck = (request: IncomingMessage) => Promise<Access>;

export function createAccess(
  authorize: CacheDashboardOptions['authorize'] = isOnThisMachine,
  log: CacheLog,
): AccessCheck {
  return async (request) => {
    try {
      // In JavaScript it may answer anything, which is no yes.
      if ((await authorize(request)) === true) return 'allowed';
    } catch (error) {
      log.error({ reason: textOf(error) }, 'cacheDashboard: authorize failed, so the request was refused');
    }
    const { authorization, cookie } = request.headers;
    return authorization === undefined && cookie === undefined ? 'unknown' : 'forbidden';
  };
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const PROXIES_SAY = [
  'forwarded',
  'via',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
];
const LOCAL_HOST = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/;

/**
 * A program on the same machine, by its address. Its Host must name this machine too: a page of another site can have its own name lead
 * here. What a proxy hands on comes from elsewhere.
 */
function isOnThisMachine({ socket, headers }: IncomingMessage): boolean {
  return (
    LOOPBACK.test(socket.remoteAddress ?? '') &&
    LOCAL_HOST.test(headers.host ?? '') &&
    PROXIES_SAY.every((name) => headers[name] === undefined)
  );
}

/**
 * True unless a browser says that a page of another site asks. What a person opens by hand, and programs that are no browser, say nothing of
 * the kind.
 */
export function isOfThisSite({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  // Browsers leave it out where the connection is not encrypted.
  const { origin } = headers;
  if (origin === undefined) return true;
  const hosts = [headers.host, headers['x-forwarded-host']];
  return URL.canParse(origin) && hosts.includes(new URL(origin).host);
}
