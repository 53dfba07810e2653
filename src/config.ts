import { z } from 'zod';
import type { Eviction } from './cache/types/index.js';
import { ConfigurationError } from './start/configuration-error.js';
import { type DatabaseLimits, defaultLimits } from './database/database-limits.js';
import { parseDatabaseUrl } from './database/parse-database-url.js';
import { parseProxies } from './http/parse-proxies.js';
import { parseRedisUrl } from './redis/parse-redis-url.js';
import { readTlsFile, type TlsFiles } from './redis/tls-files.js';
import { unknownVariables } from './unknown-variables.js';
import type { variables } from './variables.js';

export type Environment = 'development' | 'test' | 'production';

/** Everything that can be set from outside, checked, with its defaults filled in. */
export interface Config {
  readonly environment: Environment;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Where /metrics listens; undefined stands for the port of the API, and for no metrics in production. */
  readonly metricsPort: number | undefined;
  /** A PostgreSQL server; undefined stands for the embedded one. */
  readonly databaseUrl: string | undefined;
  /** How long that server is waited for. */
  readonly databaseLimits: DatabaseLimits;
  /** A Redis that several processes share; undefined stands for the memory store of one. */
  readonly redisUrl: string | undefined;
  /** The first part of every key in Redis: APIs that share one need different ones. */
  readonly redisPrefix: string;
  /** Certificates for encrypted connections to Redis, that of the journal included. */
  readonly redisTls: TlsFiles;
  /** Where accepted writes rest until the database has them. */
  readonly journal: {
    /** A Redis of its own; undefined stands for that of the cache, or for the memory of this process without one. */
    readonly redisUrl: string | undefined;
    /** What an acknowledged write must survive. */
    readonly durability: 'memory' | 'everysec' | 'always';
    /** Replicas that must have a write before it is acknowledged. */
    readonly replicas: number;
    /** Keys that may be pending before writes of others go straight to the database. */
    readonly maxPending: number;
  };
  /** Proxies in front of the API, whose X-Forwarded-For names the client: addresses or networks. */
  readonly trustedProxies: readonly string[];
  readonly accounts: {
    /** Wrong passwords for one account within the window. */
    readonly perAccount: number;
    /** Wrong passwords and new accounts from one address within the window. */
    readonly perAddress: number;
    readonly windowSeconds: number;
    /** No request waits longer than this for its turn to have its password hashed. */
    readonly maxWaitMs: number;
    /** A session ends so many days after it was opened, however much it is used. */
    readonly sessionDays: number;
    readonly sessionsPerAccount: number;
  };
  /** Where the embedded database keeps its files. */
  readonly dataDirectory: string;
  readonly logLevel: string;
  /** A new file that what clients ask is written to; undefined writes nothing. */
  readonly recordTraffic: string | undefined;
  /** Whether queries are executed by plans, or all by graphql-js. */
  readonly compilesQueries: boolean;
  readonly cache: {
    readonly maxEntries: number;
    readonly maxBytes: number;
    readonly eviction: Eviction;
    /** Names where this process runs; undefined where stores are told apart by their addresses. */
    readonly region: string | undefined;
    /** Whether a mutation is answered before other regions have applied it, or after that. */
    readonly acknowledge: 'region' | 'all';
    /** Milliseconds for which it waits for them. */
    readonly acknowledgeWithinMs: number;
    /** Whether a mutation commits, or is refused, while the store cannot be reached. */
    readonly onStoreLoss: 'fail' | 'degrade';
    /** Milliseconds without a look into the outbox after which this process counts as blind for what others write. */
    readonly blindAfterMs: number;
    /** What it serves then: what it loads anew, or what it has. */
    readonly whileBlind: 'load' | 'serve';
    /** Whether processes keep copies of what all viewers share, and prove them unchanged for each request. */
    readonly strictCopies: boolean;
    /** Answers of whole operations. */
    readonly memo: false | { readonly maxBytes: number };
    /** Which caches on the way of an answer may give it again while it is fresh. */
    readonly maxAge: 'none' | 'shared' | 'all';
    /** The header that names the tags of an answer to a CDN; undefined for none. */
    readonly tagHeader: string | undefined;
    /** What goes past the cache: all, or the fields of these coordinates. */
    readonly disabled: 'all' | readonly string[];
    /** Whether this process keeps entries warm, or leaves that to others. */
    readonly prefetch: boolean;
    /** Whether some writes are followed, and what the cache answers is compared with the database. */
    readonly probe: boolean;
    /** Which hits are loaded anew and compared; undefined for none. */
    readonly shadow: { readonly share: number; readonly switchOffAfter: number | undefined } | undefined;
  };
}

const checked = z.object({
  NODE_ENV: oneOf(['development', 'test', 'production']).default('development'),
  HOST: z.string().optional(),
  PORT: wholeNumber({ from: 0, to: 65_535 }).default(4000),
  METRICS_PORT: wholeNumber({ from: 0, to: 65_535 }).optional(),
  DATABASE_URL: z.string().superRefine(checkedBy(parseDatabaseUrl, 'DATABASE_URL')).optional(),
  DATABASE_CONNECT_MS: wholeNumber({ from: 100, to: 600_000 }).default(defaultLimits.connectMs),
  DATABASE_STATEMENT_MS: wholeNumber({ from: 100, to: 600_000 }).default(defaultLimits.statementMs),
  REDIS_URL: z.string().superRefine(checkedBy(parseRedisUrl, 'REDIS_URL')).optional(),
  REDIS_PREFIX: word().default('corral'),
  REDIS_TLS_CA: pemFile('REDIS_TLS_CA'),
  REDIS_TLS_CERT: pemFile('REDIS_TLS_CERT'),
  REDIS_TLS_KEY: pemFile('REDIS_TLS_KEY'),
  JOURNAL_REDIS_URL: z.string().superRefine(checkedBy(parseRedisUrl, 'JOURNAL_REDIS_URL')).optional(),
  JOURNAL_DURABILITY: oneOf(['memory', 'everysec', 'always']).default('memory'),
  JOURNAL_REPLICAS: wholeNumber({ from: 0, to: 100 }).default(0),
  JOURNAL_MAX_PENDING: wholeNumber({ from: 1, to: 10_000_000 }).default(10_000),
  TRUSTED_PROXIES: z.string().superRefine(checkedBy(parseProxies, 'TRUSTED_PROXIES')).default(''),
  SIGN_IN_PER_ACCOUNT: wholeNumber({ from: 1, to: 1_000_000 }).default(20),
  SIGN_IN_PER_ADDRESS: wholeNumber({ from: 1, to: 1_000_000 }).default(100),
  SIGN_IN_WINDOW_SECONDS: wholeNumber({ from: 1, to: 86_400 }).default(900),
  SIGN_IN_MAX_WAIT_MS: wholeNumber({ from: 1, to: 60_000 }).default(2000),
  SESSION_MAX_DAYS: wholeNumber({ from: 1, to: 3650 }).default(30),
  SESSION_MAX_PER_ACCOUNT: wholeNumber({ from: 1, to: 10_000 }).default(50),
  DATA_DIRECTORY: z.string().default('.data'),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  RECORD_TRAFFIC: z.string().optional(),
  CACHE_MAX_ENTRIES: wholeNumber({ from: 1, to: 100_000_000 }).default(100_000),
  CACHE_MAX_BYTES: wholeNumber({ from: 1, to: 2 ** 40 }).default(256 * 1024 * 1024),
  CACHE_EVICTION: oneOf(['s3-fifo', 'lru', 'lfu', 'ttl']).default('s3-fifo'),
  CACHE_ON_STORE_LOSS: oneOf(['fail', 'degrade']).default('degrade'),
  CACHE_REGION: word({ atMost: 64 }).optional(),
  CACHE_ACKNOWLEDGE: oneOf(['region', 'all']).default('region'),
  CACHE_ACKNOWLEDGE_WITHIN_MS: wholeNumber({ from: 1, to: 60_000 }).default(1000),
  CACHE_BLIND_AFTER_MS: wholeNumber({ from: 500, to: 600_000 }).default(3000),
  CACHE_WHILE_BLIND: oneOf(['load', 'serve']).default('load'),
  CACHE_STRICT_COPIES: oneOf(['on', 'off']).default('off'),
  CACHE_MEMO: oneOf(['on', 'off']).optional(),
  CACHE_MEMO_MAX_BYTES: wholeNumber({ from: 1, to: 2 ** 40 }).default(32 * 1024 * 1024),
  HTTP_MAX_AGE: oneOf(['none', 'shared', 'all']).default('none'),
  HTTP_TAG_HEADER: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, {
      error: (issue) =>
        `must be the name of a header such as Cache-Tag, but is ${JSON.stringify(issue.input)}`,
    })
    .optional(),
  CACHE_DISABLED: z.string().default(''),
  CACHE_PREFETCH: oneOf(['on', 'off']).default('on'),
  CACHE_PROBE: oneOf(['on', 'off']).default('on'),
  COMPILED_EXECUTION: oneOf(['on', 'off']).default('on'),
  CACHE_SHADOW_SHARE: share().default(0),
  CACHE_SHADOW_SWITCH_OFF_AFTER: wholeNumber({ from: 0, to: 1_000_000 }).default(0),
} satisfies Record<keyof typeof variables, z.ZodType>);

/** Every variable this reads; `.env.example` documents each, and a test keeps both lists equal. */
export const variableNames: readonly string[] = Object.keys(checked.shape);

/** Checks the environment as a whole. @throws ConfigurationError with one sentence a line, one for each fault. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  // An empty variable is an unset one: that is what a line such as `REDIS_URL=` in .env means.
  const given = Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== '');
  const read = checked.safeParse(Object.fromEntries(given));
  const unknown = unknownVariables(
    given.map(([name]) => name),
    variableNames,
  );
  const faults = read.success ? faultsTogether(read.data) : read.error.issues.map(sentence);
  if (!read.success || faults.length > 0 || unknown.length > 0) {
    throw new ConfigurationError([...faults, ...unknown].join('\n'));
  }
  const { data } = read;
  return Object.freeze({
    environment: data.NODE_ENV,
    host: data.HOST ?? (data.NODE_ENV === 'production' ? '0.0.0.0' : '127.0.0.1'),
    port: data.PORT,
    metricsPort: data.METRICS_PORT,
    databaseUrl: data.DATABASE_URL,
    databaseLimits: Object.freeze({
      connectMs: data.DATABASE_CONNECT_MS,
      statementMs: data.DATABASE_STATEMENT_MS,
    }),
    redisUrl: data.REDIS_URL,
    redisPrefix: data.REDIS_PREFIX,
    redisTls: Object.freeze({
      ca: data.REDIS_TLS_CA,
      cert: data.REDIS_TLS_CERT,
      key: data.REDIS_TLS_KEY,
    }),
    journal: Object.freeze({
      redisUrl: data.JOURNAL_REDIS_URL,
      durability: data.JOURNAL_DURABILITY,
      replicas: data.JOURNAL_REPLICAS,
      maxPending: data.JOURNAL_MAX_PENDING,
    }),
    trustedProxies: Object.freeze(parseProxies(data.TRUSTED_PROXIES, 'TRUSTED_PROXIES')),
    accounts: Object.freeze({
      perAccount: data.SIGN_IN_PER_ACCOUNT,
      perAddress: data.SIGN_IN_PER_ADDRESS,
      windowSeconds: data.SIGN_IN_WINDOW_SECONDS,
      maxWaitMs: data.SIGN_IN_MAX_WAIT_MS,
      sessionDays: data.SESSION_MAX_DAYS,
      sessionsPerAccount: data.SESSION_MAX_PER_ACCOUNT,
    }),
    dataDirectory: data.DATA_DIRECTORY,
    logLevel: data.LOG_LEVEL,
    recordTraffic: data.RECORD_TRAFFIC,
    compilesQueries: data.COMPILED_EXECUTION === 'on',
    cache: Object.freeze({
      maxEntries: data.CACHE_MAX_ENTRIES,
      maxBytes: data.CACHE_MAX_BYTES,
      eviction: data.CACHE_EVICTION,
      onStoreLoss: data.CACHE_ON_STORE_LOSS,
      region: data.CACHE_REGION,
      acknowledge: data.CACHE_ACKNOWLEDGE,
      acknowledgeWithinMs: data.CACHE_ACKNOWLEDGE_WITHIN_MS,
      blindAfterMs: data.CACHE_BLIND_AFTER_MS,
      whileBlind: data.CACHE_WHILE_BLIND,
      strictCopies: data.CACHE_STRICT_COPIES === 'on',
      memo: hasMemo(data) && { maxBytes: data.CACHE_MEMO_MAX_BYTES },
      maxAge: data.HTTP_MAX_AGE,
      tagHeader: data.HTTP_TAG_HEADER,
      disabled: switchedOff(data.CACHE_DISABLED),
      prefetch: data.CACHE_PREFETCH === 'on',
      probe: data.CACHE_PROBE === 'on',
      shadow: shadowOf(data),
    }),
  });
}

/** 0 stands for none, and for never. */
function shadowOf(data: z.output<typeof checked>): Config['cache']['shadow'] {
  const { CACHE_SHADOW_SHARE: share, CACHE_SHADOW_SWITCH_OFF_AFTER: after } = data;
  return share === 0 ? undefined : Object.freeze({ share, switchOffAfter: after === 0 ? undefined : after });
}

/** Whether a URL names a Redis Cluster. */
export function isCluster(redisUrl: string | undefined): boolean {
  return redisUrl !== undefined && parseRedisUrl(redisUrl).place.by === 'cluster';
}

/** On a cluster nothing would be kept. Where that is asked for all the same, the cache says so. */
function hasMemo({ REDIS_URL, CACHE_MEMO }: z.output<typeof checked>): boolean {
  return CACHE_MEMO === undefined ? !isCluster(REDIS_URL) : CACHE_MEMO === 'on';
}

/** What a cluster does not have. */
function clusterFaults({ REDIS_URL, CACHE_STRICT_COPIES }: z.output<typeof checked>): string[] {
  if (!isCluster(REDIS_URL) || CACHE_STRICT_COPIES !== 'on') return [];
  return [
    'CACHE_STRICT_COPIES=on needs a log of invalidations, which a Redis Cluster has not, since one node would hold up every request and every write; unset it, or name a single primary in REDIS_URL.',
  ];
}

/** Faults of variables that each are right, but not together. */
function faultsTogether(data: z.output<typeof checked>): string[] {
  const faults: string[] = [];
  if (data.METRICS_PORT !== undefined && data.METRICS_PORT !== 0 && data.METRICS_PORT === data.PORT) {
    faults.push(
      `METRICS_PORT keeps metrics off the port of the API, but both are ${data.PORT}; set another one, or unset it.`,
    );
  }
  const journalUrl = data.JOURNAL_REDIS_URL ?? data.REDIS_URL;
  if (journalUrl === undefined && (data.JOURNAL_DURABILITY !== 'memory' || data.JOURNAL_REPLICAS > 0)) {
    faults.push(
      'JOURNAL_DURABILITY and JOURNAL_REPLICAS are about a Redis, but none is named; set JOURNAL_REDIS_URL or REDIS_URL.',
    );
  }
  faults.push(...tlsFaults(data), ...clusterFaults(data));
  if (data.REDIS_URL === undefined && data.CACHE_STRICT_COPIES === 'on') {
    faults.push(
      'CACHE_STRICT_COPIES=on is about entries in Redis, but none is named; set REDIS_URL, or unset CACHE_STRICT_COPIES.',
    );
  }
  if (data.HTTP_TAG_HEADER !== undefined && data.HTTP_MAX_AGE === 'none') {
    faults.push(
      'HTTP_TAG_HEADER is about answers that a CDN keeps, but none may be; set HTTP_MAX_AGE, or unset HTTP_TAG_HEADER.',
    );
  }
  return faults;
}

function tlsFaults(data: z.output<typeof checked>): string[] {
  const { REDIS_TLS_CA: ca, REDIS_TLS_CERT: cert, REDIS_TLS_KEY: key } = data;
  if (ca === undefined && cert === undefined && key === undefined) return [];
  const faults: string[] = [];
  if ((cert === undefined) !== (key === undefined)) {
    faults.push('REDIS_TLS_CERT and REDIS_TLS_KEY belong together; set both, or neither.');
  }
  const isEncrypted = [data.REDIS_URL, data.JOURNAL_REDIS_URL].some(
    (url) => url !== undefined && parseRedisUrl(url).isEncrypted,
  );
  if (!isEncrypted) {
    faults.push(
      'REDIS_TLS_CA, REDIS_TLS_CERT and REDIS_TLS_KEY are about encrypted connections, but no URL of a Redis asks for one; begin it with rediss://, or unset them.',
    );
  }
  return faults;
}

/** `all`, or coordinates with commas between them. */
function switchedOff(text: string): 'all' | readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('all')) return 'all';
  return Object.freeze(names.filter((name) => name !== ''));
}

function share() {
  const fault = 'must be a number from 0 to 1, such as 0.001';
  return z
    .string()
    .regex(/^\d(\.\d{1,9})?$/, { error: (issue) => `${fault}, but is ${JSON.stringify(issue.input)}` })
    .transform(Number)
    .refine((value) => value <= 1, { error: (issue) => `${fault}, but is ${issue.input}` });
}

function pemFile(name: string) {
  return z.string().superRefine(checkedBy(readTlsFile, name)).optional();
}

function word({ atMost }: { atMost?: number } = {}) {
  const length = atMost === undefined ? '' : `, at most ${atMost} of them`;
  return z.string().regex(new RegExp(`^[A-Za-z0-9_.-]{1,${atMost ?? ''}}$`), {
    error: (issue) =>
      `must consist of letters, digits, "_", "." and "-" only${length}, but is ${JSON.stringify(issue.input)}`,
  });
}

function wholeNumber({ from, to }: { from: number; to: number }) {
  const fault = `must be a whole number from ${from} to ${to}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error: (issue) => `${fault}, but is ${JSON.stringify(issue.input)}` })
    .transform(Number)
    .refine((value) => value >= from && value <= to, { error: (issue) => `${fault}, but is ${issue.input}` });
}

function oneOf<const Word extends string>(words: readonly [Word, ...Word[]]) {
  return z.enum(words, {
    error: (issue) => `must be one of ${words.join(', ')}, but is ${JSON.stringify(issue.input)}`,
  });
}

function checkedBy(parse: (url: string, name: string) => unknown, name: string) {
  return (value: string, context: z.RefinementCtx): void => {
    try {
      parse(value, name);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  };
}

/** Faults of a URL come as whole sentences that begin with the name; the others are the end of one. */
function sentence({ path, message }: z.core.$ZodIssue): string {
  const name = path.join('.');
  return message.startsWith(name) ? message : `${name} ${message}.`;
}
