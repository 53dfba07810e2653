import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/start/configuration-error.js';
import { parseRedisUrl, redisAddress, type RedisServer } from '../../src/redis/parse-redis-url.js';

const plain: RedisServer = {
  host: 'cache',
  port: 6379,
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
    ['redis://cache:6380', { port: 6380 }],
    ['redis://cache/3', { database: 3 }],
    ['rediss://cache:6380/3', { port: 6380, database: 3, isEncrypted: true }],
    ['redis://:secret@cache', { password: 'secret' }],
    ['redis://films:secret@cache', { user: 'films', password: 'secret' }],
    ['redis://films:s%23%2F%3F%40%25t@cache', { user: 'films', password: 's#/?@%t' }],
    ['redis://films:a@b@cache', { user: 'films', password: 'a@b' }],
    ['redis://127.0.0.1:6380/0', { host: '127.0.0.1', port: 6380 }],
    ['redis://[::1]:6380', { host: '::1', port: 6380 }],
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

  const sentinel =
    'asks for Sentinel, which is not supported yet; name the host and port of the primary, like redis://user:password@host:6379/0.';
  const inCluster =
    'asks for a Redis Cluster, which is not supported yet; name a primary that is part of no cluster, like redis://user:password@host:6379/0.';
  const several =
    'names several hosts, which is not supported yet; name one, which is the primary, like redis://user:password@host:6379/0.';
  const socket =
    'names a unix socket, which is not supported yet; have Redis listen on a port too, and name its host and port, like redis://user:password@host:6379/0.';

  it.each<[url: string, rest: string]>([
    [
      'valkey://films:secret@cache',
      'must begin with redis://, not with valkey://; Valkey speaks the same protocol, so write redis:// and leave the rest as it is.',
    ],
    [
      'Valkeys://films:secret@cache',
      'must begin with rediss://, not with valkeys://; Valkey speaks the same protocol, so write rediss:// and leave the rest as it is.',
    ],
    ['redis+sentinel://:secret@cache:26379/films', sentinel],
    ['sentinel://:secret@cache:26379,cache2:26379', sentinel],
    ['redis-sentinel://:secret@cache:26379', sentinel],
    ['redis://films:secret@cache?cluster=true', inCluster],
    ['rediss://films:secret@cache:6379/0?timeout=5&cluster=true', inCluster],
    ['redis+cluster://films:secret@cache', inCluster],
    ['redis://films:secret@cache:6379,cache2:6379/0', several],
    ['redis://cache,cache2', several],
    ['redis://:secret@cache:6379,redis://:secret@cache2:6379', several],
    ['cache:6379,cache2:6379', several],
    ['unix:///var/run/secret.sock', socket],
    ['redis+unix://:secret@/var/run/redis.sock', socket],
    ['redis+socket:///var/run/secret.sock', socket],
    ['/var/run/secret.sock', socket],
    ['./secret.sock', socket],
    ['redis:///var/run/secret.sock', socket],
    ['redis://%2Fvar%2Frun%2Fsecret.sock', socket],
  ])('%s is not supported yet, which is said of both variables', (url, rest) => {
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
  });
});
