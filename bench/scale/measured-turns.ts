import { performance } from 'node:perf_hooks';
import { quartilesOf } from '../published/spread.js';
import { operationNames, type Operation, type OperationName, type Subject } from './subjects/subject.js';

/** What one operation cost in a turn: the mean of its times. */
export interface Cost {
  readonly elapsedUs: number;
  /** Of the process, all its threads together. */
  readonly cpuUs: number;
  /** How often the engine waited for its store; 0 for a store in the process. */
  readonly roundTrips: number;
  /** All that Redis did, the commands inside scripts included; undefined for a store in the process. */
  readonly redisCommands: number | undefined;
  /** Questions to the origin, of all processes. */
  readonly loads: number;
}

export type Turn = Readonly<Partial<Record<OperationName, Cost>>>;

/** What is counted beside a subject. */
export interface Counts {
  roundTrips(): number;
  /** Resolves once the store has done all that it was asked. */
  settled(): Promise<void>;
  redisCommands(): Promise<number | undefined>;
}

/** Takes turns of all operations of a subject. @throws Error where a read that should be a hit was loaded. */
export function measuredTurns(subject: Subject, counts: Counts): () => Promise<Turn> {
  const done = new Map<OperationName, number>();
  const costOf = async (name: OperationName, operation: Operation): Promise<Cost> => {
    await operation.prepare?.();
    await counts.settled();
    const first = done.get(name) ?? 0;
    done.set(name, first + operation.times);
    const commands = await counts.redisCommands();
    const [trips, loads] = [counts.roundTrips(), subject.loads()];
    const [cpu, began] = [process.cpuUsage(), performance.now()];
    for (let at = first; at < first + operation.times; at += 1) await operation.run(at);
    await counts.settled();
    const elapsedUs = (performance.now() - began) * 1000;
    const { user, system } = process.cpuUsage(cpu);
    const each = (sum: number): number => sum / operation.times;
    const cost = {
      elapsedUs: each(elapsedUs),
      cpuUs: each(user + system),
      roundTrips: each(counts.roundTrips() - trips),
      redisCommands: await commandsSince(commands, counts, operation.times),
      loads: each(subject.loads() - loads),
    };
    await operation.check?.();
    if (name === 'read hit' && cost.loads > 0) throw new Error('what should be a hit was loaded');
    return cost;
  };
  return async () => {
    const costs = new Map<OperationName, Cost[]>();
    for (let cycle = 0; cycle < subject.cycles; cycle += 1) {
      for (const name of operationNames) {
        const operation = subject.operations[name];
        if (operation === undefined) continue;
        costs.set(name, [...(costs.get(name) ?? []), await costOf(name, operation)]);
      }
    }
    return Object.fromEntries(Array.from(costs, ([name, of]) => [name, meanOf(of)]));
  };
}

/** What is measured is the mean; what is counted is mostly the same, but for other work of the engine that falls into one of them. */
function meanOf(costs: readonly Cost[]): Cost {
  const mean = (of: (cost: Cost) => number): number =>
    costs.reduce((sum, cost) => sum + of(cost), 0) / costs.length;
  const usual = (of: (cost: Cost) => number): number => quartilesOf(costs.map(of)).median;
  const hasCommands = costs.every(({ redisCommands }) => redisCommands !== undefined);
  return {
    elapsedUs: mean(({ elapsedUs }) => elapsedUs),
    cpuUs: mean(({ cpuUs }) => cpuUs),
    roundTrips: usual(({ roundTrips }) => roundTrips),
    redisCommands: hasCommands ? usual(({ redisCommands = 0 }) => redisCommands) : undefined,
    loads: usual(({ loads }) => loads),
  };
}

async function commandsSince(
  before: number | undefined,
  counts: Counts,
  times: number,
): Promise<number | undefined> {
  if (before === undefined) return undefined;
  const after = await counts.redisCommands();
  return after === undefined ? undefined : (after - before) / times;
}
