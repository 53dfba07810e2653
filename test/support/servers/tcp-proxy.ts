import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as passes } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** What goes wrong on the way, from now on. Everything else passes as it comes. */
export interface ProxyFaults {
  /** Milliseconds that every piece takes longer, each way. */
  readonly latencyMs?: number;
  /** How many bytes go through in a millisecond, each way of each connection. */
  readonly bytesPerMs?: number;
  /** `both`: bytes vanish, and connections stay up. `answers`: requests arrive, answers vanish (half-open). */
  readonly blackHole?: 'both' | 'answers';
  /** Which connections the black hole is of: those that are open when it begins, or every one; default all. */
  readonly blackHoleOf?: 'all' | 'open';
  /** Whether in the black hole of both ways it is not heard either that the other side has ended; default false. */
  readonly hidesEnds?: boolean;
  /** The share of pieces sent by the client that arrive once more, on another connection and late: ghosts. */
  readonly ghosts?: number;
  /** Longest delay of a ghost; default 1,000. */
  readonly ghostsWithinMs?: number;
}

/** A proxy between a client and a server on loopback whose faults can be switched while it runs. */
export interface TcpProxy {
  readonly port: number;
  set(faults: ProxyFaults): void;
  /** New connections go to another port on loopback, as after a failover. */
  redirect(port: number): void;
  /** Ends every connection with a reset. */
  reset(): void;
  /** How many pieces were sent once more. */
  readonly ghosts: number;
  /** How many clients are connected. */
  readonly clients: number;
  close(): Promise<void>;
}

/** Starts a proxy to a port on loopback; by default it ends with the test at the latest. */
export async function tcpProxy(
  targetPort: number,
  atEnd: (end: () => Promise<void>) => void = onTestFinished,
): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  let faults: ProxyFaults = {};
  /** Those that were open when a black hole of open ones began. */
  let inHole: ReadonlySet<Socket> = new Set();
  let ghosts = 0;
  let target = targetPort;

  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    // What ends one side is told to the other; a fault is what this is for.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    return socket.setNoDelay();
  };

  /** Pieces in their order, each after its delay. */
  const forward = (from: Socket, to: Socket, way: 'requests' | 'answers'): void => {
    const client = way === 'requests' ? from : to;
    let before = Promise.resolve();
    let freeAtMs = 0;
    const holeNow = () =>
      (faults.blackHoleOf ?? 'all') === 'all' || inHole.has(client) ? faults.blackHole : undefined;
    const hidesEnd = (): boolean => faults.hidesEnds === true && holeNow() === 'both';
    from.on('data', (piece) => {
      const { latencyMs = 0, bytesPerMs = Infinity } = faults;
      const blackHole = holeNow();
      if (way === 'requests') haunt(piece);
      if (blackHole === 'both' || (blackHole === 'answers' && way === 'answers')) return;
      freeAtMs = Math.max(freeAtMs, performance.now()) + piece.length / bytesPerMs;
      // Pieces are on their way at the same time.
      const throughAtMs = freeAtMs + latencyMs;
      before = before.then(async () => {
        const leftMs = throughAtMs - performance.now();
        // To the nearest millisecond, as timers know no less.
        if (Math.round(leftMs) >= 1) await passes(leftMs);
        if (!to.destroyed) to.write(piece);
      });
    });
    from.on('end', () => void before.then(() => void (hidesEnd() || to.end())));
    from.on('close', () => void (hidesEnd() || to.destroy()));
  };

  const haunt = (piece: Buffer): void => {
    const { ghosts: share = 0, ghostsWithinMs = 1000 } = faults;
    // Only whole commands can stand alone; those of a client that writes with each tick mostly are.
    if (Math.random() >= share || piece[0] !== '*'.charCodeAt(0)) return;
    ghosts += 1;
    void passes(Math.random() * ghostsWithinMs).then(() => {
      const ghost = keep(connect(target, '127.0.0.1'));
      ghost.resume();
      ghost.end(piece);
    });
  };

  const server: Server = createServer((client) => {
    clients.add(keep(client));
    client.on('close', () => clients.delete(client));
    const upstream = keep(connect(target, '127.0.0.1'));
    forward(client, upstream, 'requests');
    forward(upstream, client, 'answers');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  atEnd(close);
  return {
    port: portOf(server.address()),
    set: (next) => {
      faults = next;
      inHole = new Set(next.blackHoleOf === 'open' ? clients : []);
    },
    redirect: (port) => {
      target = port;
    },
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    get ghosts() {
      return ghosts;
    },
    get clients() {
      return clients.size;
    },
    close,
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return address.port;
}
