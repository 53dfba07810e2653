import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CacheError } from '../../../../src/cache/index.js';
import { redisJournal, redisStore } from '../../../../src/cache/redis/index.js';
import { openClients } from '../../../../src/cache/redis/connection/hardened-clients.js';

function client(options: object): unknown {
  const redis = new Redis({ ...options, lazyConnect: true });
  onTestFinished(() => redis.disconnect());
  return redis;
}

function clientOf(url: string): unknown {
  const redis = new Redis(url, { lazyConnect: true });
  onTestFinished(() => redis.disconnect());
  return redis;
}

const NO_CLIENT = 'the first argument must be a client of ioredis; pass new Redis(url)';

describe.each([
  ['redisStore', redisStore],
  ['redisJournal', redisJournal],
])('%s, when it is made,', (name, make) => {
  const madeOf = (given: unknown, options: object = {}): unknown =>
    Reflect.apply(make, undefined, [given, options]);
  const refused = (sentence: string): CacheError =>
    new CacheError('CACHE_CONFIGURATION', `${name}: ${sentence}`);

  it.each<[title: string, given: () => unknown, sentence: string]>([
    [
      'a client with stringNumbers',
      () => client({ stringNumbers: true }),
      'the client has stringNumbers: true, which turns the numbers of replies into texts; leave that option out',
    ],
    [
      'a client with a keyPrefix',
      () => client({ keyPrefix: 'films:' }),
      'the client has keyPrefix: "films:", which would not stand before the keys; leave that option out, and pass prefix: "films" as an option here',
    ],
    [
      'a client that asks sentinels for a replica',
      () => client({ sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'films', role: 'slave' }),
      "the client has role: 'slave', but a replica lags behind its primary, so that what it answers may be stale; leave that option out",
    ],
    [
      'a client that reads from replicas',
      () => client({ readOnly: true }),
      'the client has readOnly: true, but a replica lags behind its primary, so that what it answers may be stale; leave that option out',
    ],
    [
      'a client of Sentinel with tls that would not be used',
      () => client({ sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'films', tls: {} }),
      'the client has sentinels and tls, but encrypts nothing without enableTLSForSentinelMode: true; set it, or leave tls out',
    ],
    [
      'a client of a URL that ioredis takes for a path',
      () => clientOf('valkey://:secret@cache'),
      'the client was made of a URL that ioredis does not know, and would look for a unix socket; begin the URL with redis://, or with rediss:// for an encrypted connection',
    ],
    ['nothing', () => undefined, NO_CLIENT],
    ['a URL', () => 'redis://:secret@cache', NO_CLIENT],
    ['the options of a client', () => ({ host: 'cache' }), NO_CLIENT],
    // As the client of another library has them: the same names for some of its members, and no status.
    [
      'a client of another library',
      () => ({ duplicate: () => undefined, options: {}, isOpen: true }),
      NO_CLIENT,
    ],
  ])('refuses %s', (_title, given, sentence) => {
    expect(() => madeOf(given())).toThrow(refused(sentence));
  });

  it('refuses the client together with all options', () => {
    expect(() => madeOf(client({ stringNumbers: true, path: '//cache' }), { prefix: '{a}' })).toThrow(
      refused(
        'the client was made of a URL that ioredis does not know, and would look for a unix socket; begin the URL with redis://, or with rediss:// for an encrypted connection; ' +
          'the client has stringNumbers: true, which turns the numbers of replies into texts; leave that option out; ' +
          'prefix must be letters, digits and _ . -, but got "{a}"',
      ),
    );
  });

  it('takes any other client', () => {
    madeOf(client({ path: '/run/redis.sock' }));
    madeOf(client({ host: 'cache', keyPrefix: '', stringNumbers: false }));
  });
});

it('a client with the other protocol and its replies gets connections with ours', () => {
  const redis = new Redis({ lazyConnect: true, protocol: 3, replyMapping: 'resp3' });
  const connections = openClients(redis, {
    connectTimeoutMs: 5,
    onReady: () => undefined,
    onLost: () => undefined,
  });
  onTestFinished(() => connections.close());
  expect(connections.commands.options).toMatchObject({ protocol: 2, replyMapping: 'legacy' });
});
