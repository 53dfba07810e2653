import type { Random } from '../properties/seeded-random.js';
import type { RunningLoads } from './running-loads.js';
import { LOSSES, type SimulatedServers } from './simulated-cluster.js';
import type { SimulatedNetwork } from './simulated-network.js';
import type { SimulatedTime } from './simulated-time.js';

export interface TroublesOptions {
  readonly time: SimulatedTime;
  readonly network: SimulatedNetwork;
  readonly servers: SimulatedServers;
  readonly random: Random;
  readonly loads: RunningLoads;
  readonly processes: number;
  readonly perSecond: number;
  readonly isOver: () => boolean;
  /** Which of them; default: all. */
  readonly only?: readonly TroubleKind[] | undefined;
}

/** The longest that one of them lasts, milliseconds. */
const LASTS_MS = 10_000;
/** A replica, or a file, is behind by so much at most, milliseconds. */
const LAGS_MS = 1000;
const KEYS_EVICTED = 50;

/** Has things go wrong from now on, as the seed says: one after the other, and more than one at a time. */
export function beginTroubles(options: TroublesOptions): void {
  const { time, random, loads, perSecond, isOver, only = kindsOfTrouble } = options;
  const next = (): void => {
    if (isOver()) return;
    loads.troubled(time.nowMs, LASTS_MS);
    kinds[random.pick(only)](options);
    time.after(random.below(2000 / perSecond), 'world', next);
  };
  time.after(random.below(1000 / perSecond), 'world', next);
}

type Trouble = (options: TroublesOptions) => void;

const kinds = {
  processStandsStill({ time, random, processes }) {
    time.standStill(`p${random.below(processes)}`, 50 + random.below(3000));
  },
  serverStandsStill({ time, random, servers }) {
    // For less than it takes until it is replaced.
    const index = servers.pick();
    const server = index === undefined ? undefined : servers.present[index];
    if (server !== undefined) time.standStill(server.machine, 20 + random.below(1500));
  },
  linkIsCut({ network, random, servers, processes }) {
    const server = random.pick(servers.present);
    network.cut(`p${random.below(processes)}`, server.address, 50 + random.below(2000));
  },
  keysAreEvicted({ random, servers }) {
    const { keys } = random.pick(servers.present);
    const all = keys.keys();
    for (let count = 0; count < KEYS_EVICTED && all.length > 0; count += 1) keys.delete(random.pick(all));
  },
  serverRestarts({ random, servers }) {
    const index = servers.pick();
    if (index === undefined) return;
    // So soon that no process has tried in vain to reach it, or later.
    const awayMs = random.chance(0.5) ? 10 + random.below(100) : 100 + random.below(1000);
    servers.restart(index, { lagMs: random.below(LAGS_MS), awayMs });
  },
  replicaTakesOver({ random, servers }) {
    const index = servers.isCluster ? servers.pick() : undefined;
    if (index === undefined) return;
    servers.failOver(index, { lagMs: random.below(LAGS_MS), loss: random.pick(LOSSES) });
  },
} satisfies Readonly<Record<string, Trouble>>;

export type TroubleKind = keyof typeof kinds;

const kindsOfTrouble: readonly TroubleKind[] = [
  ...(['processStandsStill', 'serverStandsStill', 'linkIsCut'] as const),
  ...(['keysAreEvicted', 'serverRestarts', 'replicaTakesOver'] as const),
];
