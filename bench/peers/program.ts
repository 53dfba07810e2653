import type { Films } from '../servers/films.js';
import type { Started } from '../servers/measured.js';
import { tellOf } from '../servers/told.js';
import type { SharedSettings } from '../servers/versioned-films.js';
import { shareApolloResponseCache, startApolloResponseCache } from './apollo-response-cache.js';
import { shareBentoCache, startBentoCache } from './bentocache.js';
import { shareMercuriusCache, startMercuriusCache } from './mercurius-cache.js';
import { readRows } from './rows.js';
import { shareYogaResponseCache, startYogaResponseCache } from './yoga-response-cache.js';

/** A peer by itself, over rows in memory, and one of two processes that share what they cache. */
interface Peer {
  start(rows: Films): Promise<Started>;
  share(settings: SharedSettings): Promise<Started>;
}

const peers = new Map<string, Peer>([
  ['apollo-response-cache', { start: startApolloResponseCache, share: shareApolloResponseCache }],
  ['mercurius-cache', { start: startMercuriusCache, share: shareMercuriusCache }],
  ['yoga-response-cache', { start: startYogaResponseCache, share: shareYogaResponseCache }],
  ['bentocache', { start: startBentoCache, share: shareBentoCache }],
]);

/** Runs one peer as a process of its own: its name, and the file with the rows or the settings as JSON. */
async function main([name = '', words = '']: string[]): Promise<void> {
  const peer = peers.get(name);
  if (peer === undefined) throw new Error(`unknown peer ${name}`);
  if (!words.startsWith('{')) return tellOf(await peer.start(await readRows(words)));
  const settings: SharedSettings = JSON.parse(words);
  tellOf(await peer.share(settings));
}

await main(process.argv.slice(2));
