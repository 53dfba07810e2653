import { createWorkloads } from '../overhead/workloads.js';
import { answering, warmed } from '../in-turns/answering.js';
import { inTurns, type Turn } from '../in-turns/in-turns.js';
import { takeTurns } from '../in-turns/measured-process.js';
import { readRows } from '../servers/films.js';
import type { Copies } from '../servers/measured.js';
import { createLibrary } from '../servers/standalone.js';

/** What is measured in one process. */
export interface Measured {
  readonly redisUrl: string;
  readonly copies: Copies;
  readonly hasMemo: boolean;
  readonly workload: string;
  readonly turns: number;
}

async function measure({ workload: name, turns, ...options }: Measured): Promise<readonly Turn[]> {
  const workload = createWorkloads((await readRows()).films.size).find((other) => other.name === name);
  if (workload === undefined) throw new Error(`unknown workload ${name}`);
  const { redisUrl, ...how } = options;
  const kind = { ...how, hasPlans: false };
  const plain = await createLibrary(redisUrl, { ...kind, varies: false });
  const varied = await createLibrary(redisUrl, { ...kind, varies: true });
  await Promise.all([plain.server.start(), varied.server.start()]);
  const both = { reference: answering(plain), measured: answering(varied) };
  await warmed(both, workload.bodies);
  const taken = await inTurns(both, workload, turns);
  await Promise.all([plain.close(), varied.close()]);
  return taken;
}

await takeTurns(measure);
