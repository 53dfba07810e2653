import { Socket } from 'node:net';
import { doublingPauseMs, type DoublingPause } from '../../time/doubling-pause.js';
import type { Redis, RedisOptions } from 'ioredis';
import { whySilent } from './silent-sentinels.js';

export interface ClientOptions {
  readonly connectTimeoutMs: number;
  readonly onReady: () => void;
  readonly onLost: () => void;
}

/** The connections to one server: one for commands, one that listens, as a subscriber can do nothing else. */
export interface Clients {
  readonly commands: Redis;
  /** The server, `host:port`, that sentinels named when the command connection was made last. */
  readonly named: string | undefined;
  /** Bytes that came on the command connection since it was made. */
  readonly bytesHeard: number;
  /** Resolves when the command connection can be used. @throws Error why it cannot. */
  connect(): Promise<void>;
  /**
   * Listens to a channel, from now on and after every reconnection; asked again, on a connection that leads to the server of now.
   * @throws Error why it cannot.
   */
  listen(channel: string, onMessage: (message: string) => void): Promise<void>;
  /**
   * What was asked last was not answered in time. Answers come in the order of the commands, so one that was lost on the way
   * makes every later one answer the command before it: told twice in a row, the connection is made anew, unless it has only
   * just been made.
   */
  renew(): void;
  /** Ends the connection: the next one leads to the server that is the primary then, and has its answers in order. */
  connectAgain(): void;
  close(): void;
}

/** Milliseconds without any answer after which a connection counts as dead and is made anew. */
const DEAD_AFTER_MS = 5000;
/** What a server that is none any more may take to end its connection, milliseconds. */
const FAILED_OVER_MS = 100;
const KNOWS_NO_PRIMARY = /No such master|invalid reply: null/;
const NO_SENTINEL = /^All sentinels are unreachable/;
const UNKNOWN_PRIMARY = 'no sentinel that answers knows the primary';
const RECONNECT: DoublingPause = { firstMs: 50, longestMs: 1000 };
/** A server that is only slow must not be given a new connection with each probe. */
const RENEWED_FROM_MS = 1000;
/** Milliseconds within which a second question without an answer counts as one in a row: once may be this process itself. */
const IN_A_ROW_MS = 3000;

/**
 * Opens connections like the given one, but hardened: by default a client queues commands for a server that is away
 * and sends them again later, long after the caller was answered.
 */
export function openClients(redis: Redis, options: ClientOptions): Clients {
  const hardened: Partial<RedisOptions> = {
    lazyConnect: true,
    connectTimeout: options.connectTimeoutMs,
    socketTimeout: DEAD_AFTER_MS,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // Sentinels that name no server are asked again by the next attempt to connect, which begins when it is wanted.
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: options.connectTimeoutMs,
    // A sentinel that was away is listened to again after a minute; until then it is asked (see `SentinelWatch`).
    failoverDetector: true,
    disconnectTimeout: FAILED_OVER_MS,
    disableClientInfo: true,
    enableAutoPipelining: false,
    keyPrefix: '',
    protocol: 2,
    // The other mapping needs the other protocol.
    replyMapping: 'legacy',
    retryStrategy: (times) => doublingPauseMs(RECONNECT, times),
  };
  let named: string | undefined;
  const commands = redis.duplicate({ ...hardened, natMap: noted(redis, (address) => (named = address)) });
  const subscriber = redis.duplicate({
    ...hardened,
    failoverDetector: false,
    sentinelRetryStrategy: (times: number) => doublingPauseMs(RECONNECT, times),
  });
  let isClosed = false;
  // Sentinels answered, and have never heard of the primary.
  let isUnknown = false;
  commands.on('connecting', () => (isUnknown = false));
  commands.on('sentinelError', (error: Error) => (isUnknown ||= KNOWS_NO_PRIMARY.test(error.message)));
  // What went wrong since the connection began: ioredis goes on after a database that does not exist.
  let fault: Error | undefined;
  commands.on('error', (error: Error) => (fault = isUnknown ? new Error(UNKNOWN_PRIMARY) : error));
  let connectedAtMs = Infinity;
  let unansweredAtMs = -Infinity;
  commands.on('connect', () => {
    fault = undefined;
    connectedAtMs = performance.now();
  });
  commands.on('ready', options.onReady);
  commands.on('close', options.onLost);
  // The subscriber only saves polling; whatever is wrong with the server shows on the other connection too.
  subscriber.on('error', () => undefined);

  return {
    commands,
    get bytesHeard() {
      return bytesReadBy(commands);
    },
    get named() {
      return named;
    },
    async connect() {
      // Its rejection says less than the error event before it.
      // It is at its end where no sentinel named a server.
      const isIdle = commands.status === 'wait' || commands.status === 'end';
      if (isIdle && !isClosed) await commands.connect().catch(() => undefined);
      if (fault !== undefined && NO_SENTINEL.test(fault.message)) {
        fault = (await whySilent(redis, options.connectTimeoutMs)) ?? fault;
      }
      if (fault !== undefined) throw fault;
      if (commands.status !== 'ready') throw new Error(`no connection (${commands.status})`);
    },
    listen(channel, onMessage) {
      if (subscriber.status !== 'wait') {
        if (subscriber.status === 'ready') subscriber.stream.destroy();
        return Promise.resolve();
      }
      subscriber.on('message', (_, message) => onMessage(message));
      return new Promise((resolve, reject) => {
        // Only the first attempt has a caller to tell; a later one that fails leaves the waiters to their polling.
        subscriber.on('ready', () => void subscriber.subscribe(channel).then(() => resolve(), reject));
        subscriber.connect().catch(reject);
      });
    },
    renew() {
      const nowMs = performance.now();
      const isInARow = nowMs - unansweredAtMs < IN_A_ROW_MS;
      unansweredAtMs = nowMs;
      if (!isInARow || commands.status !== 'ready' || nowMs - connectedAtMs < RENEWED_FROM_MS) return;
      commands.stream.destroy(new Error('the connection was made anew, as it did not answer'));
    },
    connectAgain() {
      if (commands.status !== 'ready') return;
      commands.stream.destroy(new Error('the connection was made anew'));
    },
    close() {
      isClosed = true;
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}

/** Before it connects there is no stream, of which the types say nothing. */
function bytesReadBy(redis: Redis): number {
  const stream: unknown = redis.stream;
  return stream instanceof Socket ? stream.bytesRead : 0;
}

type NatMap = NonNullable<RedisOptions['natMap']>;

/** As the client's own, and tells of each server that sentinels name: that of the connection comes last. */
function noted({ options: { natMap = {} } }: Redis, note: (named: string) => void): NatMap {
  return (named) => {
    note(named);
    return (typeof natMap === 'function' ? natMap(named) : natMap?.[named]) ?? null;
  };
}
