import pg from 'pg';

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
