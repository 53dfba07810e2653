import type { ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Client } from '../context.js';

/** The client of a request. Its signal is made when it is asked for: few requests need one. */
export function clientOf(address: string, response: ServerResponse): Client {
  let controller: AbortController | undefined;
  return {
    address,
    gone() {
      if (controller !== undefined) return controller.signal;
      const made = new AbortController();
      controller = made;
      const onClose = (): void => {
        // A response that was sent closes as well.
        if (!response.writableFinished) made.abort();
      };
      if (response.closed || response.destroyed) onClose();
      else response.once('close', onClose);
      return made.signal;
    },
  };
}

/** A request with the address that a trusted proxy names, or else the one that connects. */
interface Addressed {
  readonly ip: string | undefined;
  readonly socket: Pick<Socket, 'remoteAddress'>;
}

/**
 * The IP address of a client. Some proxies name it with its port, which is another one for each connection; where one names no
 * address at all, the client counts as that proxy.
 */
export function addressOf({ ip = '', socket }: Addressed): string {
  return plainAddress(ip) ?? socket.remoteAddress ?? '';
}

/** An IP address without the port and the brackets that proxies add; undefined where it is none. */
export function plainAddress(text: string): string | undefined {
  if (isIP(text) !== 0) return text;
  const [, bracketed, plain] = /^\[(.+)\](?::\d+)?$|^(.+):\d+$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  return isIP(address) === 0 ? undefined : address;
}
