import { CommandFault, wrongCommand } from './command-fault.js';

/** The address of a running server, with `path` where the URL has none. @throws CommandFault where it is no URL. */
export function serverAddress(url: string, { path, example }: { path: string; example: string }): string {
  if (!URL.canParse(url)) throw wrongCommand(`"${url}" is not a URL; write for example ${example}.`);
  const address = new URL(url);
  if (address.pathname === '/') address.pathname = path;
  return address.href;
}

/** As `fetch`. @throws CommandFault where the server does not answer. */
export function fetchFromServer(address: string, init: RequestInit): Promise<Response> {
  return fetch(address, init).catch(() => {
    throw new CommandFault(`${address} does not answer; is the server running there?`);
  });
}
