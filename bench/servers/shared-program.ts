import type { Started } from './measured.js';
import {
  startSharedConstants,
  startSharedInMercurius,
  startSharedLibrary,
  startSharedUncached,
} from './shared.js';
import { tellOf } from './told.js';
import type { SharedSettings } from './versioned-films.js';

const starts = new Map<string, (settings: SharedSettings) => Promise<Started>>([
  ['constants', startSharedConstants],
  ['no-cache', startSharedUncached],
  ['library-redis', (settings) => startSharedLibrary(settings, { strictCopies: false, memo: false })],
  ['library-strict', (settings) => startSharedLibrary(settings, { strictCopies: true, memo: false })],
  ['library-memo', (settings) => startSharedLibrary(settings, { strictCopies: false, memo: true })],
  ['library-mercurius', startSharedInMercurius],
]);

/** Runs one of the two processes of a contestant: its name, and its settings as JSON. */
async function main([name = '', text = '']: string[]): Promise<void> {
  const start = starts.get(name);
  if (start === undefined) throw new Error(`unknown server ${name}`);
  const settings: SharedSettings = JSON.parse(text);
  tellOf(await start(settings));
}

await main(process.argv.slice(2));
