import type { Random } from '../properties/seeded-random.js';
import type { SimulatedServer } from './simulated-server.js';
import type { Machine, SimulatedTime } from './simulated-time.js';

/** How messages travel. */
export interface Travel {
  /** Milliseconds that each takes at least, and at most so many more. */
  readonly leastMs: number;
  readonly mostMs: number;
  /** The share of messages that are late, and by how much at most, milliseconds. */
  readonly lateShare: number;
  readonly lateMs: number;
  /** The share of wake-ups that are lost: a server drops them where a subscriber does not read. */
  readonly lostShare: number;
}

/** What was counted of all connections. */
export interface NetworkCounters {
  /** What a process sent in one turn on one connection. */
  packets: number;
  readonly receivedBy: Map<Machine, number>;
  lostWakeUps: number;
}

/** Servers by their addresses, and what lies between them and the processes. */
export class SimulatedNetwork {
  readonly time: SimulatedTime;
  readonly random: Random;
  travel: Travel;
  readonly counters: NetworkCounters = { packets: 0, receivedBy: new Map(), lostWakeUps: 0 };
  /** Told of each message that is late. */
  onLate: () => void = () => undefined;
  /** Clients that were made so far. */
  clients = 0;
  readonly #servers = new Map<string, SimulatedServer>();
  readonly #cutUntilMs = new Map<string, number>();

  constructor(time: SimulatedTime, random: Random, travel: Travel) {
    this.time = time;
    this.random = random;
    this.travel = travel;
  }

  /** From now on this server answers at this address. */
  place(address: string, server: SimulatedServer): void {
    this.#servers.set(address, server);
  }

  serverAt(address: string): SimulatedServer | undefined {
    return this.#servers.get(address);
  }

  /** Between a machine and an address nothing arrives for so long; then all of it does. */
  cut(machine: Machine, address: string, ms: number): void {
    this.#cutUntilMs.set(`${machine} ${address}`, this.time.nowMs + ms);
  }

  /** Milliseconds until nothing is cut off there; 0 where nothing is. */
  cutForMs(machine: Machine, address: string): number {
    if (this.#cutUntilMs.size === 0) return 0;
    return Math.max(0, (this.#cutUntilMs.get(`${machine} ${address}`) ?? 0) - this.time.nowMs);
  }

  /** Milliseconds that a message takes now. */
  drawMs(): number {
    const { leastMs, mostMs, lateShare, lateMs } = this.travel;
    const usual = leastMs + (this.random.below(1000) / 1000) * (mostMs - leastMs);
    if (lateShare === 0 || !this.random.chance(lateShare)) return usual;
    this.onLate();
    return usual + this.random.below(lateMs);
  }

  loses(): boolean {
    const { lostShare } = this.travel;
    if (lostShare === 0 || !this.random.chance(lostShare)) return false;
    this.counters.lostWakeUps += 1;
    return true;
  }
}

/** In which network clients find their servers: they are made by the engine, from options alone. */
export const present: { network: SimulatedNetwork | undefined } = { network: undefined };

export function presentNetwork(): SimulatedNetwork {
  if (present.network === undefined) throw new Error('there is no simulated network');
  return present.network;
}
