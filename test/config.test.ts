import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCache, memoryStore } from '../src/cache/index.js';
import { cacheLines } from '../src/start/announce.js';
import { answerCommandLine } from '../src/start/command-line.js';
import { readConfig, variableNames } from '../src/config.js';
import { ConfigurationError } from '../src/start/configuration-error.js';
import { packageRoot } from '../src/start/package-root.js';

/** Only its form is looked at. */
const certificate = path.join(packageRoot, 'src', 'redis', 'tls-files.ts');

describe('the configuration', () => {
  it('needs no variable at all', () => {
    expect(readConfig({})).toEqual({
      environment: 'development',
      host: '127.0.0.1',
      port: 4000,
      metricsPort: undefined,
      databaseUrl: undefined,
      databaseLimits: { connectMs: 5000, statementMs: 10_000 },
      redisUrl: undefined,
      redisPrefix: 'corral',
      redisTls: { ca: undefined, cert: undefined, key: undefined },
      journal: { redisUrl: undefined, durability: 'memory', replicas: 0, maxPending: 10_000 },
      trustedProxies: [],
      accounts: {
        perAccount: 20,
        perAddress: 100,
        windowSeconds: 900,
        maxWaitMs: 2000,
        sessionDays: 30,
        sessionsPerAccount: 50,
      },
      dataDirectory: '.data',
      logLevel: 'info',
      recordTraffic: undefined,
      compilesQueries: true,
      cache: {
        maxEntries: 100_000,
        maxBytes: 268_435_456,
        eviction: 's3-fifo',
        onStoreLoss: 'degrade',
        region: undefined,
        acknowledge: 'region',
        acknowledgeWithinMs: 1000,
        blindAfterMs: 3000,
        whileBlind: 'load',
        strictCopies: false,
        memo: { maxBytes: 33_554_432 },
        prefetch: true,
        probe: true,
        shadow: undefined,
        maxAge: 'none',
        tagHeader: undefined,
        disabled: [],
      },
    });
  });

  it('listens on all addresses in production, and only there', () => {
    expect(readConfig({ NODE_ENV: 'production' }).host).toBe('0.0.0.0');
    expect(readConfig({ NODE_ENV: 'production', HOST: '127.0.0.1' }).host).toBe('127.0.0.1');
  });

  it('takes an empty variable for an unset one', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: ' ', REDIS_URL: '' })).toEqual(readConfig({}));
  });

  it('cannot be changed later', () => {
    const config = readConfig({});
    expect(Object.isFrozen(config) && Object.isFrozen(config.cache)).toBe(true);
  });

  it.each<[variables: Record<string, string>, sentence: string]>([
    [
      { REDIS_URL: 'rediss://cache', REDIS_TLS_CA: '/nowhere/ca.pem' },
      'REDIS_TLS_CA must name a file in PEM, but "/nowhere/ca.pem" cannot be read (ENOENT).',
    ],
    [
      { REDIS_URL: 'rediss://cache', REDIS_TLS_CA: 'package.json' },
      'REDIS_TLS_CA must name a file in PEM, which holds a line like -----BEGIN CERTIFICATE-----; "package.json" does not.',
    ],
    [
      { REDIS_URL: 'rediss://cache', REDIS_TLS_CERT: certificate },
      'REDIS_TLS_CERT and REDIS_TLS_KEY belong together; set both, or neither.',
    ],
    [
      { REDIS_URL: 'redis://cache', REDIS_TLS_CA: certificate },
      'REDIS_TLS_CA, REDIS_TLS_CERT and REDIS_TLS_KEY are about encrypted connections, but no URL of a Redis asks for one; begin it with rediss://, or unset them.',
    ],
  ])('refuses certificates for Redis that cannot be used: %o', (variables, sentence) => {
    expect(() => readConfig(variables)).toThrow(new ConfigurationError(sentence));
  });

  it.each([
    ['PORT', 'abc', 'PORT must be a whole number from 0 to 65535, but is "abc".'],
    ['PORT', '70000', 'PORT must be a whole number from 0 to 65535, but is 70000.'],
    ['PORT', '-1', 'PORT must be a whole number from 0 to 65535, but is "-1".'],
    ['NODE_ENV', 'prod', 'NODE_ENV must be one of development, test, production, but is "prod".'],
    [
      'LOG_LEVEL',
      'loud',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, but is "loud".',
    ],
    [
      'REDIS_PREFIX',
      'films:',
      'REDIS_PREFIX must consist of letters, digits, "_", "." and "-" only, but is "films:".',
    ],
    [
      'REDIS_PREFIX',
      '{films}',
      'REDIS_PREFIX must consist of letters, digits, "_", "." and "-" only, but is "{films}".',
    ],
    [
      'CACHE_SHADOW_SHARE',
      'some',
      'CACHE_SHADOW_SHARE must be a number from 0 to 1, such as 0.001, but is "some".',
    ],
    [
      'CACHE_SHADOW_SHARE',
      '1.5',
      'CACHE_SHADOW_SHARE must be a number from 0 to 1, such as 0.001, but is 1.5.',
    ],
    ['CACHE_EVICTION', 'fifo', 'CACHE_EVICTION must be one of s3-fifo, lru, lfu, ttl, but is "fifo".'],
    ['CACHE_MAX_ENTRIES', '0', 'CACHE_MAX_ENTRIES must be a whole number from 1 to 100000000, but is 0.'],
    [
      'CACHE_MAX_BYTES',
      '1e9',
      'CACHE_MAX_BYTES must be a whole number from 1 to 1099511627776, but is "1e9".',
    ],
  ])('refuses %s=%s', (name, value, sentence) => {
    expect(() => readConfig({ [name]: value })).toThrow(new ConfigurationError(sentence));
  });

  it('refuses to put metrics on the port of the API, which METRICS_PORT is there to avoid', () => {
    const sentence =
      'METRICS_PORT keeps metrics off the port of the API, but both are 4000; set another one, or unset it.';
    expect(() => readConfig({ METRICS_PORT: '4000' })).toThrow(new ConfigurationError(sentence));
    expect(readConfig({ METRICS_PORT: '0', PORT: '0' }).metricsPort).toBe(0);
  });

  it('refuses a wrong DATABASE_URL without repeating it: it holds a password', () => {
    const url = 'mysql://root:secret@host/db';
    expect(() => readConfig({ DATABASE_URL: url })).toThrow(/^DATABASE_URL must begin with postgresql:\/\//);
    expect(() => readConfig({ DATABASE_URL: url })).not.toThrow(/secret/);
  });

  it.each([
    ['user', 'postgresql://fil%ms:secret@host/films'],
    ['user', 'postgresql://fil%E4ms:secret@host/films'],
    ['database', 'postgresql://films:secret@host/100%'],
  ])('refuses a %s in DATABASE_URL with a per cent sign that encodes nothing', (part, url) => {
    expect(() => readConfig({ DATABASE_URL: url })).toThrow(
      new ConfigurationError(
        `DATABASE_URL has a % in its ${part} that encodes no character; write a % itself as %25.`,
      ),
    );
    expect(
      readConfig({ DATABASE_URL: 'postgresql://fil%25ms:secret@host/100%25' }).databaseUrl,
    ).toBeDefined();
  });

  it('refuses a wrong REDIS_URL without repeating it: it holds a password', () => {
    const url = 'redis://films:12/secret@cache';
    expect(() => readConfig({ REDIS_URL: url })).toThrow(
      /^REDIS_URL must end with the host and port, [^\n]+\.$/,
    );
    expect(() => readConfig({ REDIS_URL: url })).not.toThrow(/secret/);
  });

  it('takes proxies, and refuses what is neither an address nor a network', () => {
    const read = (text: string): unknown => readConfig({ TRUSTED_PROXIES: text }).trustedProxies;
    expect(read('10.0.0.0/8, ::1 ,192.0.2.7')).toEqual(['10.0.0.0/8', '::1', '192.0.2.7']);
    for (const wrong of ['proxy.local', '10.0.0.0/33', 'true', '::1/129']) {
      expect(() => read(`::1,${wrong}`)).toThrow(
        new ConfigurationError(
          `TRUSTED_PROXIES must be IP addresses or networks such as 10.0.0.0/8, with commas between them, but has "${wrong}".`,
        ),
      );
    }
  });

  it.each(['0.0.0.0/0', '::/0', '10.0.0.0/00'])(
    'refuses %s as a proxy: it is every address',
    (everything) => {
      expect(() => readConfig({ TRUSTED_PROXIES: `10.0.0.0/8,${everything}` })).toThrow(
        new ConfigurationError(
          `TRUSTED_PROXIES has "${everything}", which is every address, so that any client could give itself any other; name the networks of your proxies.`,
        ),
      );
    },
  );

  it('takes a Redis and a prefix', () => {
    const given = { REDIS_URL: 'redis://cache:6380/1', REDIS_PREFIX: 'films_v2.eu-1' };
    expect(readConfig(given)).toMatchObject({ redisUrl: given.REDIS_URL, redisPrefix: given.REDIS_PREFIX });
  });

  it('takes a share of hits for shadow checks; 0 is none, and never', () => {
    const shadowOf = (share: string, after?: string) =>
      readConfig({ CACHE_SHADOW_SHARE: share, CACHE_SHADOW_SWITCH_OFF_AFTER: after }).cache.shadow;
    expect(shadowOf('0', '3')).toBeUndefined();
    expect(shadowOf('0.001', '0')).toEqual({ share: 0.001, switchOffAfter: undefined });
    expect(shadowOf('1', '3')).toEqual({ share: 1, switchOffAfter: 3 });
  });

  it('tells all faults together, one a line', () => {
    expect(() => readConfig({ PORT: 'x', LOG_LEVEL: 'x' })).toThrow(/^PORT .+\.\nLOG_LEVEL .+\.$/);
    expect(() => readConfig({ REDIS_URL: 'x', REDIS_PREFIX: ':' })).toThrow(
      /^REDIS_URL .+\.\nREDIS_PREFIX .+\.$/,
    );
  });

  it('refuses strict copies on a Redis Cluster, and takes a journal there', () => {
    const REDIS_URL = 'redis://a,b?cluster=true';
    const copies =
      'CACHE_STRICT_COPIES=on needs a log of invalidations, which a Redis Cluster has not, since one node would hold up every request and every write; unset it, or name a single primary in REDIS_URL.';
    expect(() => readConfig({ REDIS_URL, CACHE_STRICT_COPIES: 'on' })).toThrow(
      new ConfigurationError(copies),
    );
    expect(readConfig({ JOURNAL_REDIS_URL: REDIS_URL }).journal.redisUrl).toBe(REDIS_URL);
    expect(readConfig({ REDIS_URL }).redisUrl).toBe(REDIS_URL);
  });

  it('keeps no answers of whole operations on a Redis Cluster unless it is told to, and says so at the start', () => {
    const REDIS_URL = 'redis://a,b?cluster=true';
    const said = (given: Readonly<Record<string, string>>) =>
      cacheLines(readConfig(given), false).flatMap(([name, text]) => (name === 'Memo' ? [text] : []));
    expect(readConfig({ REDIS_URL }).cache.memo).toBe(false);
    expect(said({ REDIS_URL })).toEqual(['off on a Redis Cluster, see docs/memo.md']);
    // Then the cache warns.
    expect(readConfig({ REDIS_URL, CACHE_MEMO: 'on' }).cache.memo).toEqual({ maxBytes: 33_554_432 });
    expect(said({ REDIS_URL, CACHE_MEMO: 'on' })).toEqual([]);
    const single = { REDIS_URL: 'redis://a' };
    expect(readConfig(single).cache.memo).toEqual({ maxBytes: 33_554_432 });
    expect(said(single)).toEqual([]);
    expect(said({ ...single, CACHE_MEMO: 'off' })).toEqual([]);
  });

  it('takes the names of regions that a cache takes, and no others', () => {
    const isTakenBy = (take: () => unknown): boolean => {
      try {
        take();
        return true;
      } catch {
        return false;
      }
    };
    const names = ['eu-west', 'EU_1.a', 'x'.repeat(64), 'x'.repeat(65), 'eu west', 'eu:west', 'é'];
    const taken = names.filter((region) => isTakenBy(() => readConfig({ CACHE_REGION: region })));
    expect(taken).toEqual(['eu-west', 'EU_1.a', 'x'.repeat(64)]);
    expect(names.filter((region) => isTakenBy(() => createCache({ store: memoryStore(), region })))).toEqual(
      taken,
    );
    expect(() => readConfig({ CACHE_REGION: 'x'.repeat(65) })).toThrow(
      /^CACHE_REGION must consist of letters, digits, "_", "\." and "-" only, at most 64 of them, but is "x+"\.$/,
    );
  });

  it('refuses strict copies without a Redis', () => {
    const sentence =
      'CACHE_STRICT_COPIES=on is about entries in Redis, but none is named; set REDIS_URL, or unset CACHE_STRICT_COPIES.';
    expect(() => readConfig({ CACHE_STRICT_COPIES: 'on' })).toThrow(new ConfigurationError(sentence));
    const journal = { JOURNAL_REDIS_URL: 'redis://cache' };
    expect(() => readConfig({ CACHE_STRICT_COPIES: 'on', ...journal })).toThrow(
      new ConfigurationError(sentence),
    );
    expect(readConfig({ CACHE_STRICT_COPIES: 'on', REDIS_URL: 'redis://cache' }).cache.strictCopies).toBe(
      true,
    );
    expect(() => readConfig({ CACHE_STRICT_COPIES: 'on', JOURNAL_REPLICAS: '1' })).toThrow(
      new ConfigurationError(
        'JOURNAL_DURABILITY and JOURNAL_REPLICAS are about a Redis, but none is named; set JOURNAL_REDIS_URL or REDIS_URL.\n' +
          sentence,
      ),
    );
  });

  it.each<[name: string, sentence: string]>([
    [
      'JOURNAL_DURABILTY',
      'JOURNAL_DURABILTY is not a setting; did you mean JOURNAL_DURABILITY? Correct its name, or unset it.',
    ],
    [
      'CACHE_EVICT',
      'CACHE_EVICT is not a setting; did you mean CACHE_EVICTION? Correct its name, or unset it.',
    ],
    [
      'CACHE_STRICTCOPIES',
      'CACHE_STRICTCOPIES is not a setting; did you mean CACHE_STRICT_COPIES? Correct its name, or unset it.',
    ],
    ['REDIS_URI', 'REDIS_URI is not a setting; did you mean REDIS_URL? Correct its name, or unset it.'],
    [
      'JOURNAL_URL',
      'JOURNAL_URL is not a setting; unset it, or use one of JOURNAL_REDIS_URL, JOURNAL_DURABILITY, JOURNAL_REPLICAS, JOURNAL_MAX_PENDING.',
    ],
    [
      'REDIS_PASSWORD',
      'REDIS_PASSWORD is not a setting; unset it, or use one of REDIS_URL, REDIS_PREFIX, REDIS_TLS_CA, REDIS_TLS_CERT, REDIS_TLS_KEY.',
    ],
    [
      'REDIS_PORT_NUMBER',
      'REDIS_PORT_NUMBER is not a setting; unset it, or use one of REDIS_URL, REDIS_PREFIX, REDIS_TLS_CA, REDIS_TLS_CERT, REDIS_TLS_KEY.',
    ],
    [
      'REDIS_HOST',
      'REDIS_HOST is not a setting; unset it, or use one of REDIS_URL, REDIS_PREFIX, REDIS_TLS_CA, REDIS_TLS_CERT, REDIS_TLS_KEY.',
    ],
  ])('refuses the unknown variable %s, and does not repeat its value', (name, sentence) => {
    expect(() => readConfig({ [name]: 'redis://:secret@cache' })).toThrow(new ConfigurationError(sentence));
  });

  it('tells unknown variables together with all other faults', () => {
    expect(() => readConfig({ CACHE_PROBES: 'on', PORT: 'x', REDIS_URLS: 'secret' })).toThrow(
      new ConfigurationError(
        [
          'PORT must be a whole number from 0 to 65535, but is "x".',
          'CACHE_PROBES is not a setting; did you mean CACHE_PROBE? Correct its name, or unset it.',
          'REDIS_URLS is not a setting; did you mean REDIS_URL? Correct its name, or unset it.',
        ].join('\n'),
      ),
    );
  });

  it('lets through unknown variables that are empty, and those of other programs', () => {
    expect(readConfig({ JOURNAL_DURABILTY: '', REDISCLI_AUTH: 'x', CACHEBOX: 'x' })).toEqual(readConfig({}));
  });

  it('lets through what Kubernetes injects for services', () => {
    const names = ['REDIS', 'REDIS_MASTER', 'CACHE', 'CACHE_V2', 'JOURNAL', 'JOURNAL_REDIS'].flatMap(
      (service) => [
        `${service}_SERVICE_HOST`,
        `${service}_SERVICE_PORT`,
        `${service}_SERVICE_PORT_HTTP`,
        `${service}_SERVICE_PORT_TCP_REDIS`,
        `${service}_PORT`,
        `${service}_PORT_6379_TCP`,
        `${service}_PORT_6379_TCP_PROTO`,
        `${service}_PORT_6379_TCP_PORT`,
        `${service}_PORT_6379_TCP_ADDR`,
        `${service}_PORT_53_UDP_ADDR`,
      ],
    );
    const environment = Object.fromEntries(names.map((name) => [name, 'tcp://10.0.0.1:6379']));
    expect(readConfig(environment)).toEqual(readConfig({}));
  });

  it('gives every variable its default and a line in the answer to --help', () => {
    const help = answerCommandLine(['--help']) ?? '';
    const lines = variableNames.filter(
      (name) => !new RegExp(`\\n  ${name} \\(.+\\)\\n      \\w.+\\n`).test(help),
    );
    expect(lines).toEqual([]);
    expect(help).toContain('\n  PORT (4000)\n      0 takes any free port\n');
  });

  it('is documented variable by variable in .env.example, with the defaults', () => {
    const example = readFileSync(path.join(packageRoot, '.env.example'), 'utf8');
    const lines = [...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);
    expect(lines.map(([name]) => name).sort()).toEqual([...variableNames].sort());
    expect(readConfig(Object.fromEntries(lines) as Record<string, string>)).toEqual(readConfig({}));
  });
});
