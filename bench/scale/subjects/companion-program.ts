import type { CompanionAnswer, CompanionMessage } from './companion.js';
import { openStore } from './open-store.js';
import { COLD_LOAD_MS, sharedRows } from './processes.js';
import { openRows } from './rows.js';

/** Rows of companions alone: what the measured process has invalidated must not be loaded by another. */
const FIRST_ROW = sharedRows.rows;
const ROWS = 500;

const [, , redisUrl, prefix = ''] = process.argv;
const rows = await openRows(openStore({ redisUrl, prefix }), sharedRows);
for (let row = FIRST_ROW; row < FIRST_ROW + ROWS; row += 1) await rows.read(row);
let coldLoads = 0;
let isReading = false;
let reading = Promise.resolve();

async function readOn(): Promise<void> {
  for (let at = 0; isReading; at = (at + 1) % ROWS) await rows.read(FIRST_ROW + at);
}

async function obey(message: CompanionMessage): Promise<void> {
  if ('cold' in message) {
    const before = rows.loads();
    await rows.readCold(message.cold, COLD_LOAD_MS);
    coldLoads += rows.loads() - before;
  } else if (message.say === 'begin') {
    isReading = true;
    reading = readOn();
  } else {
    isReading = false;
    await reading;
  }
}

const tell = (): void => void process.send?.({ coldLoads } satisfies CompanionAnswer);
process.on('disconnect', () => process.exit(1));
process.on('message', (message: CompanionMessage) => {
  obey(message).then(tell, (error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
tell();
