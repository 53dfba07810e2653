import { once } from 'node:events';
import { createServer } from 'node:net';
import { writeFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '../free-port.js';

/** More than processes of one run can live at the same time, those included that are ending. */
const PLACES = 16;
const CLAIMED = Symbol.for('corral.test.claimed-place');
const fileIn = (folder: string): string => path.join(folder, 'places.json');

/** Once in a run, before any place is claimed. */
export async function makePlaces(folder: string): Promise<void> {
  const ports = new Set<number>();
  while (ports.size < PLACES) ports.add(await freePort());
  await writeFile(fileIn(folder), JSON.stringify([...ports]));
}

/**
 * The number of a place that this process has for itself as long as it lives, and all test files that it runs: who listens on the
 * port of a place has it, and the system takes it back when the process ends, however it does. The numbers that vitest gives its
 * workers will not do: between two groups of files one can be given twice.
 */
export function claimPlace(folder: string): Promise<number> {
  // Modules are loaded anew for each file.
  const known: unknown = Reflect.get(globalThis, CLAIMED);
  if (known instanceof Promise) return known as Promise<number>;
  const claimed = claim(folder);
  Reflect.set(globalThis, CLAIMED, claimed);
  return claimed;
}

async function claim(folder: string): Promise<number> {
  const ports = JSON.parse(await readFile(fileIn(folder), 'utf8')) as readonly number[];
  for (const [place, port] of ports.entries()) if (await isGot(port)) return place;
  throw new Error(`All ${PLACES} places for processes of this run are taken.`);
}

async function isGot(port: number): Promise<boolean> {
  const server = createServer().unref();
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  }
}
