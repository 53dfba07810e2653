import { unknownOptions } from '../unknown-options.js';
import { written } from '../written.js';

/** What answers tell caches of whole answers over HTTP, and what clients may ask by it. */
export interface HttpOptions<Context = unknown> {
  /**
   * Which caches may answer by themselves while an answer is fresh: `shared` for CDNs and proxies, `all` for those and
   * browsers. An invalidation does not reach them, so readers behind them may get older data for so long. Default `none`: each
   * cache asks each time, and is told that its answer still holds (304).
   */
  readonly maxAge?: 'none' | 'shared' | 'all';
  /** Names the tags of an answer in a header, by which a CDN can be told to drop it. Default: no header. */
  readonly tags?: TagHeaderOptions;
  /**
   * Whether a request with `Cache-Control: no-cache` has the fields that it reads loaded anew, for itself and everybody. Must
   * answer at once, and not throw. Default: none has; the header is then ignored.
   */
  readonly mayRefresh?: (context: Context) => boolean;
}

/** How the tags of an answer are told. */
export interface TagHeaderOptions {
  /** `Cache-Tag` for most CDNs, `Surrogate-Key` for Fastly and Varnish. */
  readonly header: string;
  /** Between two tags: a comma or a space. Default a comma. */
  readonly separator?: ',' | ' ';
  /** An answer whose tags take more bytes has none, and is told to be asked for each time. Default 3000. */
  readonly maxBytes?: number;
  /** False to write tags as they are, which tells readers the keys of entries. Default true: hashes, see `cache.http`. */
  readonly hashed?: boolean;
}

/** The names of all options. */
const httpOptions = { maxAge: true, tags: true, mayRefresh: true } satisfies Record<keyof HttpOptions, true>;

const tagHeaderOptions = { header: true, separator: true, maxBytes: true, hashed: true } satisfies Record<
  keyof TagHeaderOptions,
  true
>;

const REACHES = ['none', 'shared', 'all'] as const;
/** A name of a header (RFC 9110, section 5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What is wrong with the option `http`, as sentences. */
export function httpFaults(http: unknown): string[] {
  if (typeof http !== 'object' || http === null) return [];
  const { maxAge, tags, mayRefresh }: Record<string, unknown> = { ...http };
  const faults = unknownOptions(http, httpOptions, 'http');
  if (maxAge !== undefined && !REACHES.some((reach) => reach === maxAge))
    faults.push(`http.maxAge must be "none", "shared" or "all", but got ${written(maxAge)}`);
  if (mayRefresh !== undefined && typeof mayRefresh !== 'function')
    faults.push('http.mayRefresh must be a function of the context');
  if (tags === undefined) return faults;
  if (typeof tags !== 'object' || tags === null)
    return [...faults, 'http.tags must be an object such as { header: "Cache-Tag" }'];
  if (maxAge === undefined || maxAge === 'none')
    faults.push('http.tags needs http.maxAge, as nothing is kept otherwise; set it to "shared" or "all"');
  return [...faults, ...tagFaults({ ...tags })];
}

function tagFaults(tags: Readonly<Record<string, unknown>>): string[] {
  const { header, separator, maxBytes, hashed } = tags;
  const faults = unknownOptions(tags, tagHeaderOptions, 'http.tags');
  if (typeof header !== 'string' || !TOKEN.test(header))
    faults.push(
      `http.tags.header must be the name of a header, such as "Cache-Tag", but got ${written(header)}`,
    );
  if (separator !== undefined && separator !== ',' && separator !== ' ')
    faults.push(`http.tags.separator must be "," or " ", but got ${written(separator)}`);
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && Number(maxBytes) > 0))
    faults.push(`http.tags.maxBytes must be a positive whole number of bytes, but got ${written(maxBytes)}`);
  if (hashed !== undefined && typeof hashed !== 'boolean')
    faults.push(`http.tags.hashed must be true or false, but got ${written(hashed)}`);
  return faults;
}
