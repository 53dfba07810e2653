import pg from 'pg';
import { bringUpToDate } from '../../../src/cache/postgres/apply-outbox.js';
import type { Tables } from '../../../src/cache/postgres/index.js';

export interface WatchedWorld {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Makes the triggers; resolves with the tables that were changed. */
  watch(
    tables: Tables,
    options?: { schema?: string; namespaces?: readonly string[] },
  ): Promise<readonly string[]>;
  /** The tags that these statements leave in the outbox, each once, sorted; and whether everything is to be forgotten. */
  told(...statements: string[]): Promise<string[]>;
  close(): Promise<void>;
}

/** Everything stored is to be forgotten: a row without tags says so. */
export const FORGET = 'everything';

/** A database with an outbox of one store. */
export function watchedWorld(url: string, { outbox = 'corral' } = {}): WatchedWorld {
  const pool = new pg.Pool({ connectionString: url });
  const [rows, stores] = [`"${outbox}"."CacheOutbox"`, `"${outbox}"."CacheStore"`];
  return {
    url,
    pool,
    watch: async (tables, { schema, namespaces = Object.keys(tables) } = {}) => {
      const { changed } = await bringUpToDate(pool, { tables, schema, namespaces: new Set(namespaces) });
      await pool.query(`INSERT INTO ${stores} ("name") VALUES ('one') ON CONFLICT DO NOTHING`);
      return changed;
    },
    told: async (...statements) => {
      await pool.query(
        `DELETE FROM ${rows}; INSERT INTO ${stores} ("name") VALUES ('one') ON CONFLICT DO NOTHING`,
      );
      for (const statement of statements) await pool.query(statement);
      const { rows: found } = await pool.query<{ tag: string }>(
        `SELECT DISTINCT tag FROM ${rows}, unnest("tags") AS tag`,
      );
      const { rowCount } = await pool.query(`SELECT FROM ${rows} WHERE "tags" IS NULL`);
      return [...found.map(({ tag }) => tag).sort(), ...(rowCount === 0 ? [] : [FORGET])];
    },
    close: () => pool.end(),
  };
}
