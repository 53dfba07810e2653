import type { ClientBase } from 'pg';
import type { OutboxPool } from './pool-option.js';

/** Works on one connection, and commits, or rolls back and rejects with what the work rejects with. */
export async function inTransaction<T>(
  pool: OutboxPool,
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let isBroken = false;
  // A session that the server ends says so by an event, which would end the process; the next statement fails with it.
  client.on('error', noted);
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // Only a connection that answers can be used again.
    isBroken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    client.off('error', noted);
    client.release(isBroken);
  }
}

function noted(): void {
  // The statement under way, or the next one, rejects.
}
