import type { Started } from '../servers/measured.js';
import { tellOf } from '../servers/told.js';
import { startApolloResponseCache } from './apollo-response-cache.js';
import { startBentoCache } from './bentocache.js';
import { startMercuriusCache } from './mercurius-cache.js';
import type { Films } from '../servers/films.js';
import { readRows } from './rows.js';
import { startYogaResponseCache } from './yoga-response-cache.js';

const starts = new Map<string, (rows: Films) => Promise<Started>>([
  ['apollo-response-cache', startApolloResponseCache],
  ['mercurius-cache', startMercuriusCache],
  ['yoga-response-cache', startYogaResponseCache],
  ['bentocache', startBentoCache],
]);

/** Runs one peer as a process of its own: its name, and the file with the rows. */
async function main([name = '', file = '']: string[]): Promise<void> {
  const start = starts.get(name);
  if (start === undefined) throw new Error(`unknown peer ${name}`);
  tellOf(await start(await readRows(file)));
}

await main(process.argv.slice(2));
