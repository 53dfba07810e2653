import { Duplex } from 'node:stream';
import pg from 'pg';
import { systemClock } from '../../time/clock.js';
import { every } from '../../time/every.js';
import { EPOCH_MS } from './decode-pgoutput.js';

/** How long the server waits for a sign of life of a reader before it gives the slot to another one. */
const SILENT_AT_MOST_MS = 2000;
const ALIVE_EVERY_MS = 400;
const CONNECT_MS = 5000;
/** A slot is made once every transaction has ended that was writing. */
const CREATE_WITHIN_MS = 10_000;
const [DATA, ALIVE] = [...'wk'].map((letter) => letter.charCodeAt(0));
const DATA_HEADER = 25;
const STATUS_LENGTH = 34;

export interface StreamOptions {
  readonly connection: string | pg.ClientConfig;
  readonly slot: string;
  readonly publication: string;
  /** Makes a slot that ends with this connection. */
  readonly isTemporary: boolean;
  /** Called with each message of the plugin; the bytes are of use during the call only. */
  readonly onMessage: (bytes: Buffer) => void;
  /** Called when the server says that it has sent everything before this place. */
  readonly onReached: (place: bigint) => void;
  /** Called once, when the stream has ended, for whatever reason but `end`. */
  readonly onEnd: (error: Error) => void;
}

/** The log as the server sends it to the one reader of a slot. */
export interface ReplicationStream {
  /** The number of the server's process that sends it. */
  readonly pid: number;
  /** The server forgets what is before this place, and begins after it next time. */
  confirm(place: bigint): void;
  pause(): void;
  resume(): void;
  end(): void;
}

/**
 * Begins to read. Rejects where another process reads already (55006), or the server or a pooler refuses.
 */
export async function openStream(options: StreamOptions): Promise<ReplicationStream> {
  const { connection, slot, publication, isTemporary, onEnd } = options;
  const client = replicationClient(connection);
  let isEnded = false;
  const ended = (error: Error): void => {
    if (isEnded) return;
    isEnded = true;
    cut(client);
    onEnd(error);
  };
  try {
    await client.connect();
    await client.query(
      `SET wal_sender_timeout = ${SILENT_AT_MOST_MS}; SET statement_timeout = ${CREATE_WITHIN_MS}`,
    );
    if (isTemporary)
      await client.query(
        `SELECT pg_create_logical_replication_slot(${pg.escapeLiteral(slot)}, 'pgoutput', true)`,
      );
    await client.query('SET statement_timeout = 0');
    // A pooler or proxy in between may tell the client a number of its own.
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const copying = new Copying(options);
    const settings = `proto_version '1', publication_names ${pg.escapeLiteral(pg.escapeIdentifier(publication))}, messages 'true'`;
    client.on('error', ended);
    client.on('end', () => ended(new Error('the connection ended')));
    await copying.begin(
      client,
      `START_REPLICATION SLOT ${pg.escapeIdentifier(slot)} LOGICAL 0/0 (${settings})`,
      ended,
    );
    const stopTelling = every(systemClock, ALIVE_EVERY_MS, () => copying.tell());
    return {
      pid: rows[0]?.pid ?? 0,
      confirm: (place) => copying.confirm(place),
      pause: () => copying.pause(),
      resume: () => copying.resume(),
      end: () => {
        isEnded = true;
        stopTelling();
        cut(client);
      },
    };
  } catch (error) {
    isEnded = true;
    cut(client);
    throw error;
  }
}

/** A client that may ask for the log. Its errors after it was cut are of no interest. */
export function replicationClient(connection: string | pg.ClientConfig): pg.Client {
  const given = typeof connection === 'string' ? { connectionString: connection } : connection;
  const settings: pg.ClientConfig & { replication: string } = {
    ...given,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'corral log',
    replication: 'database',
  };
  // The pool's limits are for requests, and some of them are parameters that a pooler refuses.
  for (const limit of ['statement_timeout', 'query_timeout', 'lock_timeout'] as const) delete settings[limit];
  delete settings.idle_in_transaction_session_timeout;
  const client = new pg.Client(settings);
  client.on('error', () => undefined);
  return client;
}

/** The command that never ends: what pg calls back of it. */
class Copying implements pg.Submittable {
  readonly #options: StreamOptions;
  #connection: pg.Connection | undefined;
  #text = '';
  #confirmed = 0n;
  #begun: (() => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  begin(client: pg.Client, text: string, ended: (error: Error) => void): Promise<void> {
    this.#text = text;
    return new Promise((resolve, reject) => {
      this.#begun = () => {
        this.#failed = ended;
        resolve();
      };
      this.#failed = reject;
      client.on('end', () => reject(new Error('the connection ended')));
      client.query(this);
    });
  }

  confirm(place: bigint): void {
    if (place <= this.#confirmed) return;
    this.#confirmed = place;
    this.tell();
  }

  /** Says that this reader lives, and how far it has applied what it read. */
  tell(): void {
    const stream = this.#connection?.stream;
    if (stream === undefined || stream.destroyed) return;
    stream.write(statusMessage(this.#confirmed));
  }

  pause(): void {
    this.#connection?.stream.pause();
  }

  resume(): void {
    this.#connection?.stream.resume();
  }

  submit(connection: pg.Connection): void {
    this.#connection = connection;
    connection.once('replicationStart', () => this.#begun?.());
    connection.query(this.#text);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    try {
      if (chunk[0] === DATA) this.#options.onMessage(chunk.subarray(DATA_HEADER));
      else if (chunk[0] === ALIVE) {
        this.#options.onReached(chunk.readBigUInt64BE(1));
        if (chunk[17] === 1) this.tell();
      }
    } catch (error) {
      this.#failed?.(error instanceof Error ? error : new Error(String(error)));
    }
  }

  handleError(error: Error): void {
    this.#failed?.(error);
  }

  handleReadyForQuery(): void {
    this.#failed?.(new Error('the server ended the stream'));
  }

  handleCommandComplete(): void {
    // The end of the stream follows.
  }

  handleRowDescription(): void {
    // A stream has none.
  }

  handleDataRow(): void {
    // A stream has none.
  }
}

/** A standby's status in the frame of a CopyData: written, flushed and applied up to here. */
function statusMessage(confirmed: bigint): Buffer {
  const message = Buffer.alloc(5 + STATUS_LENGTH);
  message.write('d', 0, 'latin1');
  message.writeInt32BE(4 + STATUS_LENGTH, 1);
  message.write('r', 5, 'latin1');
  for (const at of [6, 14, 22]) message.writeBigUInt64BE(confirmed, at);
  message.writeBigInt64BE(BigInt(systemClock.nowMs() - EPOCH_MS) * 1000n, 30);
  return message;
}

/** A stream takes no leave: the server sees that its connection is gone. */
export function cut(client: pg.Client): void {
  if (!('connection' in client) || typeof client.connection !== 'object' || client.connection === null)
    return;
  const stream: unknown = 'stream' in client.connection ? client.connection.stream : undefined;
  if (stream instanceof Duplex) stream.destroy();
}
