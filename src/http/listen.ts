import { once } from 'node:events';
import { createServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ConfigurationError } from '../start/configuration-error.js';

export interface Address {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The variable that sets the port, for errors; default PORT. */
  readonly variable?: 'PORT' | 'METRICS_PORT';
}

/**
 * Takes the address and lets it go again, so that one that cannot be had is told before anything is opened or prepared.
 * @throws ConfigurationError when it cannot be had.
 */
export async function tryAddress(address: Address): Promise<void> {
  const { host, port } = address;
  const server = createServer();
  try {
    await once(server.listen({ host, port }), 'listening');
  } catch (cause) {
    throw refusalOf(cause, address);
  }
  server.close();
  await once(server, 'close');
}

/** Starts listening and returns the URL. @throws ConfigurationError when the address cannot be had. */
export async function listen(app: FastifyInstance, address: Address): Promise<string> {
  const { host, port } = address;
  try {
    return await app.listen({ host, port, listenTextResolver: (where) => `Listening on ${where}.` });
  } catch (cause) {
    throw refusalOf(cause, address);
  }
}

/** The error in a sentence where a person can do something about it. */
function refusalOf(cause: unknown, address: Address): unknown {
  const sentence = listenFault(cause, address);
  return sentence === undefined ? cause : new ConfigurationError(sentence, { cause });
}

function listenFault(cause: unknown, { host, port, variable = 'PORT' }: Address): string | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is taken by another program; stop it, or set ${variable} to a free one.`;
    case 'EACCES':
      return `Port ${port} may not be opened by this user; set ${variable} to one above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST ${host} is not an address of this machine; set it to 127.0.0.1 or 0.0.0.0.`;
    default:
      return undefined;
  }
}
