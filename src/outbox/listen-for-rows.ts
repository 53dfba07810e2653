import pg from 'pg';
import type { DatabaseLog } from '../database/database-log.js';
import { giveUpClient } from '../database/watch-clients.js';
import { OUTBOX_CHANNEL } from './trigger-sql.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const CONNECT_MS = 5_000;
/** How often the connection is asked whether it is still there, and how long its answer may take. */
const ASK_EVERY_MS = 20_000;
const ANSWERS_WITHIN_MS = 3_000;

export interface ListenOptions {
  readonly onRows: () => void;
  /** Told when it begins to hear, and when it no longer does. */
  readonly onListening?: (isListening: boolean) => void;
  readonly log: DatabaseLog;
  /** Milliseconds; default 20 seconds, and 3 for the answer. */
  readonly askEveryMs?: number;
  readonly answersWithinMs?: number;
}

/**
 * Listens on a connection of its own, from now on and again after it was lost, or answers no more. A message that is lost
 * meanwhile costs one interval of the relay's polling.
 */
export function listenForRows(databaseUrl: string, options: ListenOptions): () => Promise<void> {
  const { onRows, log, onListening = () => undefined } = options;
  const { askEveryMs = ASK_EVERY_MS, answersWithinMs = ANSWERS_WITHIN_MS } = options;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  let isClosed = false;

  const again = (lost: pg.Client, error: unknown): void => {
    // What is said of one that was replaced is said too late.
    if (lost !== client) return;
    onListening(false);
    if (isClosed || timer !== undefined) return;
    if (pauseMs === FIRST_PAUSE_MS) {
      log.warn(`The connection that listens for writes was lost, and is made again: ${String(error)}`);
    }
    giveUpClient(lost, 'another one is made');
    timer = setTimeout(() => {
      timer = undefined;
      connect();
    }, pauseMs).unref();
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  };
  const connect = (): void => {
    const made = new pg.Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      application_name: 'corral outbox',
    });
    client = made;
    made.on('error', (error) => again(made, error));
    made.on('end', () => again(made, 'it ended'));
    made.on('notification', onRows);
    made
      .connect()
      .then(() => answer(made, `LISTEN ${OUTBOX_CHANNEL}`))
      .then(() => {
        pauseMs = FIRST_PAUSE_MS;
        onListening(true);
        // What was committed before is found by looking once.
        onRows();
      })
      .catch((error: unknown) => again(made, error));
  };
  /** A connection in which nothing arrives any more ends by no error: only a question without an answer shows it. */
  const answer = async (asked: pg.Client, sql: string): Promise<void> => {
    const late = setTimeout(
      () => again(asked, `it did not answer for ${answersWithinMs} ms`),
      answersWithinMs,
    ).unref();
    try {
      await asked.query(sql);
    } finally {
      clearTimeout(late);
    }
  };
  const asking = setInterval(() => {
    const asked = client;
    if (asked === undefined || timer !== undefined) return;
    answer(asked, 'SELECT 1').catch((error: unknown) => again(asked, error));
  }, askEveryMs).unref();
  connect();
  return async () => {
    isClosed = true;
    clearTimeout(timer);
    clearInterval(asking);
    if (client !== undefined) await goodbye(client);
  };
}

/** One that does not take leave in time is gone already. */
async function goodbye(client: pg.Client): Promise<void> {
  const late = setTimeout(() => giveUpClient(client, 'this process ends'), ANSWERS_WITHIN_MS);
  await client.end().catch(() => undefined);
  clearTimeout(late);
}
