import { CacheError } from '../errors.js';

const KINDS: readonly [RegExp, (where: string, words: string, page: string) => string][] = [
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
    /DB index|SELECT is not allowed/,
    (where) =>
      `${where} has no database of the number at the end of the URL; choose one that exists, such as 0`,
  ],
  [
    /^MOVED|CROSSSLOT|CLUSTERDOWN/,
    (where) => `${where} is part of a cluster, which this version cannot use; give it a single primary`,
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

/** The error for what waiting does not fix: one sentence with the fix. Undefined where the server is merely away. */
export function refusalOf(error: unknown, where: string): CacheError | undefined {
  if (error instanceof CacheError) return error;
  const sentence = refusalSentence(error, where);
  // Not the error itself: it carries the command, and AUTH carries the password.
  return sentence === undefined ? undefined : refused(sentence.text, new Error(sentence.words));
}

/** The same as a sentence, and the server's own words; `page` lists the rights. */
export function refusalSentence(
  error: unknown,
  where: string,
  page = 'docs/several-processes.md',
): { text: string; words: string } | undefined {
  const words = error instanceof Error ? error.message : String(error);
  const sentence = KINDS.find(([pattern]) => pattern.test(words))?.[1];
  return sentence && { text: sentence(where, quotable(words), page), words: quotable(words) };
}

export function refused(sentence: string, cause?: unknown): CacheError {
  return new CacheError('CACHE_STORE_REFUSED', `redisStore: ${sentence}`, { cause });
}

/** The server's words up to the first thing that may be long or private. */
export function quotable(words: string): string {
  return words.split(/, with args|\n| script: /)[0]?.slice(0, 120) ?? '';
}
