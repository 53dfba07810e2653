import { AsyncLocalStorage } from 'node:async_hooks';
import { scansBusy, tooManyScans } from '../api-errors/api-error.js';
import { limits } from './limits.js';
import { createPlaces, type Places } from './places.js';

/** Bounds the statements that read a whole table, so that reads by id find connections, and each client its share. */
export interface Scans {
  /** The scans that `work` begins count for this client. */
  forClient<T>(client: string, work: () => T): T;
  /**
   * Runs a scan once its client and the process have a place. @throws GraphQLError TOO_MANY_SCANS when too many of its
   * client wait already, or it has waited for too long; then it is not run. Where that is about this client alone, others who wait
   * for the same load have it begun for them.
   */
  run<T>(scan: () => Promise<T>): Promise<T>;
}

export interface ScanBounds {
  /** Scans of one client at a time. */
  readonly perClient: number;
  /** Scans of one client that wait; more are refused. */
  readonly waitingPerClient: number;
  /** Scans of this process at a time. */
  readonly inAll: number;
  /** No scan that a client waits for waits longer for its places. Milliseconds. */
  readonly waitMs: number;
}

/**
 * The bounds for a process with so many connections for requests: scans have at most half of what one table may take, so
 * that films are read by id while others are searched for, and one client leaves a place to the next one.
 */
export function scanBounds(connections: number): ScanBounds {
  const { inAll, perClient, ...others } = limits.scans;
  const fitting = Math.max(1, Math.min(inAll, Math.floor(connections / 4)));
  return { inAll: fitting, perClient: Math.min(perClient, Math.max(1, fitting - 1)), ...others };
}

/** The client of refreshes that no request has asked for. What keeps reports warm bounds itself, so it may wait. */
const ITSELF = '';

/**
 * A load is shared by all who ask for the same, and must not know who they are. So the client is not handed to it, but
 * kept beside the call: it decides when a scan runs, and never what it returns.
 */
export function createScans(bounds: ScanBounds = limits.scans): Scans {
  const { perClient, waitingPerClient, inAll, waitMs } = bounds;
  const caller = new AsyncLocalStorage<string>();
  const places = createPlaces(inAll);
  const clients = new Map<string, ClientScans>();

  return {
    forClient: (client, work) => caller.run(client, work),
    async run<T>(scan: () => Promise<T>): Promise<T> {
      const name = caller.getStore() ?? ITSELF;
      const client = clients.get(name) ?? { turns: createPlaces(perClient), underWay: 0 };
      if (name !== ITSELF && client.underWay >= perClient + waitingPerClient)
        throw tooManyScans(client.underWay);
      client.underWay += 1;
      clients.set(name, client);
      const patience = new AbortController();
      let waitsFor: 'one client' | 'all' = 'one client';
      const timer =
        name === ITSELF ? undefined : setTimeout(() => patience.abort(scansBusy(waitsFor)), waitMs);
      const begin = (): Promise<T> => {
        clearTimeout(timer);
        return scan();
      };
      try {
        // The queue of the process holds a few of each client only, so that clients take turns.
        return await client.turns.run(() => {
          waitsFor = 'all';
          return places.run(begin, patience.signal);
        }, patience.signal);
      } finally {
        clearTimeout(timer);
        client.underWay -= 1;
        if (client.underWay === 0) clients.delete(name);
      }
    },
  };
}

interface ClientScans {
  readonly turns: Places;
  /** Those that run, and those that wait. */
  underWay: number;
}
