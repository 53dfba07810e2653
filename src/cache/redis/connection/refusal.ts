import { CacheError, type ErrorCode } from '../../errors.js';

const KINDS: readonly [RegExp, (where: string, words: string, page: string) => string][] = [
  [
    /no sentinel that answers knows/,
    (where) => `${where} is known to none of those that answer; check its name, and that they monitor it`,
  ],
  [
    /NOAUTH|client already authenticated/,
    (where) => `${where} asks for a password; put it into the URL, redis://user:password@host:port`,
  ],
  [
    /WRONGPASS|invalid password|ERR AUTH/,
    (where) => `${where} refuses this user name and password; check both`,
  ],
  [
    /NOPERM|ACL failure|No permissions|user executing the script/i,
    (where, words, page) =>
      `${where} does not let this user do what the cache needs (${words}); grant it the commands and the key and ` +
      `channel patterns that ${page} lists`,
  ],
  [
    /certificate required|bad certificate|unknown ca|alert certificate/i,
    (where) =>
      `${where} asks for a certificate of this process that it trusts; give the client tls.cert and tls.key`,
  ],
  [
    /certificate|altnames|CERT_/i,
    (where, words) =>
      `${where} shows a certificate that is not trusted (${words}); give the client the authority as tls.ca, or name the host ` +
      'as the certificate does',
  ],
  [
    /DB index|SELECT is not allowed/,
    (where) =>
      `${where} has no database of the number at the end of the URL; choose one that exists, such as 0`,
  ],
  [
    /^MOVED|CROSSSLOT|CLUSTERDOWN/,
    (where) =>
      `${where} is part of a cluster; pass new Cluster([{ host, port }]) of ioredis, or end the URL with ?cluster=true`,
  ],
  [
    /unknown command|unknown subcommand/i,
    (where, words) =>
      `${where} lacks a command that the cache needs (${words}); use Redis 6.2 or later, or Valkey, with its ` +
      'commands under their own names',
  ],
  [
    /RESP type|Protocol error/i,
    (where) => `what answers at ${where.replace('Redis at ', '')} is not a Redis server; check host and port`,
  ],
];

/** Whose refusals they are. */
export interface Refused {
  /** How the messages begin: `redisStore`. */
  readonly name: string;
  readonly code: ErrorCode;
  /** The page of the documentation that lists the rights. */
  readonly page: string;
  /** As messages name the server. */
  readonly where: string;
}

/** The error for what waiting does not fix: one sentence with the fix. Undefined where the server is merely away. */
export function refusalOf(error: unknown, by: Refused): CacheError | undefined {
  if (error instanceof CacheError) return error;
  const words = error instanceof Error ? error.message : String(error);
  const sentence = KINDS.find(([pattern]) => pattern.test(words))?.[1];
  if (sentence === undefined) return undefined;
  const short = quotable(words);
  // Not the error itself: it carries the command, and AUTH carries the password.
  return refused(sentence(by.where, short, by.page), by, new Error(short));
}

export function refused(sentence: string, { name, code }: Refused, cause?: unknown): CacheError {
  return new CacheError(code, `${name}: ${sentence}`, { cause });
}

/** The server's words up to the first thing that may be long or private. */
export function quotable(words: string): string {
  return words.split(/, with args|\n| script: /)[0]?.slice(0, 120) ?? '';
}
