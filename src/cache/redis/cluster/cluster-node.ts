import type { Redis } from 'ioredis';
import type { CacheLog } from '../../log.js';
import type { Ask } from '../connection/connection-user.js';
import type { Purpose } from '../connection/purpose.js';
import { ServerConnection, type ConnectionState, type Timeouts } from '../connection/server-connection.js';
import { lineOf, type ServerInfo } from '../connection/server-info.js';
import { OversizedEntries } from '../store/oversized-entries.js';
import { historyMark } from './slot-marks.js';
import { readOwners, sameAddress, type Address, type Owner } from './topology.js';

/** What a store or a journal on a cluster does at each node. */
export interface NodeUser {
  readonly log: CacheLog;
  /** What its connections are for. */
  readonly purpose: Purpose;
  /** Uses every command that will be used, once. */
  readonly tryOut: (redis: Redis, node: ClusterNode) => Promise<void>;
  /** Looks at a node that answers: what it is too weak in, as the end of a sentence. */
  readonly inspect?: (node: ClusterNode, ask: Ask, server: ServerInfo) => Promise<string | undefined>;
  /** Sees to it that what the node has may be believed, before it is used (again). */
  readonly rejoin: (node: ClusterNode, ask: Ask, mustForget: boolean) => Promise<void>;
  /** Called when the node goes away, before anything else can be asked. */
  readonly onAway?: (node: ClusterNode) => void;
}

export interface NodeOptions extends NodeUser {
  /** What its connections are made like. */
  readonly template: Redis;
  readonly timeouts: Timeouts;
  /** Where its wake-ups are published: each node has a channel of its own, so that each message comes once. */
  readonly channel?: { readonly name: string; onMessage(message: string): void } | undefined;
}

/** What a look at a node has brought. */
export interface Look {
  /** True where it is a primary, with the history that is known. */
  readonly isSame: boolean;
  /** Whether its cluster serves all slots as it sees it: one that is cut off from the others does not. False where it was not asked. */
  readonly isWhole: boolean;
  /** Whom it says to own the slots; undefined where it was not asked. */
  readonly owners: readonly Owner[] | undefined;
}

/**
 * For so long after it was seen to be the owner of its slots a node is believed, milliseconds. A cluster needs longer than
 * that to replace a node: one that slept through it, or is cut off, would answer with what was invalidated since.
 */
const BELIEVED_MS = 1000;
/** One that a slot moves to is known by its address alone. */
const NODE_ID = /^[0-9a-f]{40}$/;

export function nameOfNode({ id, host, port }: Pick<Owner, 'id' | 'host' | 'port'>): string {
  return `${id} ${host}:${port}`;
}

/** A primary of a cluster: its connection, the breaker around it, and its history, which marks all that is read there. */
export class ClusterNode {
  readonly id: string;
  /** As the nodes name it. */
  readonly address: Address;
  /** Both: a server may get the address of another, and a node another address. */
  readonly name: string;
  readonly oversized = new OversizedEntries();
  #ranges: Owner['ranges'];
  readonly #options: NodeOptions;
  readonly #link: ServerConnection;
  #history = '';
  #replicationId: string | undefined;
  #version: string | undefined;
  #confirmedAtMs = -Infinity;
  /** Whether it is a primary that sees a whole cluster, on the connection that it is being rejoined by. */
  #isInspected = false;

  constructor({ id, host, port, ranges }: Owner, options: NodeOptions) {
    this.id = id;
    this.address = { host, port };
    this.name = nameOfNode({ id, host, port });
    this.#ranges = ranges;
    this.#options = options;
    this.#link = new ServerConnection(options.template, options.timeouts, options.purpose);
  }

  /**
   * Another one after the node was restarted, or was a replica in between: what was stored before may have missed
   * invalidations. Every generation is compared together with the history of the node that it was read from.
   */
  get history(): string {
    return this.#history;
  }

  /** Of the server; undefined until it has answered. */
  get version(): string | undefined {
    return this.#version;
  }

  get ranges(): Owner['ranges'] {
    return this.#ranges;
  }

  /** The name of its channel; empty where it has none. */
  get channel(): string {
    return this.#options.channel?.name ?? '';
  }

  get state(): ConnectionState {
    return this.#link.state;
  }

  get isAway(): boolean {
    return this.state === 'away';
  }

  /** Whether it could be used, but for what must be applied to it or forgotten first. */
  get answersAgain(): boolean {
    return this.#isInspected && this.#link.answersAgain;
  }

  /** Whether it was seen lately, by itself and by another node, to own its slots, since its connection is there. */
  get isConfirmed(): boolean {
    return performance.now() - this.#confirmedAtMs < BELIEVED_MS;
  }

  get isBelieved(): boolean {
    return !this.isAway && this.isConfirmed;
  }

  is(owner: Owner): boolean {
    return owner.id === this.id && sameAddress(owner, this.address);
  }

  owns(ranges: Owner['ranges']): void {
    this.#ranges = ranges;
  }

  /** @throws CacheError when it answers but cannot be used; where it may not be weak, also when it is. */
  open(mayBeWeak: boolean): Promise<void> {
    const { log, channel, tryOut, inspect, rejoin, onAway } = this.#options;
    return this.#link.open({
      ...{ log, mayBeWeak },
      ...(channel === undefined ? {} : { channel }),
      tryOut: (redis) => tryOut(redis, this),
      inspect: async (ask, server) => {
        this.#isInspected = false;
        if (server.value('role') === 'slave') throw new Error('it is a replica now');
        const [state, id] = await ask((redis) => Promise.all([redis.cluster('INFO'), redis.cluster('MYID')]));
        if (NODE_ID.test(this.id) && id !== this.id) throw new Error('another node answers at its address');
        if (lineOf(String(state), 'cluster_state') !== 'ok')
          throw new Error('its cluster does not serve all slots');
        return inspect?.(this, ask, server);
      },
      rejoin: async (ask, server, mustForget) => {
        await ask((redis) => this.oversized.remove(redis));
        this.#know(server);
        this.#isInspected = true;
        await rejoin(this, ask, mustForget);
      },
      onAway: () => {
        this.#confirmedAtMs = -Infinity;
        this.#isInspected = false;
        onAway?.(this);
      },
    });
  }

  run<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#link.run(operation);
  }

  /** As `run`, for what is of no use late; refused at once while answers of this node are late. */
  runUnlessLate<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#link.runUnlessLate(operation);
  }

  /** As `run`, for reads: given up where they take longer than is usual. */
  runPromptly<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#link.runPromptly(operation);
  }

  /** As `run`, for what waits for replicas: it holds up nothing else. */
  runSlowly<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#link.runSlowly(operation);
  }

  /** As `run`, also while it answers and is being rejoined: for invalidations, as what it has is used after those that wait. */
  runWhileRejoining<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#link.runWhileRejoining(operation);
  }

  /** Looks at it once more, as before it was used. */
  check(): void {
    this.#link.check();
  }

  /** Never rejects. Undefined where it does not answer. */
  async look(asksOwners: boolean): Promise<Look | undefined> {
    try {
      const [info, reply, state] = await this.#link.runWhileRejoining((redis) =>
        Promise.all([
          redis.info('replication'),
          ...(asksOwners ? [redis.cluster('SLOTS'), redis.cluster('INFO')] : []),
        ]),
      );
      const isSame =
        lineOf(String(info), 'role') === 'master' &&
        lineOf(String(info), 'master_replid') === this.#replicationId;
      // It was a replica in between, while its connection lasted.
      if (!isSame) {
        this.#confirmedAtMs = -Infinity;
        this.#link.check();
      }
      const isWhole = lineOf(String(state), 'cluster_state') === 'ok';
      return { isSame, isWhole, owners: reply === undefined ? undefined : readOwners(reply, this.address) };
    } catch {
      // The breaker has seen it, and tells.
      return undefined;
    }
  }

  /** It was seen to own its slots, by a look that began then. */
  confirm(atMs: number): void {
    this.#confirmedAtMs = atMs;
  }

  close(): void {
    this.#link.close();
  }

  #know(server: ServerInfo): void {
    this.#history = historyMark(server);
    this.#replicationId = server.value('master_replid');
    this.#version = server.value('redis_version');
  }
}
