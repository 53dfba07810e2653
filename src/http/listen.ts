import type { FastifyInstance } from 'fastify';
import { ConfigurationError } from '../database/configuration-error.js';

/** Starts listening and returns the URL. @throws ConfigurationError when the address cannot be had. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<string> {
  try {
    return await app.listen({ host, port, listenTextResolver: (address) => `Listening on ${address}.` });
  } catch (cause) {
    const sentence = listenFault(cause, host, port);
    throw sentence === undefined ? cause : new ConfigurationError(sentence, { cause });
  }
}

function listenFault(cause: unknown, host: string, port: number): string | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is taken by another program; stop it, or set PORT to a free one.`;
    case 'EACCES':
      return `Port ${port} may not be opened by this user; set PORT to one above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST ${host} is not an address of this machine; set it to 127.0.0.1 or 0.0.0.0.`;
    default:
      return undefined;
  }
}
