import type { Random } from '../properties/seeded-random.js';
import type { Keyspace } from './keyspace.js';
import type { SimulatedNetwork } from './simulated-network.js';
import { SimulatedServer, type Plant } from './simulated-server.js';

const SLOTS = 16_384;
/** So long a node that hears of no other one goes on, and so long the others wait for it, milliseconds: cluster-node-timeout. */
export const NODE_TIMEOUT_MS = 2000;
/** The other nodes have heard of a promotion after at most so long, milliseconds. */
const HEARD_WITHIN_MS = 100;

interface Owner {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly from: number;
  readonly to: number;
}

/** Who owns which slots, as a node believes. */
export class ClusterView {
  readonly owners: readonly Owner[];
  /** The reply to CLUSTER SLOTS. */
  readonly slots: unknown;
  readonly #width: number;

  constructor(owners: readonly Owner[]) {
    this.owners = owners;
    this.#width = SLOTS / owners.length;
    this.slots = owners.map(({ id, host, port, from, to }) => [from, to, [host, port, id]]);
  }

  ownerOf(slot: number): Owner | undefined {
    const near = Math.floor(slot / this.#width);
    return [near, near - 1, near + 1]
      .map((at) => this.owners[at])
      .find((one) => one !== undefined && one.from <= slot && slot <= one.to);
  }
}

/** How a primary is lost before its replica takes over. */
export const LOSSES = ['killed', 'asleep', 'cut off'] as const;
export type Loss = (typeof LOSSES)[number];

export interface ServersOptions {
  readonly network: SimulatedNetwork;
  readonly random: Random;
  /** Primaries of a cluster; 1: one server that is in no cluster. */
  readonly nodes: number;
  readonly plants: ReadonlySet<Plant>;
}

/** The servers of a world: one alone, or the primaries of a cluster, each with a replica that lags behind it. */
export class SimulatedServers {
  readonly #options: ServersOptions;
  readonly #servers: SimulatedServer[];
  /** All that there ever were. */
  readonly all: SimulatedServer[] = [];
  readonly isCluster: boolean;
  /** Primaries that are being replaced or restarted. */
  readonly #busy = new Set<number>();
  #runs = 0;
  /** Of those who have heard of all that happened; undefined where there is no cluster. */
  #view: ClusterView | undefined;

  constructor(options: ServersOptions) {
    this.#options = options;
    this.isCluster = options.nodes > 1;
    this.#servers = Array.from({ length: options.nodes }, (_, index) => this.#make(`node-${index}:6379`));
    if (!this.isCluster) return;
    this.#view = this.#viewOf();
    for (const server of this.#servers) server.view = this.#view;
  }

  get present(): readonly SimulatedServer[] {
    return this.#servers;
  }

  get addresses(): { host: string; port: number }[] {
    return this.#servers.map(({ address }) => addressOf(address));
  }

  /** A server that nothing happens to now; undefined where it does to all. */
  pick(): number | undefined {
    const quiet = this.#servers.flatMap((_, index) => (this.#busy.has(index) ? [] : [index]));
    return quiet.length === 0 ? undefined : this.#options.random.pick(quiet);
  }

  /** It is started again at its address, with what it had written to its file a while before. */
  restart(index: number, { lagMs, awayMs }: { readonly lagMs: number; readonly awayMs: number }): void {
    const before = this.#servers[index];
    if (before === undefined) return;
    const file = before.keys.copy();
    this.#busy.add(index);
    this.#after(lagMs, () => {
      before.kill();
      this.#after(awayMs, () => {
        const server = this.#make(before.address, before.id, file);
        server.view = this.#view;
        this.#servers[index] = server;
        this.#busy.delete(index);
      });
    });
  }

  /** Its replica takes over, with what it had a while before the primary was lost. */
  failOver(index: number, { lagMs, loss }: { readonly lagMs: number; readonly loss: Loss }): void {
    const { random, network } = this.#options;
    const before = this.#servers[index];
    if (before === undefined) return;
    const replicated = before.keys.copy();
    const promotedMs = NODE_TIMEOUT_MS + 100 + random.below(2000);
    const backMs = promotedMs + HEARD_WITHIN_MS + 50 + random.below(3000);
    this.#busy.add(index);
    this.#after(lagMs, () => {
      if (loss === 'killed') before.kill();
      else if (loss === 'asleep') network.time.standStill(before.machine, backMs);
      else this.#after(NODE_TIMEOUT_MS, () => (before.isClusterOk = false));
      this.#after(promotedMs, () => {
        const server = this.#make(`node-${index}-${this.#runs}:6379`, undefined, replicated);
        this.#servers[index] = server;
        this.#view = this.#viewOf();
        server.view = this.#view;
        for (const other of this.#servers) if (other !== server) this.#hears(other);
        this.#busy.delete(index);
      });
      if (loss !== 'killed') this.#after(backMs, () => this.#becomesReplica(before, index));
    });
  }

  /** What was lost and is back hears at once that it is a replica now. */
  #becomesReplica(before: SimulatedServer, index: number): void {
    const successor = this.#servers[index];
    before.isClusterOk = true;
    before.role = 'slave';
    before.view = this.#view;
    before.replicationId = successor?.replicationId ?? before.replicationId;
  }

  #hears(server: SimulatedServer): void {
    const { random, network } = this.#options;
    network.time.after(random.below(HEARD_WITHIN_MS), server.machine, () => (server.view = this.#view));
  }

  #viewOf(): ClusterView {
    const width = SLOTS / this.#servers.length;
    return new ClusterView(
      this.#servers.map(({ id, address }, index) => ({
        ...{ id, ...addressOf(address) },
        from: Math.ceil(index * width),
        to: Math.ceil((index + 1) * width) - 1,
      })),
    );
  }

  #make(address: string, id?: string, keys?: Keyspace): SimulatedServer {
    const { network, plants } = this.#options;
    this.#runs += 1;
    const name = `${this.#runs}`.padStart(40, '0');
    const server = new SimulatedServer({
      ...{
        network,
        plants,
        address,
        id: id ?? name,
        runId: `run-${name}`,
        replicationId: `replication-${name}`,
      },
      ...(keys === undefined ? {} : { keys }),
    });
    network.place(address, server);
    this.all.push(server);
    return server;
  }

  #after(ms: number, run: () => void): void {
    this.#options.network.time.after(ms, 'world', run);
  }
}

function addressOf(address: string): { host: string; port: number } {
  const [host = '', port = ''] = address.split(':');
  return { host, port: Number(port) };
}
