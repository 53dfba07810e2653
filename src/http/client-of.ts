import type { ServerResponse } from 'node:http';
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
