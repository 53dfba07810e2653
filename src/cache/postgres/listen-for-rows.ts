import { randomUUID } from 'node:crypto';
import { Duplex } from 'node:stream';
import pg from 'pg';
import { doublingPauseMs } from '../time/doubling-pause.js';
import { OUTBOX_CHANNEL } from './home.js';

const PAUSE = { firstMs: 250, longestMs: 5_000 };
const CONNECT_MS = 5_000;
/** How often the connection is asked whether it still listens, and how long its answer may take. */
const ASK_EVERY_MS = 20_000;
const ANSWERS_WITHIN_MS = 3_000;
/** Messages that begin with it ask whether one of these listeners hears: they are about no rows. */
const TEST = 'test ';

export interface ListenOptions {
  readonly onRows: () => void;
  /** Told when it begins to hear, and when it no longer does. */
  readonly onListening?: (isListening: boolean) => void;
  /** Sends this text to the channel on another connection: only so it shows whether messages arrive. Default: it is not tried. */
  readonly send?: (text: string) => Promise<unknown>;
  readonly warn: (sentence: string) => void;
  /** Milliseconds; default 20 seconds, and 3 for the answer. */
  readonly askEveryMs?: number;
  readonly answersWithinMs?: number;
}

/** A connection that listens, and what it was found to be. */
interface Listener {
  readonly client: pg.Client;
  isHearing: boolean;
  /** While one question is on its way there is no other. */
  isAsked: boolean;
  /** Called when the message arrives that was sent to it. */
  heard: (() => void) | undefined;
  readonly test: string;
}

/**
 * Listens on a connection of its own, from now on and again after it was lost, or answers no more. A message that is lost
 * meanwhile costs one interval of the relay's polling. A connection on which no message arrives, as behind a pooler in
 * transaction mode, is told once and asked again from time to time.
 */
export function listenForRows(
  connection: string | pg.ClientConfig,
  options: ListenOptions,
): () => Promise<void> {
  const { onRows, onListening = () => undefined, send, warn } = options;
  const { askEveryMs = ASK_EVERY_MS, answersWithinMs = ANSWERS_WITHIN_MS } = options;
  let listener: Listener | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let isClosed = false;
  let wasTold = false;

  const again = (lost: Listener, error: unknown): void => {
    // What is said of one that was replaced is said too late.
    if (lost !== listener) return;
    if (lost.isHearing) onListening(false);
    lost.isHearing = false;
    if (isClosed || timer !== undefined) return;
    failures += 1;
    if (failures === 1) {
      warn(`The connection that listens for writes was lost, and is made again: ${String(error)}`);
    }
    giveUp(lost.client, 'another one is made');
    timer = setTimeout(
      () => {
        timer = undefined;
        connect();
      },
      doublingPauseMs(PAUSE, failures),
    ).unref();
  };
  /** A connection in which nothing arrives any more ends by no error: only a question without an answer shows it. */
  const answer = async (asked: Listener, sql: string): Promise<pg.QueryResult> => {
    const late = setTimeout(
      () => again(asked, `it did not answer for ${answersWithinMs} ms`),
      answersWithinMs,
    ).unref();
    try {
      return await asked.client.query(sql);
    } finally {
      clearTimeout(late);
    }
  };
  /**
   * Whether messages arrive: the session must still be the one that said LISTEN, and once hear what another one sends. Not
   * known where that cannot be sent now.
   */
  const hears = async (asked: Listener): Promise<boolean | 'unknown'> => {
    const { rowCount } = await answer(asked, LISTENS);
    // What every listener sent again and again would wake all the others; a relay notices itself that it is not told.
    if (rowCount === 0 || asked.isHearing || send === undefined) return rowCount !== 0;
    const arrives = new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), answersWithinMs).unref();
      asked.heard = () => {
        clearTimeout(late);
        resolve(true);
      };
    });
    const isSent = await send(asked.test).then(
      () => true,
      () => false,
    );
    return isSent ? arrives : 'unknown';
  };
  const ask = async (asked: Listener): Promise<void> => {
    asked.isAsked = true;
    const isHearing = await hears(asked);
    asked.isAsked = false;
    if (asked !== listener || isClosed || isHearing === 'unknown') return;
    if (!isHearing && !wasTold) {
      wasTold = true;
      warn(
        'The connection that listens for writes hears nothing, as behind a pooler in transaction mode: rows are looked for every ' +
          '250 ms instead. Name the server itself in `listenUrl`, or say `listen: false` if that is enough.',
      );
    }
    if (isHearing === asked.isHearing) return;
    asked.isHearing = isHearing;
    onListening(isHearing);
    // What was committed before is found by looking once.
    if (isHearing) onRows();
  };
  const connect = (): void => {
    const given = typeof connection === 'string' ? { connectionString: connection } : connection;
    const client = new pg.Client({
      ...given,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      application_name: 'corral outbox',
    });
    const made: Listener = {
      client,
      isHearing: false,
      isAsked: true,
      heard: undefined,
      test: TEST + randomUUID(),
    };
    listener = made;
    client.on('error', (error) => again(made, error));
    client.on('end', () => again(made, 'it ended'));
    client.on('notification', ({ payload = '' }) => {
      if (payload === made.test) made.heard?.();
      if (!payload.startsWith(TEST)) onRows();
    });
    client
      .connect()
      .then(() => answer(made, `LISTEN ${OUTBOX_CHANNEL}`))
      .then(() => {
        failures = 0;
        return ask(made);
      })
      .catch((error: unknown) => again(made, error));
  };
  const asking = setInterval(() => {
    const asked = listener;
    if (asked === undefined || asked.isAsked || timer !== undefined) return;
    // In the session of a pooler that forgot it, it is said once more: the next one may be ours alone.
    const first = asked.isHearing ? Promise.resolve() : answer(asked, `LISTEN ${OUTBOX_CHANNEL}`);
    first.then(() => ask(asked)).catch((error: unknown) => again(asked, error));
  }, askEveryMs).unref();
  connect();
  return async () => {
    isClosed = true;
    clearTimeout(timer);
    clearInterval(asking);
    if (listener !== undefined) await goodbye(listener.client);
  };
}

const LISTENS = `SELECT FROM pg_listening_channels() AS channel WHERE channel = '${OUTBOX_CHANNEL}'`;

/** One that does not take leave in time is gone already. */
async function goodbye(client: pg.Client): Promise<void> {
  const late = setTimeout(() => giveUp(client, 'this process ends'), ANSWERS_WITHIN_MS);
  await client.end().catch(() => undefined);
  clearTimeout(late);
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
