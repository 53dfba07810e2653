import type { Asked, ProgramSettings, Ready } from './measured-size.js';
import { openMeasured } from './open-measured.js';

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

process.on('disconnect', () => process.exit(1));
const { warmMs, ...place } = JSON.parse(process.argv[2] ?? '{}') as ProgramSettings;
const { entries, memoryBytes, turn, close } = await openMeasured(place);
const storedMs = cpuMs();
// What is called often is compiled by then.
do await turn();
while (cpuMs() - storedMs < warmMs);

const tell = (message: object): void => void process.send?.(message);
process.on('message', (asked: Asked) => {
  const obeyed = asked === 'turn' ? turn().then(tell) : close().then(() => process.exit(0));
  obeyed.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
tell({ entries, memoryBytes } satisfies Ready);
