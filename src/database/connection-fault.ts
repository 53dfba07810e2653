import { ConfigurationError } from '../start/configuration-error.js';
import type { DatabaseLimits } from './database-limits.js';

/** Turns what the driver says about a first connection into one sentence that names the fix, not the password. */
export function connectionFault(
  cause: unknown,
  url: URL,
  limits: Pick<DatabaseLimits, 'connectMs'>,
): ConfigurationError {
  return new ConfigurationError(sentence(cause, url, limits), { cause });
}

/** The server, as a person would write it; without user and password. */
export function serverName(url: URL): string {
  return `PostgreSQL at ${url.hostname || 'localhost'}:${url.port || '5432'}`;
}

function sentence(cause: unknown, url: URL, limits: Pick<DatabaseLimits, 'connectMs'>): string {
  const server = serverName(url);
  const user = url.username === '' ? 'the default user' : `user ${decodeURIComponent(url.username)}`;
  const database = decodeURIComponent(url.pathname.slice(1));
  const message = cause instanceof Error ? cause.message : String(cause);
  switch (codeOf(cause)) {
    case 'ECONNREFUSED':
      return `${server} refuses connections; start it, correct DATABASE_URL, or unset it to use the embedded database.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host ${url.hostname} of DATABASE_URL is not known; correct its name.`;
    case '28P01':
      return `${server} refused the password of ${user}; correct it in DATABASE_URL.`;
    case '28000':
      return `${server} does not let ${user} in (${message}); correct DATABASE_URL or the server's pg_hba.conf.`;
    case '3D000':
      return `${server} has no database "${database}"; create it with \`createdb ${database}\` or correct DATABASE_URL.`;
    case '53300':
      return `${server} has no connection left; raise its max_connections or close others.`;
    default:
      return `${server} ${complaint(message, limits)}`;
  }
}

/** What the driver tells by its message only. */
function complaint(message: string, { connectMs }: Pick<DatabaseLimits, 'connectMs'>): string {
  if (/time-?out/i.test(message)) {
    return `did not answer within ${connectMs} ms; check the host, the port and the firewall.`;
  }
  if (/terminated unexpectedly/i.test(message)) {
    return 'closed the connection at once; check that a PostgreSQL server listens there.';
  }
  return `cannot be used (${message}); correct DATABASE_URL.`;
}

/** The operating system's code, or PostgreSQL's; empty when there is none. */
function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}
