import { EventEmitter } from 'node:events';
import type { Text } from './keyspace.js';
import { presentNetwork, type SimulatedNetwork } from './simulated-network.js';
import type { SimulatedServer } from './simulated-server.js';
import type { Machine } from './simulated-time.js';

/** What clients are made of here. */
interface Options {
  readonly host?: string;
  readonly port?: number;
  readonly connectTimeout?: number;
  readonly retryStrategy?: (times: number) => number | null;
}

interface Command {
  readonly name: string;
  readonly args: readonly Text[];
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Answer {
  readonly command: Command;
  readonly reply: unknown;
}

type Given = string | number | Buffer | readonly (string | number | Buffer)[];

/** One connection between a process and a server: what is sent on it arrives in its order. */
export class SimulatedConnection {
  readonly #network: SimulatedNetwork;
  readonly #server: SimulatedServer;
  readonly #machine: Machine;
  readonly #onEnd: () => void;
  readonly #onMessage: (channel: string, message: string) => void;
  readonly #pending = new Set<Command>();
  #isOpen = true;
  /** What is sent in this event; it goes together. */
  #packet: Command[] = [];
  #packetOf = -1;
  #arrivesThereMs = 0;
  #arrivesHereMs = 0;

  constructor(
    server: SimulatedServer,
    on: { onEnd(): void; onMessage(channel: string, message: string): void },
  ) {
    this.#network = presentNetwork();
    this.#machine = this.#network.time.machine;
    this.#server = server;
    this.#onEnd = on.onEnd;
    this.#onMessage = on.onMessage;
    server.accept(this);
  }

  send(command: Command): void {
    const { time, counters } = this.#network;
    this.#pending.add(command);
    if (this.#packetOf === time.events) {
      this.#packet.push(command);
      return;
    }
    const packet = [command];
    [this.#packet, this.#packetOf] = [packet, time.events];
    counters.packets += 1;
    this.#arrivesThereMs = this.#arrival(this.#arrivesThereMs);
    time.after(this.#arrivesThereMs - time.nowMs, this.#server.machine, () => this.#arrived(packet));
  }

  /** A message of the server that answers nothing. */
  announce(channel: string, message: string): void {
    const { counters } = this.#network;
    this.#toProcess(() => {
      counters.receivedBy.set(this.#machine, (counters.receivedBy.get(this.#machine) ?? 0) + 1);
      this.#onMessage(channel, message);
    });
  }

  /** The server ends it. */
  breakOff(): void {
    this.#toProcess(() => this.end());
  }

  /** Ends it here, at once. What was asked is answered by nothing. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#server.left(this);
    for (const { reject } of this.#pending) reject(new Error('Connection is closed.'));
    this.#pending.clear();
    this.#onEnd();
  }

  #arrived(packet: readonly Command[]): void {
    if (!this.#server.isUp) return;
    const answers = packet.map((command): Answer => ({ command, reply: this.#answer(command) }));
    this.#toProcess(() => {
      for (const { command, reply } of answers) {
        if (!this.#pending.delete(command)) continue;
        if (reply instanceof Error) command.reject(reply);
        else command.resolve(reply);
      }
    });
  }

  #answer({ name, args }: Command): unknown {
    try {
      return this.#server.execute(this, name, args);
    } catch (error) {
      return error;
    }
  }

  #toProcess(run: () => void): void {
    const { time } = this.#network;
    this.#arrivesHereMs = this.#arrival(this.#arrivesHereMs);
    time.after(this.#arrivesHereMs - time.nowMs, this.#machine, () => {
      if (this.#isOpen) run();
    });
  }

  #arrival(afterMs: number): number {
    const { time } = this.#network;
    const waitMs = this.#network.cutForMs(this.#machine, this.#server.address);
    return Math.max(afterMs, time.nowMs + waitMs + this.#network.drawMs());
  }
}

/** A client in the place of that of ioredis, as far as the engine uses it. */
export class SimulatedRedis extends EventEmitter {
  readonly options: Options;
  readonly isCluster: boolean = false;
  status = 'wait';
  readonly stream = {
    cork: () => undefined,
    uncork: () => undefined,
    destroy: () => this.#connection?.end(),
  };
  #connection: SimulatedConnection | undefined;
  #attempts = 0;
  #isEnded = false;

  constructor(options: Options = {}) {
    super();
    this.options = options;
    presentNetwork().clients += 1;
  }

  duplicate(options: Options = {}): SimulatedRedis {
    return new SimulatedRedis({ ...this.options, ...options });
  }

  connect(): Promise<void> {
    const network = presentNetwork();
    const { time } = network;
    const { host = '127.0.0.1', port = 6379, connectTimeout = 10_000 } = this.options;
    const address = `${host}:${port}`;
    this.#isEnded = false;
    this.#become('connecting');
    const cutMs = network.cutForMs(time.machine, address);
    const isLate = cutMs > connectTimeout;
    return new Promise((resolve, reject) => {
      time.after(isLate ? connectTimeout : cutMs + network.drawMs() * 2, time.machine, () => {
        if (this.#isEnded) return reject(new Error('Connection is closed.'));
        const server = isLate ? undefined : network.serverAt(address);
        if (server?.isUp !== true) {
          this.emit('error', new Error(isLate ? 'connect ETIMEDOUT' : `connect ECONNREFUSED ${address}`));
          this.#lost();
          return reject(new Error('Connection is closed.'));
        }
        this.#attempts = 0;
        this.#connection = new SimulatedConnection(server, {
          onEnd: () => this.#lost(),
          onMessage: (channel, message) => void this.emit('message', channel, message),
        });
        this.#become('connect');
        this.#become('ready');
        resolve();
      });
    });
  }

  disconnect(): void {
    this.#isEnded = true;
    this.#connection?.end();
    if (this.status !== 'end') this.#become('end');
  }

  callBuffer(name: string, ...args: Given[]): Promise<unknown> {
    return this.#send(name, args).then(asBuffers);
  }

  call(name: string, ...args: Given[]): Promise<unknown> {
    return this.#send(name, args);
  }

  mgetBuffer(keys: readonly string[]): Promise<unknown> {
    return this.#send('MGET', keys).then(asBuffers);
  }

  zrevrangeBuffer(...args: Given[]): Promise<unknown> {
    return this.#send('ZREVRANGE', args).then(asBuffers);
  }

  hset(key: string, fields: Readonly<Record<string, string>>): Promise<unknown> {
    return this.#send('HSET', [key, ...Object.entries(fields).flat()]);
  }

  #send(name: string, args: readonly Given[]): Promise<unknown> {
    const connection = this.status === 'ready' ? this.#connection : undefined;
    if (connection === undefined) {
      return Promise.reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"));
    }
    const sent = args.flat().map((one) => (typeof one === 'number' ? `${one}` : one));
    return new Promise((resolve, reject) => {
      connection.send({ name: name.toUpperCase(), args: sent, resolve, reject });
    });
  }

  #lost(): void {
    this.#connection = undefined;
    this.#become('close');
    this.#attempts += 1;
    const pauseMs = this.#isEnded ? null : (this.options.retryStrategy?.(this.#attempts) ?? null);
    if (pauseMs === null) return this.#become('end');
    this.#become('reconnecting');
    setTimeout(() => {
      if (!this.#isEnded) void this.connect().catch(() => undefined);
    }, pauseMs);
  }

  #become(status: string): void {
    this.status = status;
    this.emit(status);
  }
}

/** Commands that are sent as they are called. */
const PLAIN = [
  ...[
    'get',
    'set',
    'del',
    'pexpire',
    'strlen',
    'hdel',
    'zadd',
    'zremrangebyscore',
    'zrevrange',
    'xrange',
    'xrevrange',
  ],
  ...['publish', 'subscribe', 'ping', 'info', 'time', 'cluster', 'asking'],
];
for (const name of PLAIN) {
  Object.defineProperty(SimulatedRedis.prototype, name, {
    value(this: SimulatedRedis, ...args: Given[]) {
      return this.call(name, ...args);
    },
  });
}

/** A client of a cluster, as far as the store looks at it: it takes the addresses, and connects by itself. */
export class SimulatedCluster {
  readonly isCluster = true;
  readonly options = { redisOptions: {} };
  readonly startupNodes: readonly { readonly host: string; readonly port: number }[];

  constructor(startupNodes: readonly { readonly host: string; readonly port: number }[]) {
    this.startupNodes = startupNodes;
  }

  disconnect(): void {
    // It has never connected.
  }
}

function asBuffers(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(asBuffers);
  return typeof reply === 'string' ? Buffer.from(reply, 'latin1') : reply;
}
