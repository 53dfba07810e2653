import { ConfigurationError } from '../start/configuration-error.js';

/** What REDIS_URL says. */
export interface RedisServer {
  readonly host: string;
  readonly port: number;
  /** Undefined stands for Redis's default user. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The number of the database; 0 unless the URL names another. */
  readonly database: number;
  /** True for rediss://. */
  readonly isEncrypted: boolean;
}

const form = 'redis://user:password@host:6379/0';
const encode = 'percent-encode special characters of the password';
const DEFAULT_PORT = 6379;

/** Forms of other programs, each with what to do about it, as the end of the sentence. The first that fits is told. */
const OTHER_FORMS: readonly { readonly is: (text: string) => boolean; readonly rest: string }[] = [
  { is: begins(['valkey']), rest: sameAsRedis('valkey', 'redis') },
  { is: begins(['valkeys']), rest: sameAsRedis('valkeys', 'rediss') },
  {
    is: begins(['sentinel', 'redis+sentinel', 'rediss+sentinel', 'redis-sentinel', 'rediss-sentinel']),
    rest: `asks for Sentinel, which is not supported yet; name the host and port of the primary, like ${form}`,
  },
  {
    is: (text) =>
      begins(['redis+cluster', 'rediss+cluster', 'redis-cluster'])(text) ||
      /[?&]cluster=(?!false|0|no|off)/i.test(text),
    rest: `asks for a Redis Cluster, which is not supported yet; name a primary that is part of no cluster, like ${form}`,
  },
  {
    is: (text) =>
      begins(['unix', 'redis+unix', 'rediss+unix', 'redis+socket', 'redis-socket'])(text) || isPath(text),
    rest: `names a unix socket, which is not supported yet; have Redis listen on a port too, and name its host and port, like ${form}`,
  },
  {
    is: namesSeveral,
    rest: `names several hosts, which is not supported yet; name one, which is the primary, like ${form}`,
  },
];

function begins(schemes: readonly string[]): (text: string) => boolean {
  return (text) => schemes.some((scheme) => text.toLowerCase().startsWith(`${scheme}:`));
}

function sameAsRedis(scheme: string, redis: string): string {
  return (
    `must begin with ${redis}://, not with ${scheme}://; Valkey speaks the same protocol, so write ${redis}:// and leave the ` +
    'rest as it is'
  );
}

/** `/run/redis.sock`, and the same as the host or the path of a URL. A password may hold slashes too, but has an @ after it. */
function isPath(text: string): boolean {
  return /^\.{0,2}\//.test(text) || /^rediss?:\/\/(\/[^@]*[^@\d/]|[^@]*%2F)[^@]*$/i.test(text);
}

/** A comma in the host: after the last @, as a password may hold commas as well. */
function namesSeveral(text: string): boolean {
  if (/,\s*rediss?:\/\//i.test(text)) return true;
  const [hosts = ''] =
    text
      .replace(/^\w+:\/\//, '')
      .split('@')
      .at(-1)
      ?.split(/[/?#]/) ?? [];
  return hosts.includes(',');
}

/**
 * Reads what can be read without a connection. No message repeats a part of the text: a password with a character
 * that should have been encoded can end up in any of them.
 */
export function parseRedisUrl(redisUrl: string, name = 'REDIS_URL'): RedisServer {
  const fault = (rest: string): ConfigurationError => new ConfigurationError(`${name} ${rest}.`);
  const text = redisUrl.trim();
  const otherForm = OTHER_FORMS.find(({ is }) => is(text));
  if (otherForm !== undefined) throw fault(otherForm.rest);
  if (!/^rediss?:\/\//i.test(text)) {
    throw fault(`must begin with redis://, or with rediss:// for an encrypted connection, like ${form}`);
  }
  if (!URL.canParse(text)) throw fault(`is not a URL; it must look like ${form}: ${encode}`);
  const url = new URL(text);
  if (url.hash !== '' || text.endsWith('#')) {
    throw fault(`has a # in it, which ends a URL; ${encode}, # as %23`);
  }
  if (url.search !== '' || text.endsWith('?')) {
    throw fault(`has a question mark in it, but takes no options; leave them out, and ${encode}, ? as %3F`);
  }
  if (url.hostname === '') throw fault(`names no host; it must look like ${form}`);
  if (url.port === '0')
    throw fault(`names port 0, where nothing can listen; the usual one is ${DEFAULT_PORT}`);
  const password = decoded(url.password, fault);
  if (url.username !== '' && password === undefined) {
    throw fault('names a user without a password; write user:password before the @, or leave the user out');
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    user: decoded(url.username, fault),
    password,
    database: databaseIn(url.pathname, fault),
    isEncrypted: url.protocol === 'rediss:',
  };
}

/** Where the server is, as a person would write it; without user and password. */
export function redisAddress({ host, port }: RedisServer): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

type Fault = (rest: string) => ConfigurationError;

function decoded(text: string, fault: Fault): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault(`has a % that is not followed by two hexadecimal digits; ${encode}, % as %25`);
  }
}

function databaseIn(path: string, fault: Fault): number {
  const digits = /^\/?(\d{0,5})$/.exec(path)?.[1];
  if (digits === undefined) {
    throw fault(
      `must end with the host and port, or with the number of a database, like ${form}; ${encode}, / as %2F`,
    );
  }
  return Number(digits);
}
