import { isIP } from 'node:net';
import type { RedisOptions } from 'ioredis';
import type { RedisServer } from './read-redis-url.js';

/** Certificates and a key in PEM, as Node.js takes them. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Those options of ioredis that a URL says something of. */
export type ClientOptions = Pick<
  RedisOptions,
  | 'host'
  | 'port'
  | 'path'
  | 'db'
  | 'username'
  | 'password'
  | 'tls'
  | 'sentinels'
  | 'name'
  | 'sentinelTLS'
  | 'enableTLSForSentinelMode'
>;

/**
 * What ioredis makes a client of the server with; of a cluster, each of its nodes: `new Redis(options)`, or
 * `new Cluster([...server.place.nodes], { redisOptions: options })`. `tls` is used where the URL says that connections are encrypted.
 */
export function clientOptions(server: RedisServer, tls: TlsOptions = {}): ClientOptions {
  const { place, user, password, database } = server;
  return {
    ...placeOf(server, tls),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(place.by === 'cluster' ? {} : { db: database }),
  };
}

function placeOf({ place, isEncrypted }: RedisServer, tls: TlsOptions): ClientOptions {
  switch (place.by) {
    case 'port': {
      const { host, port } = place;
      if (!isEncrypted) return { host, port };
      // A server that many share finds the right certificate by the name, which Node does not send by itself.
      const name = isIP(host) === 0 ? { servername: host } : {};
      return { host, port, tls: { ...name, ...tls } };
    }
    case 'socket':
      return { path: place.path };
    case 'sentinel': {
      const found = { sentinels: [...place.sentinels], name: place.primary };
      // Without the switch, ioredis encrypts nothing that goes to the servers which the sentinels name.
      return isEncrypted ? { ...found, tls, sentinelTLS: tls, enableTLSForSentinelMode: true } : found;
    }
    case 'cluster':
      // Nodes that are found later are not in the URL.
      return isEncrypted ? { tls } : {};
  }
}
