export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/**
 * How the server is found: at a port, on a unix socket of this machine, by asking sentinels for a primary by its name, or by
 * asking nodes of a cluster for the others.
 */
export type RedisPlace =
  | (HostAndPort & { readonly by: 'port' })
  | { readonly by: 'socket'; readonly path: string }
  | { readonly by: 'sentinel'; readonly sentinels: readonly HostAndPort[]; readonly primary: string }
  | { readonly by: 'cluster'; readonly nodes: readonly HostAndPort[] };

/** What a URL of Redis says. */
export interface RedisServer {
  readonly place: RedisPlace;
  /** Undefined stands for Redis's default user. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The number of the database; 0 unless the URL names another. */
  readonly database: number;
  /** True for rediss:// and valkeys://. */
  readonly isEncrypted: boolean;
}

/** Makes the error of the end of a sentence. */
type Fault = (rest: string) => Error;

const form = 'redis://user:password@host:6379/0';
const socketForm = 'unix:///run/redis.sock?db=0';
const sentinelForm = 'redis+sentinel://user:password@host:26379,host:26379/name-of-the-primary/0';
const clusterForm = 'redis://user:password@host:6379,host:6379?cluster=true';
const encode = 'percent-encode special characters of the password';
const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

const SENTINEL = /^(redis|rediss|valkey|valkeys)\+sentinel:\/\//i;
const CLUSTER = /^(redis|rediss|valkey|valkeys):\/\/.*[?&]cluster=true$/i;
const SOCKET = /^(unix|redis\+unix|redis\+socket|valkey\+unix):\/\/|^\//i;

/** Forms of other programs, each with what to do about it, as the end of the sentence. The first that fits is told. */
const OTHER_FORMS: readonly { readonly is: (text: string) => boolean; readonly rest: string }[] = [
  {
    is: begins(['sentinel', 'redis-sentinel', 'rediss-sentinel']),
    rest: `asks for Sentinel in a form that is not read; write ${sentinelForm}`,
  },
  {
    is: (text) =>
      begins(['redis+cluster', 'rediss+cluster', 'redis-cluster', 'valkey+cluster'])(text) ||
      (!CLUSTER.test(text) && /[?&]cluster=(?!false|0|no|off)/i.test(text)),
    rest: `asks for a Redis Cluster in a form that is not read; write ${clusterForm}`,
  },
  {
    is: begins(['rediss+unix', 'rediss+socket', 'valkeys+unix']),
    rest: `asks for an encrypted connection over a unix socket, which leaves no machine; write ${socketForm}`,
  },
  {
    is: (text) => begins(['redis-socket'])(text) || isPath(text),
    rest: `names a unix socket in a form that is not read; write ${socketForm}`,
  },
  {
    is: (text) => !SENTINEL.test(text) && !SOCKET.test(text) && !CLUSTER.test(text) && namesSeveral(text),
    rest: `names several hosts; name one, which is the primary, like ${form}, sentinels, like ${sentinelForm}, or nodes of a cluster, like ${clusterForm}`,
  },
];

function begins(schemes: readonly string[]): (text: string) => boolean {
  return (text) => schemes.some((scheme) => text.toLowerCase().startsWith(`${scheme}:`));
}

/** `./redis.sock`, and a path as the host or the path of a URL. A password may hold slashes too, but has an @ after it. */
function isPath(text: string): boolean {
  return /^\.{1,2}\//.test(text) || /^\w+:\/\/(\/[^@]*[^@\d/]|[^@]*%2F)[^@]*$/i.test(withoutSocket(text));
}

function withoutSocket(text: string): string {
  return SOCKET.test(text) ? '' : text;
}

/** A comma in the host: after the last @, as a password may hold commas as well. */
function namesSeveral(text: string): boolean {
  if (/,\s*\w+:\/\//i.test(text)) return true;
  const [hosts = ''] =
    text
      .replace(/^\w+:\/\//, '')
      .split('@')
      .at(-1)
      ?.split(/[/?#]/) ?? [];
  return hosts.includes(',');
}

/**
 * Reads what can be read without a connection, in all forms of docs/redis-urls.md. `name` is where the URL was found, and begins the
 * sentence that `faultOf` makes an error of. No message repeats a part of the text: a password with a character that should
 * have been encoded can end up in any of them. @throws that error.
 */
export function readRedisUrl(
  redisUrl: string,
  name: string,
  faultOf: (sentence: string) => Error = (sentence) => new Error(sentence),
): RedisServer {
  const fault: Fault = (rest) => faultOf(`${name} ${rest}.`);
  const text = redisUrl.trim();
  const otherForm = OTHER_FORMS.find(({ is }) => is(text));
  if (otherForm !== undefined) throw fault(otherForm.rest);
  if (SOCKET.test(text)) return onSocket(text, fault);
  if (SENTINEL.test(text)) return bySentinel(text, fault);
  if (CLUSTER.test(text)) return inCluster(text, fault);
  const { host, port, ...server } = atPort(text, fault);
  return { ...server, place: { by: 'port', host, port } };
}

/** Where the server is, as a person would write it; without user and password. */
export function redisAddress({ place }: RedisServer): string {
  switch (place.by) {
    case 'port':
      return written(place);
    case 'socket':
      return place.path;
    case 'sentinel':
      return `the primary ${place.primary} of the sentinels ${place.sentinels.map(written).join(', ')}`;
    case 'cluster':
      return `the cluster of ${place.nodes.map(written).join(', ')}`;
  }
}

function written({ host, port }: HostAndPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

interface AtPort extends Omit<RedisServer, 'place'>, HostAndPort {}

function atPort(text: string, fault: Fault, defaultPort = DEFAULT_PORT): AtPort {
  if (!/^(redis|valkey)s?:\/\//i.test(text)) {
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
    throw fault(`names port 0, where nothing can listen; the usual one is ${defaultPort}`);
  const password = decoded(url.password, fault);
  if (url.username !== '' && password === undefined) {
    throw fault('names a user without a password; write user:password before the @, or leave the user out');
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? defaultPort : Number(url.port),
    user: decoded(url.username, fault),
    password,
    database: databaseIn(url.pathname, fault),
    isEncrypted: /^(rediss|valkeys):$/.test(url.protocol),
  };
}

/** `unix://user:password@/run/redis.sock?db=0`; a path alone is one too. */
function onSocket(text: string, fault: Fault): RedisServer {
  const [, credentials = '', path = '', query] =
    /^(?:[\w+]+:\/\/)?(?:([^/]*)@)?(\/[^?#]+)(?:\?([^#]*))?$/.exec(text) ?? [];
  if (path === '') throw fault(`names no socket; it must look like ${socketForm}: ${encode}`);
  const database = query === undefined ? '0' : /^db=(\d{1,5})$/.exec(query)?.[1];
  if (database === undefined) {
    throw fault(`takes no option but the number of a database, like ${socketForm}; ${encode}, ? as %3F`);
  }
  const { user, password } = atPort(`redis://${credentials === '' ? '' : `${credentials}@`}socket`, fault);
  const place = { by: 'socket', path: decoded(path, fault) ?? path } as const;
  return { place, user, password, database: Number(database), isEncrypted: false };
}

/** User, password and database are of the servers that the sentinels name. */
function bySentinel(text: string, fault: Fault): RedisServer {
  const [, scheme = '', credentials = '', hosts = '', primary = '', path = ''] =
    /^(\w+)\+sentinel:\/\/(.*@)?([^/@]*)(?:\/([^/]*)(\/.*)?)?$/i.exec(text) ?? [];
  if (!/^[A-Za-z0-9._-]+$/.test(primary)) {
    throw fault(
      `names no primary for the sentinels to find, by its letters, digits, ., _ and -; it must look like ${sentinelForm}`,
    );
  }
  const sentinels: HostAndPort[] = [];
  for (const each of hosts.split(',')) {
    if (each.trim() === '') throw fault(`names no host for a sentinel; it must look like ${sentinelForm}`);
    const { host, port } = atPort(`redis://${each.trim()}`, fault, DEFAULT_SENTINEL_PORT);
    sentinels.push({ host, port });
  }
  const { user, password, database, isEncrypted } = atPort(`${scheme}://${credentials}server${path}`, fault);
  return { place: { by: 'sentinel', sentinels, primary }, user, password, database, isEncrypted };
}

/** User and password are of all nodes. */
function inCluster(text: string, fault: Fault): RedisServer {
  const [, scheme = '', credentials = '', hosts = '', path = ''] =
    /^(\w+):\/\/(.*@)?([^/@?]*)(\/[^?]*)?\?cluster=true$/i.exec(text) ?? [];
  if (hosts === '')
    throw fault(`names a Redis Cluster and takes no other option; it must look like ${clusterForm}`);
  const nodes = hosts.split(',').map((each) => {
    if (each.trim() === '') throw fault(`names no host for a node; it must look like ${clusterForm}`);
    const { host, port } = atPort(`redis://${each.trim()}`, fault);
    return { host, port };
  });
  const { user, password, database, isEncrypted } = atPort(`${scheme}://${credentials}node${path}`, fault);
  if (database !== 0)
    throw fault('names a database of a Redis Cluster, which has only the one of number 0; leave it out');
  return { place: { by: 'cluster', nodes }, user, password, database, isEncrypted };
}

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
