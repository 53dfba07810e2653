import { createServer } from 'node:http';
import { nodeHandler, type AnsweringServer, type NodeHandlerOptions } from '../../src/cache/apollo/index.js';

/** An Apollo Server, and what starts and stops it. */
interface Startable extends AnsweringServer {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server that is reached by the handler of the library. */
export async function startByHandler(
  server: Startable,
  options: NodeHandlerOptions<object> = {},
): Promise<{ readonly url: string; close(): Promise<void> }> {
  await server.start();
  const http = createServer(nodeHandler(server, options));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server listens to no port');
  const close = async (): Promise<void> => {
    http.closeAllConnections();
    http.close();
    await server.stop();
  };
  return { url: `http://127.0.0.1:${address.port}/`, close };
}
