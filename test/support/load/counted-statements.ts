import pg from 'pg';

/** A setting of the server that is needed for it. */
export const countsStatements = 'shared_preload_libraries=pg_stat_statements';

/** How often each statement was run in one database, by its text, without those of this count itself. */
export interface CountedStatements {
  /** Forgets what was counted so far. */
  reset(): Promise<void>;
  read(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

/** Counts the statements that clients send, by pg_stat_statements; those that triggers run are not counted. */
export async function countStatementsOf(databaseUrl: string): Promise<CountedStatements> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  return {
    reset: async () => {
      await client.query('SELECT pg_stat_statements_reset()');
    },
    read: async () => {
      const { rows } = await client.query<{ query: string; calls: number }>(
        `SELECT "query", sum("calls")::int AS calls FROM pg_stat_statements
         WHERE "dbid" = (SELECT "oid" FROM pg_database WHERE "datname" = current_database())
           AND "query" NOT LIKE '%pg_stat_statements%' GROUP BY "query"`,
      );
      return new Map(rows.map(({ query, calls }) => [query.replace(/\s+/g, ' ').trim(), calls]));
    },
    close: () => client.end(),
  };
}
