import type { RunningLoads } from './running-loads.js';
import type { SimulatedServers } from './simulated-cluster.js';
import type { SimulatedNetwork } from './simulated-network.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SimulatedTime } from './simulated-time.js';

export interface Counted {
  readonly tookMs: number;
  readonly reads: number;
  readonly writes: number;
  readonly strictWrites: number;
  readonly failures: number;
  readonly loads: RunningLoads;
  readonly servers: SimulatedServers;
  readonly network: SimulatedNetwork;
  readonly time: SimulatedTime;
  readonly processes: readonly SimulatedProcess[];
}

/** What was counted in a simulation. */
export interface Figures {
  readonly tookMs: number;
  readonly reads: number;
  readonly writes: number;
  /** Writes that were acknowledged with their invalidation applied. */
  readonly strictWrites: number;
  readonly failures: number;
  readonly hits: number;
  readonly misses: number;
  readonly joined: number;
  readonly waited: number;
  readonly loads: number;
  /** Loads while another process loaded the same. */
  readonly doubled: number;
  readonly events: number;
  /** Timers that went off, in all processes. */
  readonly timers: number;
  readonly packets: number;
  /** Of all servers, by name. */
  readonly commands: Readonly<Record<string, number>>;
  /** Of the server that had most. */
  readonly mostOfOneNode: number;
  readonly published: number;
  readonly delivered: number;
  readonly lost: number;
  /** Wake-ups that the process had most of. */
  readonly mostReceived: number;
  readonly keys: number;
  readonly connections: number;
  readonly subscribers: number;
}

/** What was counted, less what had been before. */
export function figuresOf(counted: Counted, before?: Figures): Figures {
  const { loads, servers, network, time, processes } = counted;
  const ofFields = processes.flatMap((process) => Object.values(process.counters()));
  const sum = (one: (counters: (typeof ofFields)[number]) => number): number =>
    ofFields.reduce((all, counters) => all + one(counters), 0);
  const commands: Record<string, number> = {};
  for (const server of servers.all) {
    for (const [name, count] of server.commands) commands[name] = (commands[name] ?? 0) + count;
  }
  for (const [name, count] of Object.entries(before?.commands ?? {}))
    commands[name] = (commands[name] ?? 0) - count;
  const ofNode = new Map<string, number>();
  for (const { address, commands: own } of servers.all) {
    for (const count of own.values()) ofNode.set(address, (ofNode.get(address) ?? 0) + count);
  }
  return {
    ...{ tookMs: counted.tookMs, reads: counted.reads, writes: counted.writes },
    ...{ strictWrites: counted.strictWrites, failures: counted.failures },
    hits: sum(({ hits }) => hits),
    misses: sum(({ misses }) => misses),
    joined: sum(({ joined }) => joined),
    waited: sum(({ waited }) => waited),
    loads: loads.loads,
    doubled: loads.doubled,
    events: time.events - (before?.events ?? 0),
    timers: [...time.timersOf].reduce((all, [, count]) => all + count, 0) - (before?.timers ?? 0),
    packets: network.counters.packets - (before?.packets ?? 0),
    commands,
    mostOfOneNode: Math.max(...ofNode.values()) - (before?.mostOfOneNode ?? 0),
    published: servers.all.reduce((all, { published }) => all + published, 0) - (before?.published ?? 0),
    delivered: servers.all.reduce((all, { delivered }) => all + delivered, 0) - (before?.delivered ?? 0),
    lost: network.counters.lostWakeUps,
    mostReceived: Math.max(0, ...network.counters.receivedBy.values()),
    keys: servers.present.reduce((all, { keys }) => all + keys.size, 0),
    connections: servers.present.reduce((all, { connections }) => all + connections, 0),
    subscribers: Math.max(...servers.present.map(({ subscribers }) => subscribers)),
  };
}
