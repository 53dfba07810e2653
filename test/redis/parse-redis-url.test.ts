import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/start/configuration-error.js';
import { redisAddress, type RedisPlace, type RedisServer } from '../../src/cache/redis/index.js';
import { parseRedisUrl } from '../../src/redis/parse-redis-url.js';

const port = (host = 'cache', number = 6379): RedisPlace => ({ by: 'port', host, port: number });
const socket = (path: string): RedisPlace => ({ by: 'socket', path });
const sentinels = (...hosts: [host: string, port?: number][]): RedisPlace => ({
  by: 'sentinel',
  sentinels: hosts.map(([host, number = 26_379]) => ({ host, port: number })),
  primary: 'films',
});

const cluster = (...hosts: [host: string, port?: number][]): RedisPlace => ({
  by: 'cluster',
  nodes: hosts.map(([host, number = 6379]) => ({ host, port: number })),
});

const plain: RedisServer = {
  place: port(),
  user: undefined,
  password: undefined,
  database: 0,
  isEncrypted: false,
};

describe('REDIS_URL', () => {
  it.each<[url: string, server: Partial<RedisServer>]>([
    ['redis://cache', {}],
    ['redis://cache/', {}],
    ['REDIS://cache', {}],
    ['  redis://cache\n', {}],
    ['redis://cache:6380', { place: port('cache', 6380) }],
    ['redis://cache/3', { database: 3 }],
    ['rediss://cache:6380/3', { place: port('cache', 6380), database: 3, isEncrypted: true }],
    ['valkey://cache/3', { database: 3 }],
    ['Valkeys://films:secret@cache', { user: 'films', password: 'secret', isEncrypted: true }],
    ['redis://:secret@cache', { password: 'secret' }],
    ['redis://films:secret@cache', { user: 'films', password: 'secret' }],
    ['redis://films:s%23%2F%3F%40%25t@cache', { user: 'films', password: 's#/?@%t' }],
    ['redis://films:a@b@cache', { user: 'films', password: 'a@b' }],
    ['redis://127.0.0.1:6380/0', { place: port('127.0.0.1', 6380) }],
    ['redis://[::1]:6380', { place: port('::1', 6380) }],
    ['unix:///run/redis.sock', { place: socket('/run/redis.sock') }],
    ['/run/a%20b/redis.sock', { place: socket('/run/a b/redis.sock') }],
    ['redis+unix:///run/redis.sock?db=2', { place: socket('/run/redis.sock'), database: 2 }],
    ['redis+socket:///run/redis.sock', { place: socket('/run/redis.sock') }],
    [
      'unix://films:s%40t@/run/redis.sock?db=2',
      { place: socket('/run/redis.sock'), user: 'films', password: 's@t', database: 2 },
    ],
    ['redis+sentinel://cache/films', { place: sentinels(['cache']) }],
    [
      'redis+sentinel://films:s%2Ft@a:1,b,[::1]:3/films/2',
      { place: sentinels(['a', 1], ['b'], ['::1', 3]), user: 'films', password: 's/t', database: 2 },
    ],
    [
      'rediss+sentinel://:a,b@cache/films',
      { place: sentinels(['cache']), password: 'a,b', isEncrypted: true },
    ],
    ['redis://cache?cluster=true', { place: cluster(['cache']) }],
    [
      'rediss://films:s%2Ft@a:1,[::1]:2/0?cluster=true',
      { place: cluster(['a', 1], ['::1', 2]), user: 'films', password: 's/t', isEncrypted: true },
    ],
    ['valkeys+sentinel://cache/films', { place: sentinels(['cache']), isEncrypted: true }],
  ])('%s is read', (url, server) => {
    expect(parseRedisUrl(url)).toEqual({ ...plain, ...server });
  });

  it.each<[url: string, sentence: string]>([
    [
      'secret:6379',
      'REDIS_URL must begin with redis://, or with rediss:// for an encrypted connection, like redis://user:password@host:6379/0.',
    ],
    [
      'http://films:secret@cache',
      'REDIS_URL must begin with redis://, or with rediss:// for an encrypted connection, like redis://user:password@host:6379/0.',
    ],
    [
      'redis://films:secret@cache:70000',
      'REDIS_URL is not a URL; it must look like redis://user:password@host:6379/0: percent-encode special characters of the password.',
    ],
    [
      'redis://films:secret#1@cache',
      'REDIS_URL is not a URL; it must look like redis://user:password@host:6379/0: percent-encode special characters of the password.',
    ],
    [
      // Without the check, this would be a host "films" with a port "12".
      'redis://films:12#secret@cache',
      'REDIS_URL has a # in it, which ends a URL; percent-encode special characters of the password, # as %23.',
    ],
    [
      'redis://films:12?secret@cache',
      'REDIS_URL has a question mark in it, but takes no options; leave them out, and percent-encode special characters of the password, ? as %3F.',
    ],
    [
      'redis://films:12/secret@cache',
      'REDIS_URL must end with the host and port, or with the number of a database, like redis://user:password@host:6379/0; percent-encode special characters of the password, / as %2F.',
    ],
    [
      'redis://:100%secret@cache',
      'REDIS_URL has a % that is not followed by two hexadecimal digits; percent-encode special characters of the password, % as %25.',
    ],
    ['redis:///1', 'REDIS_URL names no host; it must look like redis://user:password@host:6379/0.'],
    ['redis://cache:0', 'REDIS_URL names port 0, where nothing can listen; the usual one is 6379.'],
    [
      'redis://secret@cache',
      'REDIS_URL names a user without a password; write user:password before the @, or leave the user out.',
    ],
  ])('%s is refused, and not repeated', (url, sentence) => {
    expect(() => parseRedisUrl(url)).toThrow(new ConfigurationError(sentence));
    expect(sentence).not.toContain('secret');
  });

  const inCluster =
    'asks for a Redis Cluster in a form that is not read; write redis://user:password@host:6379,host:6379?cluster=true.';
  const several =
    'names several hosts; name one, which is the primary, like redis://user:password@host:6379/0, sentinels, like redis+sentinel://user:password@host:26379,host:26379/name-of-the-primary/0, or nodes of a cluster, like redis://user:password@host:6379,host:6379?cluster=true.';
  const wrongSocket = 'names a unix socket in a form that is not read; write unix:///run/redis.sock?db=0.';
  const noSocket =
    'names no socket; it must look like unix:///run/redis.sock?db=0: percent-encode special characters of the password.';
  const encryptedSocket =
    'asks for an encrypted connection over a unix socket, which leaves no machine; write unix:///run/redis.sock?db=0.';
  const wrongSentinel =
    'asks for Sentinel in a form that is not read; write redis+sentinel://user:password@host:26379,host:26379/name-of-the-primary/0.';
  const noPrimary =
    'names no primary for the sentinels to find, by its letters, digits, ., _ and -; it must look like redis+sentinel://user:password@host:26379,host:26379/name-of-the-primary/0.';
  const noSentinel =
    'names no host for a sentinel; it must look like redis+sentinel://user:password@host:26379,host:26379/name-of-the-primary/0.';

  it.each<[url: string, rest: string]>([
    ['sentinel://:secret@cache:26379,cache2:26379', wrongSentinel],
    ['redis-sentinel://:secret@cache:26379', wrongSentinel],
    ['redis+sentinel://:secret@cache:26379', noPrimary],
    ['redis+sentinel://:secret@cache:26379/', noPrimary],
    ['redis+sentinel://:secret@cache:26379/films?db=2', noPrimary],
    ['redis+sentinel://:secret@a,,b/films', noSentinel],
    ['redis+sentinel://:secret@/films', noSentinel],
    [
      'redis+sentinel://:secret@cache:0/films',
      'names port 0, where nothing can listen; the usual one is 26379.',
    ],
    ['redis://films:secret@cache?cluster=1', inCluster],
    [
      'rediss://films:secret@cache:6379/0?timeout=5&cluster=true',
      'names a Redis Cluster and takes no other option; it must look like redis://user:password@host:6379,host:6379?cluster=true.',
    ],
    [
      'redis://films:secret@a,,b?cluster=true',
      'names no host for a node; it must look like redis://user:password@host:6379,host:6379?cluster=true.',
    ],
    [
      'redis://films:secret@a,b/3?cluster=true',
      'names a database of a Redis Cluster, which has only the one of number 0; leave it out.',
    ],
    ['redis+cluster://films:secret@cache', inCluster],
    ['redis://films:secret@cache:6379,cache2:6379/0', several],
    ['redis://cache,cache2', several],
    ['redis://:secret@cache:6379,redis://:secret@cache2:6379', several],
    ['cache:6379,cache2:6379', several],
    ['unix://', noSocket],
    ['unix://:secret@run/redis.sock', noSocket],
    [
      'unix:///run/redis.sock?db=0&password=secret',
      'takes no option but the number of a database, like unix:///run/redis.sock?db=0; percent-encode special characters of the password, ? as %3F.',
    ],
    ['rediss+unix:///var/run/secret.sock', encryptedSocket],
    ['redis-socket:///var/run/secret.sock', wrongSocket],
    ['./secret.sock', wrongSocket],
    ['redis:///var/run/secret.sock', wrongSocket],
    ['redis://%2Fvar%2Frun%2Fsecret.sock', wrongSocket],
  ])('%s is refused, which is said of both variables', (url, rest) => {
    expect(() => parseRedisUrl(url)).toThrow(new ConfigurationError(`REDIS_URL ${rest}`));
    expect(() => parseRedisUrl(url, 'JOURNAL_REDIS_URL')).toThrow(
      new ConfigurationError(`JOURNAL_REDIS_URL ${rest}`),
    );
    expect(rest).not.toContain('secret');
  });

  it('may have commas and slashes in its password', () => {
    expect(parseRedisUrl('redis://films:a,b%2F@cache')).toEqual({
      ...plain,
      user: 'films',
      password: 'a,b/',
    });
  });

  it('is told to people by host and port, without what is secret', () => {
    expect(redisAddress(parseRedisUrl('redis://films:secret@cache/1'))).toBe('cache:6379');
    expect(redisAddress(parseRedisUrl('redis://[::1]:6380'))).toBe('[::1]:6380');
    expect(redisAddress(parseRedisUrl('unix://films:secret@/run/redis.sock'))).toBe('/run/redis.sock');
    expect(redisAddress(parseRedisUrl('redis://:secret@a,b:2?cluster=true'))).toBe(
      'the cluster of a:6379, b:2',
    );
    expect(redisAddress(parseRedisUrl('redis+sentinel://:secret@a,[::1]:2/films'))).toBe(
      'the primary films of the sentinels a:26379, [::1]:2',
    );
  });
});
