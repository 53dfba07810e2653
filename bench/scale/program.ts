import { axes } from './axes.js';
import type { Asked, ProgramSettings, Ready } from './measured-size.js';
import { openMeasured } from './open-measured.js';

/** They do not count: what is there for the first time is slow. */
const FIRST_TURNS = 2;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

process.on('disconnect', () => process.exit(1));
const { warmMs, ...place } = JSON.parse(process.argv[2] ?? '{}') as ProgramSettings;
await warmUp();
const { entries, memoryBytes, turn, close } = await openMeasured({ ...place, prefix: 'measured' });
for (let round = 0; round < FIRST_TURNS; round += 1) await turn();

/** What is called often is compiled by then, alike for every size: storing much would warm a process better than storing little. */
async function warmUp(): Promise<void> {
  const warm = await openMeasured({ ...place, size: axes[place.axis].warmSize, prefix: 'warm' });
  do await warm.turn();
  while (cpuMs() < warmMs);
  await warm.close();
}

const tell = (message: object): void => void process.send?.(message);
process.on('message', (asked: Asked) => {
  const obeyed = asked === 'turn' ? turn().then(tell) : close().then(() => process.exit(0));
  obeyed.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
tell({ entries, memoryBytes } satisfies Ready);
