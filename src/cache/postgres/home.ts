import pg from 'pg';

/** Migration tools take what they did not make for drift, but leave other schemas alone. */
export const DEFAULT_SCHEMA = 'corral';

/** Where the outbox lives: its schema, and its two tables as SQL names them. */
export interface Home {
  readonly schema: string;
  readonly quoted: string;
  readonly outbox: string;
  readonly stores: string;
}

export function homeOf(schema: string): Home {
  const quoted = pg.escapeIdentifier(schema);
  return { schema, quoted, outbox: `${quoted}."CacheOutbox"`, stores: `${quoted}."CacheStore"` };
}
