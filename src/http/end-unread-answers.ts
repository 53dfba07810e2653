import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How often connections are looked at in the time that a client has. */
const LOOKS = 4;

/** How much of what it was sent a client had taken, and at how many looks since then it was no more. */
interface Seen {
  readonly taken: number;
  readonly looks: number;
}

/**
 * Ends connections whose client takes nothing of what it is sent, for so long: its answer, and those to what it has asked after it, would
 * stay in memory. Where nothing is sent yet, as a request takes long, there is nothing to take.
 */
export function endUnreadAnswers(server: Server, unreadMs: number): void {
  const connections = new Map<Socket, Seen | undefined>();
  server.on('connection', (socket) => {
    connections.set(socket, undefined);
    socket.once('close', () => connections.delete(socket));
  });
  const look = (): void => {
    for (const [socket, seen] of connections) {
      const taken = socket.writableLength === 0 ? undefined : bytesTaken(socket);
      if (taken === undefined) connections.set(socket, undefined);
      else if (seen?.taken !== taken) connections.set(socket, { taken, looks: 0 });
      // Looks are counted and not time: in a process that was stopped for a while no client could take anything.
      else if (seen.looks + 1 >= LOOKS) socket.destroy();
      else connections.set(socket, { taken, looks: seen.looks + 1 });
    }
  };
  server.on('listening', () => {
    const timer = setInterval(look, unreadMs / LOOKS).unref();
    server.once('close', () => clearInterval(timer));
  });
}

/**
 * What the system has taken of the bytes for a client, and goes on to take for as long as it reads. A socket counts a long answer as
 * written at once; how much of it waits only its handle says, by which the time-outs of Node.js go too. Where it does not, no client ever
 * stands still.
 */
function bytesTaken(socket: Socket): number {
  const handle: unknown = Object(Reflect.get(socket, '_handle'));
  const numberOf = (name: string): number => Number(Reflect.get(Object(handle), name));
  return numberOf('bytesWritten') - numberOf('writeQueueSize');
}
