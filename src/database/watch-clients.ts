import type pg from 'pg';

export interface WatchOptions {
  /** Milliseconds that the server gives a statement. */
  readonly statementMs: number;
  /** A connection was silent for too long, and nothing was heard of it since `sentAtMs` of `performance.now()`. */
  readonly onSilent: (sentAtMs: number) => void;
}

/** A statement that is not answered yet. */
export interface Unanswered {
  /** The process of the server that should answer it; null where a pooler stands in between that does not say. */
  readonly processId: number | null;
  readonly sentAtMs: number;
  /** Has it fail, and its connection thrown away. */
  giveUp(): void;
}

/** What finds dead connections of one pool. */
export interface ClientWatch {
  readonly unanswered: Iterable<Unanswered>;
  /** Ends connections that are not used and that were not heard of since: the next statement gets a new one. */
  endIdleSince(sentAtMs: number): void;
}

/** How much later than the end of a statement by the server the word of it may come. */
const GRACE_MS = 1000;

type Client = pg.PoolClient | pg.ClientBase;

const lifts = new WeakMap<Client, () => void>();

/**
 * Throws away every connection of a pool that does not answer within the time that the server gives a statement, and a
 * moment: its statement fails, wherever it came from, and the pool makes a new one. Without this such a connection would go back
 * into the pool, as busy as before. Call it before the first connection is made.
 */
export function watchClients(pool: pg.Pool, { statementMs, onSilent }: WatchOptions): ClientWatch {
  const idle = new Map<pg.PoolClient, number>();
  const unanswered = new Set<Unanswered>();
  pool.on('connect', (client) => {
    let timer: NodeJS.Timeout | undefined;
    let isLimited = true;
    let asked: Unanswered | undefined;
    const ended = (): void => {
      clearTimeout(timer);
      if (asked !== undefined) unanswered.delete(asked);
      asked = undefined;
    };
    const begin = (): void => {
      if (asked !== undefined || !isLimited) return;
      const sentAtMs = performance.now();
      const giveUp = (): void => {
        giveUpClient(client, `it did not answer for ${Math.round(performance.now() - sentAtMs)} ms`);
        onSilent(sentAtMs);
      };
      const mine = { processId: processIdOf(client), sentAtMs, giveUp };
      asked = mine;
      unanswered.add(mine);
      // What was answered while this process stood still is in the socket, which is read before setImmediate.
      const late = (): void => void (unanswered.has(mine) && giveUp());
      timer = setTimeout(() => setImmediate(late), statementMs + GRACE_MS).unref();
    };
    client.on('drain', ended);
    client.on('end', ended);
    // A statement that waited for this answer, that of the pool's next user for one, is sent by now: there is no drain then.
    connectionOf(client)?.on('readyForQuery', () => {
      if (asked === undefined) return;
      ended();
      begin();
    });
    client.query = new Proxy(client.query, {
      apply(target, _receiver, parameters: unknown[]) {
        begin();
        return Reflect.apply(target, client, parameters);
      },
    });
    lifts.set(client, () => {
      isLimited = false;
      ended();
    });
  });
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('release', (_error, client) => idle.set(client, performance.now()));
  pool.on('remove', (client) => idle.delete(client));
  return {
    unanswered,
    endIdleSince: (sentAtMs) => {
      for (const [client, sinceMs] of idle) {
        if (sinceMs < sentAtMs) giveUpClient(client, 'others of its age do not answer');
      }
    },
  };
}

/**
 * Lets statements of this connection take as long as they need, migrations for one. True where it had limits: then it must
 * not go back into the pool. Where it fails, the client is released, so that the pool can be ended.
 */
export async function liftLimits(client: pg.PoolClient): Promise<boolean> {
  const lift = lifts.get(client);
  if (lift === undefined) return false;
  try {
    await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0');
  } catch (error) {
    client.release(true);
    throw error;
  }
  lift();
  return true;
}

/** Ends a connection without a goodbye, which would not arrive: its statements fail at once. */
export function giveUpClient(client: Client, why: string): void {
  connectionOf(client)?.stream.destroy(new Error(`The connection to PostgreSQL was given up: ${why}.`));
}

/** The wire below a client; its types do not show it. */
export function connectionOf(client: Client): Pick<pg.Connection, 'stream' | 'on'> | undefined {
  return 'connection' in client && isConnection(client.connection) ? client.connection : undefined;
}

function processIdOf(client: pg.PoolClient): number | null {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : null;
}

function isConnection(value: unknown): value is Pick<pg.Connection, 'stream' | 'on'> {
  return typeof value === 'object' && value !== null && 'stream' in value && 'on' in value;
}
