import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { RUN_FOLDER } from './run/run-folder-name.js';

/** Below these the ports are for well-known services. */
const LOWEST = 10_240;
/** Where the ports begin that Linux, by default, gives to connections that ask for none, and other systems later than that. */
const USUAL_EPHEMERAL = 32_768;
const TRIES = 1000;

/** From here on, the system gives ports to connections and servers that ask for none: each may be taken at any time. */
const ephemeral = lowestEphemeral();

/**
 * A loopback port on which nothing listened a moment ago. No connection is given it by the system before a server listens
 * there, and no other test of this run is told the same one.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (ephemeral - LOWEST));
    if (isOurs(port) && (await isFree(port))) return port;
  }
  throw new Error(`None of ${TRIES} ports between ${LOWEST} and ${ephemeral} is free.`);
}

/** Without a run: those that this process was told. */
const named = new Set<number>();

/** A file of a run's folder can be made once only. */
function isOurs(port: number): boolean {
  const folder = process.env[RUN_FOLDER];
  if (folder === undefined) {
    const isNew = !named.has(port);
    named.add(port);
    return isNew;
  }
  try {
    writeFileSync(path.join(folder, `port-${port}`), '', { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function lowestEphemeral(): number {
  try {
    const [lowest = ''] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/);
    // A system that gives them from the lowest on leaves none to choose from: then any will have to do.
    return Number(lowest) > LOWEST + TRIES ? Number(lowest) : USUAL_EPHEMERAL;
  } catch {
    return USUAL_EPHEMERAL;
  }
}
