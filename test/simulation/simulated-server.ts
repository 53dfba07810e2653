import type { SimulatedConnection } from './simulated-client.js';
import { Keyspace, type Text } from './keyspace.js';
import { scriptNamed, simulatedScripts, text, type ScriptName } from './simulated-scripts.js';
import type { SimulatedNetwork } from './simulated-network.js';
import type { ClusterView } from './simulated-cluster.js';
import { slotOfName } from './slot-of-name.js';

/** What is planted into servers, so that the simulation must find it. */
export type Plant =
  /** A fill does not ask for the present generation: the one that was captured before the load becomes it. */
  | 'fills-blindly'
  /** A lease is given to each process that asks. */
  | 'leases-to-all'
  /** A server says after a restart or a failover that it is what was there before. */
  | 'same-run'
  /** The log of invalidations tells nothing new. */
  | 'silent-log';

/** An error as ioredis makes it of a reply. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

export interface ServerOptions {
  readonly network: SimulatedNetwork;
  /** `host:port`. */
  readonly address: string;
  readonly id: string;
  readonly runId: string;
  readonly replicationId: string;
  readonly keys?: Keyspace;
  readonly plants: ReadonlySet<Plant>;
}

const COMMANDS_OF_SCRIPTS = new Set(['EVAL', 'EVALSHA']);

/** A Redis server: the commands that the store uses, on data that is its own. */
export class SimulatedServer {
  readonly address: string;
  readonly machine: string;
  readonly id: string;
  readonly runId: string;
  replicationId: string;
  readonly keys: Keyspace;
  readonly #network: SimulatedNetwork;
  readonly #plants: ReadonlySet<Plant>;
  readonly #connections = new Set<SimulatedConnection>();
  readonly #subscribers = new Map<string, Set<SimulatedConnection>>();
  isUp = true;
  role: 'master' | 'slave' = 'master';
  /** What it believes of its cluster; undefined where it is alone. */
  view: ClusterView | undefined;
  isClusterOk = true;
  /** How often each command came, scripts by their names. */
  readonly commands = new Map<string, number>();
  published = 0;
  /** Messages to subscribers that publishing has made. */
  delivered = 0;

  constructor({ network, address, id, runId, replicationId, plants, keys }: ServerOptions) {
    this.#network = network;
    this.#plants = plants;
    this.address = address;
    this.machine = `server ${address} ${runId}`;
    this.id = id;
    this.runId = runId;
    this.replicationId = replicationId;
    this.keys = keys ?? new Keyspace(() => network.time.nowMs);
  }

  get plants(): ReadonlySet<Plant> {
    return this.#plants;
  }

  get connections(): number {
    return this.#connections.size;
  }

  get subscribers(): number {
    return Math.max(0, ...Array.from(this.#subscribers.values(), ({ size }) => size));
  }

  accept(connection: SimulatedConnection): void {
    this.#connections.add(connection);
  }

  left(connection: SimulatedConnection): void {
    this.#connections.delete(connection);
    for (const subscribers of this.#subscribers.values()) subscribers.delete(connection);
  }

  /** Ends as a killed process does: its connections break. */
  kill(): void {
    this.isUp = false;
    for (const connection of [...this.#connections]) connection.breakOff();
    this.#connections.clear();
    this.#subscribers.clear();
  }

  /** @throws ReplyError what it refuses the command with. */
  execute(connection: SimulatedConnection, name: string, args: readonly Text[]): unknown {
    const isScript = COMMANDS_OF_SCRIPTS.has(name);
    const script = isScript ? scriptNamed(text(args[0])) : undefined;
    this.commands.set(script ?? name, (this.commands.get(script ?? name) ?? 0) + 1);
    if (script !== undefined) {
      const count = Number(text(args[1]));
      const keys = args.slice(2, 2 + count).map(text);
      this.#checkSlot(keys[0]);
      return this.#run(script, keys, args.slice(2 + count));
    }
    const [first = '', ...rest] = args.map(text);
    switch (name) {
      case 'MGET':
        this.#checkSlot(first);
        return args.map((key) => this.keys.text(text(key)) ?? null);
      case 'GET':
        this.#checkSlot(first);
        return this.keys.text(first) ?? null;
      case 'SET':
        this.#checkSlot(first);
        return this.keys.setText(first, rest[0] ?? '', Number(rest[2] ?? Infinity));
      case 'DEL':
        this.#checkSlot(first);
        return this.keys.delete(first, ...rest);
      case 'PEXPIRE':
        this.#checkSlot(first);
        return this.keys.expire(first, Number(rest[0]));
      case 'STRLEN':
        this.#checkSlot(first);
        return text(this.keys.text(first)).length;
      case 'XRANGE':
        return this.#logAfter(first, rest[0] ?? '-', Number(rest[3] ?? Infinity));
      case 'XREVRANGE':
        return this.keys
          .stream(first)
          .slice(-1)
          .map(({ id, fields }) => [id, fields]);
      case 'HSET':
      case 'ZADD': {
        this.#checkSlot(first);
        const hash = this.keys.madeHash(first);
        for (let index = 0; index < rest.length; index += 2) {
          const [one = '', other = ''] = rest.slice(index, index + 2);
          if (name === 'HSET') hash.set(one, other);
          else hash.set(other, one);
        }
        return rest.length / 2;
      }
      case 'HDEL':
        for (const field of rest) this.keys.hash(first)?.delete(field);
        return rest.length;
      case 'ZREMRANGEBYSCORE':
        return 0;
      case 'ZREVRANGE':
        this.#checkSlot(first);
        return [...(this.keys.hash(first) ?? [])]
          .sort(([, one], [, other]) => Number(other) - Number(one))
          .slice(Number(rest[0]), Number(rest[1]) + 1)
          .flat();
      case 'PUBLISH':
        this.#publish(first, rest[0] ?? '');
        return 0;
      case 'SUBSCRIBE': {
        const subscribers = this.#subscribers.get(first) ?? new Set();
        this.#subscribers.set(first, subscribers.add(connection));
        return 1;
      }
      case 'PING':
        return 'PONG';
      case 'ASKING':
        return 'OK';
      case 'INFO':
        return this.#info();
      case 'TIME': {
        const { nowMs } = this.#network.time;
        return [`${Math.floor(nowMs / 1000)}`, `${Math.floor((nowMs % 1000) * 1000)}`];
      }
      case 'CLUSTER':
        return this.#cluster(first.toUpperCase());
      default:
        throw new ReplyError(`ERR unknown command '${name}': the simulated server has what the store uses`);
    }
  }

  #run(script: ScriptName, keys: readonly string[], args: readonly Text[]): unknown {
    if (this.role === 'slave') throw new ReplyError("READONLY You can't write against a read only replica.");
    const on = {
      keys: this.keys,
      nowMs: () => this.#network.time.nowMs,
      publish: (channel: string, message: string) => this.#publish(channel, message),
    };
    const seconds = keys.filter((_, place) => place % 3 === 1);
    if (script === 'fill' && this.#plants.has('fills-blindly')) {
      for (const [one, generation] of seconds.entries())
        this.keys.setText(generation, args[7 * one] ?? '', Number(args[7 * one + 6]));
    }
    if (script === 'acquire' && this.#plants.has('leases-to-all') && args.length !== 2 * keys.length)
      this.keys.delete(...seconds);
    return simulatedScripts[script](on, keys, args);
  }

  #publish(channel: string, message: string): void {
    this.published += 1;
    for (const connection of this.#subscribers.get(channel) ?? []) {
      this.delivered += 1;
      if (!this.#network.loses()) connection.announce(channel, message);
    }
  }

  #logAfter(log: string, after: string, count: number): unknown {
    const entries = this.keys.stream(log);
    const from = after === '-' ? 0 : entries.findLastIndex(({ id }) => id === after);
    if (from < 0) return [];
    const shown = this.#plants.has('silent-log') && after !== '-' ? 1 : count;
    return entries.slice(from, from + shown).map(({ id, fields }) => [id, fields]);
  }

  #info(): string {
    return [
      'redis_version:7.0.15',
      `run_id:${this.#plants.has('same-run') ? 'the-same' : this.runId}`,
      `role:${this.role}`,
      `master_replid:${this.#plants.has('same-run') ? 'the-same' : this.replicationId}`,
    ].join('\r\n');
  }

  #cluster(what: string): unknown {
    if (this.view === undefined) throw new ReplyError('ERR This instance has cluster support disabled');
    if (what === 'SLOTS') return this.view.slots;
    if (what === 'MYID') return this.id;
    return `cluster_state:${this.isClusterOk ? 'ok' : 'fail'}\r\n`;
  }

  #checkSlot(key: string | undefined): void {
    if (this.view === undefined || key === undefined) return;
    if (!this.isClusterOk) throw new ReplyError('CLUSTERDOWN The cluster is down');
    const slot = slotOfName(key);
    const owner = this.view.ownerOf(slot);
    if (owner?.id === this.id) return;
    throw new ReplyError(
      owner === undefined ? 'CLUSTERDOWN Hash slot not served' : `MOVED ${slot} ${owner.host}:${owner.port}`,
    );
  }
}
