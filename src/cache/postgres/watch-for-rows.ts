import { Duplex } from 'node:stream';
import pg from 'pg';
import { systemClock } from '../time/clock.js';
import { EndableWaits } from '../time/endable-waits.js';
import { doublingPauseMs } from '../time/doubling-pause.js';
import type { Home } from './home.js';

const PAUSE = { firstMs: 250, longestMs: 5_000 };
const CONNECT_MS = 5_000;
/** For so long one statement waits inside the server for rows, where nothing is written. */
const WAITS_MS = 10_000;
/** Its answer is late by then: a connection on which nothing arrives any more ends by no error. */
const ANSWERS_WITHIN_MS = 3_000;
/** How often it looks, inside the server: where this process leads, and where it only sees to it that another one does. */
const STEP_MS = 50;
const FOLLOWING_STEP_MS = 250;
/** After rows were found the relay takes them, and those that come meanwhile are taken together. */
const GATHERS_MS = 100;

export interface WatchOptions {
  readonly home: Home;
  readonly store: string;
  readonly onRows: () => void;
  /** Told when it begins to see, and when it no longer does. */
  readonly onListening?: (isListening: boolean) => void;
  /** Whether rows are for this process to take, or for another one, as long as that one does. */
  readonly leads: () => boolean;
  readonly warn: (sentence: string) => void;
  /** Milliseconds for which one statement waits in the server, and after which its answer is late; default 10 and 3 seconds. */
  readonly waitsMs?: number;
  readonly answersWithinMs?: number;
}

/**
 * Watches for rows that others commit, on a connection of its own: one statement waits inside the server until there are some. No
 * writer does anything for it. It is made again after it was lost, or answers no more; meanwhile the relay looks by itself.
 */
export function watchForRows(
  connection: string | pg.ClientConfig,
  { home, store, onRows, onListening = () => undefined, leads, warn, ...times }: WatchOptions,
): () => Promise<void> {
  const { waitsMs = WAITS_MS, answersWithinMs = ANSWERS_WITHIN_MS } = times;
  const waits = new EndableWaits();
  let client: pg.Client | undefined;
  let failures = 0;

  const pause = (ms: number): Promise<void> => waits.until(systemClock.sleep(ms));
  const watch = async (watching: pg.Client): Promise<void> => {
    await watching.connect();
    // So that a statement that waits ends soon after the process that sent it; where the system cannot tell, it ends by itself.
    await watching
      .query(`SELECT set_config('client_connection_check_interval', '500', false)`)
      .catch(() => undefined);
    for (let forMs = 0; !waits.isOver; forMs = waitsMs) {
      const isUrgent = leads();
      const isThere = await answered(
        watching,
        [store, forMs, isUrgent ? STEP_MS : FOLLOWING_STEP_MS, isUrgent],
        forMs + answersWithinMs,
      );
      if (forMs === 0 && !waits.isOver) {
        failures = 0;
        onListening(true);
      }
      if (!isThere || waits.isOver) continue;
      onRows();
      await pause(GATHERS_MS);
    }
  };
  const answered = async (watching: pg.Client, values: unknown[], withinMs: number): Promise<boolean> => {
    const giveUpLate = (): void => giveUp(watching, `it did not answer for ${withinMs} ms`);
    const callOffLate = systemClock.after(withinMs, giveUpLate);
    try {
      const { rows } = await watching.query<{ is_there: boolean }>(
        `CALL ${home.quoted}.cache_outbox_watch($1, $2, $3, $4, NULL)`,
        values,
      );
      return rows[0]?.is_there ?? false;
    } finally {
      callOffLate();
    }
  };
  const run = async (): Promise<void> => {
    while (!waits.isOver) {
      const given = typeof connection === 'string' ? { connectionString: connection } : connection;
      client = new pg.Client({
        ...given,
        connectionTimeoutMillis: CONNECT_MS,
        // That of the pool is for requests.
        query_timeout: 0,
        keepAlive: true,
        application_name: 'corral outbox',
      });
      // Where it is lost, the statement under way rejects.
      client.on('error', () => undefined);
      try {
        await watch(client);
      } catch (error) {
        if (waits.isOver) break;
        onListening(false);
        failures += 1;
        if (failures === 1) {
          warn(`The connection that watches for writes was lost, and is made again: ${String(error)}`);
        }
        giveUp(client, 'another one is made');
        await pause(doublingPauseMs(PAUSE, failures));
      }
    }
  };
  const running = run();
  return async () => {
    waits.end();
    // The statement that waits is not waited for: the server notices that the client is gone.
    if (client !== undefined) giveUp(client, 'this process ends');
    await running;
  };
}

/** Ends a connection without a goodbye, which would not arrive: its statements fail at once. */
function giveUp(client: pg.Client, why: string): void {
  // The wire below a client; its types do not show it.
  if (!('connection' in client) || typeof client.connection !== 'object' || client.connection === null)
    return;
  const stream: unknown = 'stream' in client.connection ? client.connection.stream : undefined;
  if (stream instanceof Duplex)
    stream.destroy(new Error(`The connection to PostgreSQL was given up: ${why}.`));
}
