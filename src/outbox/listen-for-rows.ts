import pg from 'pg';
import type { DatabaseLog } from '../database/database-log.js';
import { OUTBOX_CHANNEL } from './trigger-sql.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Listens on a connection of its own, from now on and again after it was lost. A message that is lost meanwhile costs
 * one interval of the relay's polling.
 */
export function listenForRows(
  databaseUrl: string,
  {
    onRows,
    onListening = () => undefined,
    log,
  }: { onRows: () => void; onListening?: (isListening: boolean) => void; log: DatabaseLog },
): () => Promise<void> {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  let isClosed = false;

  const again = (error: unknown): void => {
    onListening(false);
    if (isClosed || timer !== undefined) return;
    if (pauseMs === FIRST_PAUSE_MS) {
      log.warn(`The connection that listens for writes was lost, and is made again: ${String(error)}`);
    }
    void client?.end().catch(() => undefined);
    timer = setTimeout(() => {
      timer = undefined;
      connect();
    }, pauseMs).unref();
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  };
  const connect = (): void => {
    const made = new pg.Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: 'corral outbox',
    });
    client = made;
    made.on('error', again);
    made.on('end', () => again('it ended'));
    made.on('notification', onRows);
    made
      .connect()
      .then(() => made.query(`LISTEN ${OUTBOX_CHANNEL}`))
      .then(() => {
        pauseMs = FIRST_PAUSE_MS;
        onListening(true);
        // What was committed before is found by looking once.
        onRows();
      })
      .catch(again);
  };
  connect();
  return async () => {
    isClosed = true;
    clearTimeout(timer);
    await client?.end().catch(() => undefined);
  };
}
