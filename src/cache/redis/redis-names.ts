import { FORMAT_VERSION } from '../codec/entry.js';

/** What everything of one cache is called in Redis. */
export interface RedisNames {
  entry(key: string, row?: string): string;
  lease(key: string, row?: string): string;
  generation(tag: string): string;
  /** How often the argument sets of a field were asked for, and what is there until these counts fade next. */
  asked(field: string): string;
  askedFaded(field: string): string;
  /** The generation that every entry depends on. */
  readonly epoch: string;
  /** The run of the server in which the epoch was created. */
  readonly run: string;
  /** When everything was forgotten there last, by the clock of the server. */
  readonly forgotten: string;
  /** What one process has counted, and when each of them wrote that down last. */
  figures(process: string): string;
  readonly counting: string;
  /** With what the names of all entries begin, whatever their schema. */
  readonly all: string;
  /** The log of invalidations. */
  readonly log: string;
  /** Where ends of leases are published. */
  readonly channel: string;
}

/**
 * `{prefix}:{format version}:{schema digest}:e:{Movie:42}` for entries, `…:l:{Movie:42}` for leases. Generations are
 * `{prefix}:g:{Movie:42}`, without version and digest: during a deploy the old and the new version must see each other's
 * invalidations. The braces put all keys of one entry into one hash slot; a variant of a row is `…:e:{Movie:42}|locale=de`,
 * so that it lies in the slot of the generation that it depends on.
 */
export function redisNames(prefix: string, digest: string): RedisNames {
  const entries = `${prefix}:${FORMAT_VERSION}:${digest}:e:{`;
  const leases = `${prefix}:${FORMAT_VERSION}:${digest}:l:{`;
  const generations = `${prefix}:g:{`;
  return {
    entry: (key, row = key) => `${entries}${row}}${key.slice(row.length)}`,
    lease: (key, row = key) => `${leases}${row}}${key.slice(row.length)}`,
    generation: (tag) => `${generations}${tag}}`,
    asked: (field) => `${prefix}:${FORMAT_VERSION}:${digest}:a:{${field}}`,
    askedFaded: (field) => `${prefix}:${FORMAT_VERSION}:${digest}:f:{${field}}`,
    figures: (process) => `${prefix}:c:${process}`,
    counting: `${prefix}:counting`,
    all: `${prefix}:`,
    epoch: `${prefix}:epoch`,
    run: `${prefix}:run`,
    forgotten: `${prefix}:forgotten`,
    log: `${prefix}:log`,
    channel: `${prefix}:${FORMAT_VERSION}:${digest}:wake`,
  };
}
