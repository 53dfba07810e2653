import type pg from 'pg';
import { liftLimits } from './watch-clients.js';

/** A pool for work that may take as long as it needs, such as making triggers. Its connections end after it. */
export function patientPool(pool: pg.Pool): { query: pg.Pool['query']; connect(): Promise<pg.PoolClient> } {
  return {
    query: pool.query.bind(pool),
    connect: async () => {
      const client = await pool.connect();
      if (await liftLimits(client)) {
        const release = client.release.bind(client);
        client.release = () => release(true);
      }
      return client;
    },
  };
}
