import { createWorkloads } from '../overhead/workloads.js';
import { answering, warmed } from '../in-turns/answering.js';
import { inTurns, type Turn } from '../in-turns/in-turns.js';
import { takeTurns } from '../in-turns/measured-process.js';
import { readRows } from '../servers/films.js';
import type { Copies } from '../servers/measured.js';
import { twoEngines } from './two-engines.js';

/** What is measured in one process. */
export interface Collected {
  readonly redisUrl: string;
  readonly copies: Copies;
  readonly turns: number;
}

async function measure({ redisUrl, copies, turns }: Collected): Promise<readonly Turn[]> {
  const workload = createWorkloads((await readRows()).films.size).find(({ name }) => name === 'one');
  if (workload === undefined) throw new Error('there is no workload of one film');
  const kind = { copies, hasMemo: false, hasPlans: false, varies: false };
  const { counted, uncounted } = await twoEngines();
  // They share what is stored: both find the same entries.
  const on = await counted.createLibrary(redisUrl, kind);
  const off = await uncounted.createLibrary(redisUrl, kind);
  await Promise.all([on.server.start(), off.server.start()]);
  const both = { reference: answering(off), measured: answering(on) };
  await warmed(both, workload.bodies);
  if (on.timesTaken() === 0 || off.timesTaken() > 0) throw new Error('the sides are not what they should be');
  const taken = await inTurns(both, workload, turns);
  await Promise.all([on.close(), off.close()]);
  return taken;
}

await takeTurns(measure);
