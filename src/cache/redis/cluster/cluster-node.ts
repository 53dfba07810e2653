import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { CacheLog } from '../../log.js';
import { StoreAway } from '../../store/store-away.js';
import type { Ask } from '../connection/connection-user.js';
import type { Purpose } from '../connection/purpose.js';
import { ServerConnection, type Timeouts } from '../connection/server-connection.js';
import { lineOf, type ServerInfo } from '../connection/server-info.js';
import { OversizedEntries } from '../store/oversized-entries.js';
import { STORE_PURPOSE } from '../store/store-purpose.js';
import { readOwners, sameAddress, type Address, type Owner } from './topology.js';

export interface NodeOptions {
  /** What its connections are made like. */
  readonly template: Redis;
  readonly timeouts: Timeouts;
  readonly log: CacheLog;
  /** Where its wake-ups are published: each node has a channel of its own, so that each message comes once. */
  readonly channel: string;
  readonly onMessage: (key: string) => void;
  /** Uses every command that will be used, once. */
  readonly tryOut: (redis: Redis, node: ClusterNode) => Promise<void>;
  /** Sees to it that what the node has may be believed, before it is used (again). */
  readonly rejoin: (node: ClusterNode, ask: Ask, mustForget: boolean) => Promise<void>;
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

const PURPOSE: Purpose = {
  ...STORE_PURPOSE,
  says: {
    away: 'a node of the cluster is away; the origin answers for what lies there until it is back',
    usable: 'the node is back and is used again',
  },
  refusal: (words) => new StoreAway(`the node of the cluster ${words}`),
};

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
  #confirmedAtMs = -Infinity;

  constructor({ id, host, port, ranges }: Owner, options: NodeOptions) {
    this.id = id;
    this.address = { host, port };
    this.name = nameOfNode({ id, host, port });
    this.#ranges = ranges;
    this.#options = options;
    this.#link = new ServerConnection(options.template, options.timeouts, PURPOSE);
  }

  /**
   * Another one after the node was restarted, or was a replica in between: what was stored before may have missed
   * invalidations. Every generation is compared together with the history of the node that it was read from.
   */
  get history(): string {
    return this.#history;
  }

  get ranges(): Owner['ranges'] {
    return this.#ranges;
  }

  get channel(): string {
    return this.#options.channel;
  }

  get isAway(): boolean {
    return this.#link.state === 'away';
  }

  /** Whether it was seen lately, by itself and by another node, to own its slots. */
  get isBelieved(): boolean {
    return !this.isAway && performance.now() - this.#confirmedAtMs < BELIEVED_MS;
  }

  is(owner: Owner): boolean {
    return owner.id === this.id && sameAddress(owner, this.address);
  }

  owns(ranges: Owner['ranges']): void {
    this.#ranges = ranges;
  }

  /** @throws CacheError when it answers but cannot be used. */
  open(): Promise<void> {
    const { log, channel, onMessage, tryOut, rejoin } = this.#options;
    return this.#link.open({
      log,
      channel: { name: channel, onMessage },
      tryOut: (redis) => tryOut(redis, this),
      inspect: async (ask, { value }) => {
        if (value('role') === 'slave') throw new Error('it is a replica now');
        const [state, id] = await ask((redis) => Promise.all([redis.cluster('INFO'), redis.cluster('MYID')]));
        if (NODE_ID.test(this.id) && id !== this.id) throw new Error('another node answers at its address');
        if (lineOf(String(state), 'cluster_state') !== 'ok')
          throw new Error('its cluster does not serve all slots');
        return undefined;
      },
      rejoin: async (ask, server, mustForget) => {
        await ask((redis) => this.oversized.remove(redis));
        this.#know(server);
        await rejoin(this, ask, mustForget);
      },
      onAway: () => (this.#confirmedAtMs = -Infinity),
    });
  }

  run<T>(operation: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#link.run(operation);
  }

  /** Never rejects. Undefined where it does not answer. */
  async look(asksOwners: boolean): Promise<Look | undefined> {
    try {
      const [info, reply, state] = await this.#link.run((redis) =>
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

  #know({ history, value }: ServerInfo): void {
    this.#history = createHash('sha1').update(history).digest('base64url').slice(0, 12);
    this.#replicationId = value('master_replid');
  }
}
