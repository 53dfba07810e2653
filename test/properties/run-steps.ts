import { execute } from 'graphql';
import type { Cache, Store } from '../../src/cache/index.js';
import { cacheLog } from '../support/cache-log.js';
import { answerTo, cachedProcess, executed, type Place } from './cached-process.js';
import type { GeneratedCase } from './generate-case.js';
import type { RequestPlan, Step } from './generate-steps.js';
import type { RequestContext } from './request-context.js';
import { isSameAnswer, type PlainAnswer } from './same-answer.js';
import type { SchemaPlan } from './schema-plan.js';
import { World } from './world.js';

export interface RunOptions {
  readonly environment: 'test' | 'production';
  /** The store of one process; all of them shall see the same entries. */
  readonly store: () => Store;
  readonly strictCopies: boolean;
  /** Caches that share the store and the world, as processes do. */
  readonly processes: number;
}

/** The first answer that was not the same, or what was logged as an error. */
export interface Difference {
  /** Its place among the steps. */
  readonly step: number;
  readonly request: RequestPlan;
  readonly cached: PlainAnswer | string;
  readonly uncached: PlainAnswer;
}

export interface StepsReport {
  readonly difference: Difference | undefined;
  /** Executions that were compared. */
  readonly cases: number;
  /** Of each process. */
  readonly counters: readonly ReturnType<Cache<RequestContext>['stats']['counters']>[];
  readonly warnings: readonly string[];
}

/** Executes steps with a cache and without one, each in a world of its own, until the answers differ. */
export async function runSteps(
  generated: GeneratedCase,
  steps: readonly Step[],
  options: RunOptions,
): Promise<StepsReport> {
  const world = new World();
  const log = cacheLog();
  const processes: Awaited<ReturnType<typeof cachedProcess>>[] = [];
  const schema = executed(generated, generated.schema);
  const uncached: Place = { schema, world: new World(), cache: undefined, execute };
  let cases = 0;
  let difference: Difference | undefined;
  try {
    while (processes.length < options.processes) {
      processes.push(await cachedProcess(generated, { ...options, store: options.store(), log, world }));
    }
    const inTurn: Turn = { generated, processes, uncached };
    for (let step = 0; step < steps.length && difference === undefined; step += 1) {
      const requests = steps[step] ?? [];
      const found = await compare(requests, inTurn);
      cases += requests.length;
      const complaint = log.lines.find((line) => isComplaint(line, generated));
      if (found !== undefined) difference = { step, ...found, cached: complaint ?? found.cached };
      else if (complaint !== undefined && requests[0] !== undefined) {
        difference = { step, request: requests[0], cached: complaint, uncached: { data: null, errors: [] } };
      }
    }
  } finally {
    await Promise.all(processes.map(({ cache }) => cache.close()));
  }
  const counters = processes.map(({ cache }) => cache.stats.counters());
  return { difference, cases, counters, warnings: log.lines.filter((line) => line.startsWith('warn')) };
}

/** Nothing is logged as an error, but that a field has looked at the viewer which does so in this case. */
function isComplaint(line: string, { plan }: GeneratedCase): boolean {
  if (!line.startsWith('error')) return false;
  const coordinate = /"coordinate":"([^"]+)"/.exec(line)?.[1] ?? '';
  return !(line.includes('touched the viewer') && looksAtViewer(plan, coordinate));
}

function looksAtViewer({ fields, namespaces }: SchemaPlan, coordinate: string): boolean {
  const answer = fields.get(coordinate)?.answer;
  if (answer?.by === 'resolver') return answer.looksAtViewer !== 'never';
  return answer?.by === 'origin' && namespaces.get(answer.namespace)?.looksAtViewer === true;
}

interface Turn {
  readonly generated: GeneratedCase;
  readonly processes: readonly Place[];
  readonly uncached: Place;
}

/** Makes requests at the same time with the cache, and one after the other without it. */
async function compare(
  requests: Step,
  { generated, processes, uncached }: Turn,
): Promise<Omit<Difference, 'step'> | undefined> {
  const answers = await Promise.all(
    requests.map(async (request) => {
      const place = processes[request.process % processes.length];
      if (place === undefined) return 'there is no process';
      return answerTo(request, generated, place).catch((error: unknown) => `thrown: ${String(error)}`);
    }),
  );
  for (const [index, request] of requests.entries()) {
    const expected = await answerTo(request, generated, uncached);
    const cached = answers[index] ?? 'no answer';
    if (typeof cached === 'string' || !isSameAnswer(cached, expected)) {
      return { request, cached, uncached: expected };
    }
  }
  return undefined;
}
