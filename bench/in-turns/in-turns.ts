import { performance } from 'node:perf_hooks';
import type { Workload } from '../overhead/workloads.js';

/** What answers a request body without a network. */
export interface Answering {
  answer(body: string): Promise<string>;
}

/** What a request cost in one turn, in microseconds: of CPU, and from the first to the last answer. */
export interface Cost {
  readonly cpuUs: number;
  readonly elapsedUs: number;
}

/** One turn of each, one right after the other. */
export interface Turn {
  readonly reference: Cost;
  readonly measured: Cost;
}

/** What is compared, and with what. */
export interface Both {
  readonly reference: Answering;
  readonly measured: Answering;
}

const WARM_TURNS = 60;

/** Both answer the same bodies, some at once, in turns of some milliseconds; every other time the second one begins. */
export async function inTurns(
  { reference, measured }: Both,
  { bodies, name }: Workload,
  turns: number,
): Promise<readonly Turn[]> {
  const atOnce = name.startsWith('list') ? 64 : 128;
  let asked = 0;
  const cost = async (answering: Answering, first: number): Promise<Cost> => {
    const [cpu, began] = [process.cpuUsage(), performance.now()];
    const requests = Array.from({ length: atOnce }, (_, at) =>
      answering.answer(bodies[(first + at) % bodies.length] ?? ''),
    );
    await Promise.all(requests);
    const { user, system } = process.cpuUsage(cpu);
    return { cpuUs: (user + system) / atOnce, elapsedUs: ((performance.now() - began) * 1000) / atOnce };
  };
  const turn = async (isMeasuredFirst: boolean): Promise<Turn> => {
    const first = asked;
    asked += atOnce;
    if (isMeasuredFirst) {
      const before = await cost(measured, first);
      return { measured: before, reference: await cost(reference, first) };
    }
    const before = await cost(reference, first);
    return { reference: before, measured: await cost(measured, first) };
  };
  for (let at = 0; at < WARM_TURNS; at += 1) await turn(at % 2 === 1);
  const taken: Turn[] = [];
  for (let at = 0; at < turns; at += 1) taken.push(await turn(at % 2 === 1));
  return taken;
}
